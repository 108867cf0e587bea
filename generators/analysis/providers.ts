import type { Fault } from "../model/faults.ts";
import type { Rule } from "./rule.ts";

/** What kind and eksctl refuse when they make a cluster, which is long after the review. */
export const providers: Rule = ({ platform: { clusters } }) =>
  clusters.flatMap(({ file, value: { provider } }) => {
    const faults: Fault[] = [];
    const add = (path: Fault["path"], message: string) => faults.push({ file, path: ["provider", ...path], message });
    if (provider.type === "kind" && provider.httpPort === provider.httpsPort)
      add(["httpsPort"], `${provider.httpsPort} is httpPort too; choose another`);
    if (provider.type !== "eks") return faults;
    for (const [index, zone] of provider.zones.entries()) {
      if (!zone.startsWith(provider.region))
        add(["zones", index], `${zone} is not in ${provider.region}; name zones of the region`);
      if (provider.zones.indexOf(zone) !== index) add(["zones", index], `${zone} stands here twice; remove one`);
    }
    const { min, max } = provider.nodes;
    if (min > max) add(["nodes", "min"], `is ${min}, more than max (${max}); swap them or raise max`);
    return faults;
  });
