import type { Rule } from "./rule.ts";

/**
 * An object whose CRD no component brings, or that the cluster is not said to have, can never be synced. Every environment has
 * objects of Istio; what needs the CRDs of another component is only rendered where that is there.
 */
export const crds: Rule = ({ platform: { clusters } }) =>
  clusters
    .filter(({ value }) => value.platform.istio === undefined)
    .map(({ file }) => ({
      file,
      path: ["platform"],
      atKey: true,
      message:
        "the environments need istio, whose CRDs nothing here installs; add istio, with provided: true where the cluster has it",
    }));
