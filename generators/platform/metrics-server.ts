import { waves } from "../argo/waves.ts";
import type { Cluster } from "../model/cluster.ts";
import type { Component } from "./components.ts";
import { isLocal, memory } from "./sizes.ts";

/** metrics-server. Values were checked by rendering chart 3.13.1 with them. */
export function metricsServer(cluster: Cluster): Component[] {
  const { metricsServer: chart } = cluster.platform;
  if (!chart || chart.provided) return [];
  return [
    {
      name: "metrics-server",
      namespace: "kube-system",
      wave: waves.platform.operators,
      chart: {
        repository: "https://kubernetes-sigs.github.io/metrics-server/",
        name: "metrics-server",
        version: chart.version,
      },
      values: isLocal(cluster)
        ? {
            // Kind's kubelets sign their certificates themselves.
            args: ["--kubelet-insecure-tls"],
            resources: memory("20m", "48Mi", "128Mi"),
          }
        : { replicas: 2, podDisruptionBudget: { enabled: true, maxUnavailable: 1 } },
    },
  ];
}
