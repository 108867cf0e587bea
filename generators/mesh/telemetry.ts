import { Telemetry } from "@kubernetes-models/istio/telemetry.istio.io/v1/Telemetry";
import { type Scope, tracing } from "../model/resolve.ts";

/**
 * Tracing and access logs of one namespace. Each span says which environment and cluster it is from. The shared ingress
 * gateway makes no spans: its decision to sample would be the one for all environments, because proxies follow their caller's.
 */
export function telemetry({ name, cluster, mesh, components }: Scope, namespace: string): Telemetry {
  const tags = { environment: name, cluster, ...mesh.tracing.tags };
  return new Telemetry({
    metadata: { name: "default", namespace },
    spec: {
      tracing: [
        {
          providers: components.jaeger ? [{ name: tracing.provider }] : undefined,
          randomSamplingPercentage: mesh.tracing.sampling,
          customTags: Object.fromEntries(Object.entries(tags).map(([tag, value]) => [tag, { literal: { value } }])),
        },
      ],
      accessLogging: [{ providers: [{ name: "envoy" }], disabled: !mesh.accessLogs }],
    },
  });
}
