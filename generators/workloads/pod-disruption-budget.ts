import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import type { Workload } from "../model/resolve.ts";
import { labels, podSelector } from "./labels.ts";

/**
 * At most one pod of a service is evicted at a time, over all its versions. `maxUnavailable`, because `minAvailable: 1`
 * would block the drain of a node for ever where there is one replica; broken pods never block one.
 */
export function podDisruptionBudget(workload: Workload): PodDisruptionBudget {
  return new PodDisruptionBudget({
    metadata: { name: workload.name, namespace: workload.namespace, labels: labels(workload) },
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: { matchLabels: podSelector(workload.name) },
    },
  });
}
