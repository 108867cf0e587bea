import type { Rule } from "./rule.ts";

/**
 * An object whose CRD no component brings, or that the cluster is not said to have, can never be synced. Every environment has
 * objects of Istio; what needs the CRDs of another component is only rendered where that is there, or asked for.
 */
export const crds: Rule = ({ platform: { clusters }, environments }) =>
  clusters.flatMap(({ file, value: { platform, name } }) => {
    const services = environments
      .filter(({ input }) => input.value.cluster === name)
      .flatMap(({ input }) => Object.values(input.value.services));
    const needed = [
      "istio" as const,
      ...(services.some(({ rollout }) => rollout.strategy === "flagger") ? ["flagger" as const] : []),
    ];
    return needed
      .filter((component) => platform[component] === undefined)
      .map((component) => ({
        file,
        path: ["platform"],
        atKey: true,
        message: `the environments need ${component}, whose CRDs nothing here installs; add ${component}, with provided: true where the cluster has it`,
      }));
  });
