import { crdOwners } from "../platform/components.ts";
import type { Rule } from "./rule.ts";

/** An object whose CRD no component brings, or that the cluster is not said to have, can never be synced. */
export const crds: Rule = ({ platform: { clusters, environments } }) =>
  clusters.flatMap(({ file, value }) => {
    const flagger = environments
      .filter((environment) => value.environments.includes(environment.value.name))
      .some((environment) =>
        Object.values(environment.value.services).some(({ rollout }) => rollout.strategy === "flagger"),
      );
    const needed = new Set(Object.values(crdOwners).map(({ component }) => component));
    return [...needed]
      .filter((component) => component !== "flagger" || flagger)
      .filter((component) => value.platform[component] === undefined)
      .map((component) => ({
        file,
        path: ["platform"],
        atKey: true,
        message: `the environments need ${component}, whose CRDs nothing here installs; add ${component}, with provided: true where the cluster has it`,
      }));
  });
