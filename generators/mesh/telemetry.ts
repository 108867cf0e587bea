import { Telemetry } from "@kubernetes-models/istio/telemetry.istio.io/v1/Telemetry";
import type { Scope } from "../model/resolve.ts";

/** Tracing and access logs of one namespace. Each span says which environment and cluster it is from. */
export function telemetry({ name, cluster, mesh }: Scope, namespace: string): Telemetry {
  const tags = { environment: name, cluster, ...mesh.tracing.tags };
  return new Telemetry({
    metadata: { name: "default", namespace },
    spec: {
      tracing: [
        {
          randomSamplingPercentage: mesh.tracing.sampling,
          customTags: Object.fromEntries(Object.entries(tags).map(([tag, value]) => [tag, { literal: { value } }])),
        },
      ],
      accessLogging: [{ providers: [{ name: "envoy" }], disabled: !mesh.accessLogs }],
    },
  });
}
