import type { Fault } from "../model/faults.ts";
import { namespaceOf } from "../model/resolve.ts";
import type { Rule } from "./rule.ts";

/** Longest label value and DNS label. */
const label = 63;
/** A StatefulSet's name becomes a label with eleven characters of a hash behind it. */
const statefulSet = label - 11;

/** Names that are put together from several and end up in a label or a DNS name. */
export const names: Rule = ({ environments }) =>
  environments.flatMap(({ input: { file, value } }) => {
    const faults: Fault[] = [];
    const check = (path: Fault["path"], what: string, name: string, limit: number) => {
      if (name.length > limit)
        faults.push({
          file,
          path,
          atKey: true,
          message: `${what} would be ${name}, ${name.length} characters; at most ${limit} fit`,
        });
    };
    if (value.namespaces.layout === "per-service" && value.namespaces.name !== undefined) {
      const message = "no namespace has it: each service has its own; remove it, or set layout: shared";
      faults.push({ file, path: ["namespaces", "name"], atKey: true, message });
    }
    for (const [name, { versions, rollout }] of Object.entries(value.services)) {
      check(
        ["services", name],
        "its namespace or Application",
        longer(namespaceOf(value, name), `${value.name}-${name}`),
        label,
      );
      const suffix = rollout.strategy === "flagger" ? "-primary" : "";
      for (const version of Object.keys(versions))
        check(["services", name, "versions", version], "its Deployment", `${name}-${version}${suffix}`, label);
    }
    for (const name of Object.keys(value.dataStores)) {
      check(
        ["dataStores", name],
        "its namespace or Application",
        longer(namespaceOf(value, name), `${value.name}-${name}`),
        label,
      );
      check(["dataStores", name], "its StatefulSet", name, statefulSet);
    }
    return faults;
  });

const longer = (a: string, b: string) => (a.length > b.length ? a : b);
