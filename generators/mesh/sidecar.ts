import { Sidecar } from "@kubernetes-models/istio/networking.istio.io/v1/Sidecar";
import { serviceHost, tracing, type Workload } from "../model/resolve.ts";
import { labels, podSelector } from "../workloads/labels.ts";

/**
 * A proxy learns only of the hosts its workload calls, and lets nothing else out. The control plane's namespace and the
 * collector of traces stay visible, for telemetry.
 */
export function sidecar(workload: Workload): Sidecar {
  const hosts = [
    "istio-system/*",
    ...(workload.scope.components.jaeger ? [`${tracing.namespace}/${tracing.host}`] : []),
    ...workload.callees.flatMap(({ namespace, services }) =>
      services.map((name) => `${namespace}/${serviceHost({ name, namespace })}`),
    ),
    ...new Set(workload.external.map(({ host }) => `${workload.scope.routing}/${host}`)),
  ];
  return new Sidecar({
    metadata: { name: workload.name, namespace: workload.namespace, labels: labels(workload) },
    spec: {
      workloadSelector: { labels: podSelector(workload.name) },
      outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
      egress: [{ hosts }],
    },
  });
}
