import { waves } from "../argo/waves.ts";
import type { Cluster } from "../model/cluster.ts";
import { tracing } from "../model/resolve.ts";
import { configChecksum, containerSecurity, podSecurity } from "../workloads/pod.ts";
import type { Component } from "./components.ts";
import { isLocal, memory } from "./sizes.ts";

/**
 * Jaeger in one process. On a local cluster it forgets with its pod; elsewhere it keeps three days on a volume. Values were
 * checked by rendering chart 4.11.1 with them.
 */
export function jaeger(cluster: Cluster): Component[] {
  const { jaeger: chart } = cluster.platform;
  if (!chart || chart.provided) return [];
  const local = isLocal(cluster);
  const userconfig = configuration(local);
  return [
    {
      name: "jaeger",
      namespace: tracing.namespace,
      wave: waves.platform.operators,
      chart: { repository: "https://jaegertracing.github.io/helm-charts", name: "jaeger", version: chart.version },
      values: {
        jaeger: {
          serviceAccount: { automountServiceAccountToken: false },
          extraEnv: [{ name: "GOMEMLIMIT", value: local ? "400MiB" : "1600MiB" }],
          // The chart takes labels only, and does not restart the pod for another configuration.
          podLabels: configChecksum({ userconfig: JSON.stringify(userconfig) }),
          podSecurityContext: podSecurity(),
          securityContext: containerSecurity,
          resources: local ? memory("20m", "128Mi", "512Mi") : memory("200m", "512Mi", "2Gi"),
          ...(!local && {
            extraVolumes: [{ name: "spans", persistentVolumeClaim: { claimName: volumeClaim.metadata.name } }],
            extraVolumeMounts: [{ name: "spans", mountPath: "/badger" }],
          }),
        },
        userconfig,
        ...(!local && { extraObjects: [volumeClaim] }),
      },
    },
  ];
}

/** Kept when the component is removed, as volumes are everywhere here. */
const volumeClaim = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: {
    name: "jaeger-spans",
    namespace: tracing.namespace,
    annotations: { "argocd.argoproj.io/sync-options": "Prune=false,Delete=false" },
  },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "20Gi" } } },
};

/** https://www.jaegertracing.io/docs/latest/deployment/configuration/ */
function configuration(local: boolean) {
  const everywhere = (port: number) => ({ endpoint: `0.0.0.0:${port}` });
  return {
    service: {
      extensions: ["jaeger_storage", "jaeger_query", "healthcheckv2"],
      pipelines: {
        traces: { receivers: ["otlp", "zipkin"], processors: ["batch"], exporters: ["jaeger_storage_exporter"] },
      },
      telemetry: { metrics: { readers: [{ pull: { exporter: { prometheus: { host: "0.0.0.0", port: 8888 } } } }] } },
    },
    extensions: {
      healthcheckv2: { use_v2: true, http: everywhere(13133) },
      // Listens on 16685 (gRPC) and 16686 (HTTP).
      jaeger_query: { storage: { traces: "store" } },
      jaeger_storage: {
        backends: {
          store: local
            ? { memory: { max_traces: 10_000 } }
            : {
                badger: {
                  directories: { keys: "/badger/keys", values: "/badger/values" },
                  ephemeral: false,
                  ttl: { spans: "72h" },
                },
              },
        },
      },
    },
    receivers: {
      otlp: { protocols: { grpc: everywhere(tracing.ports.otlpGrpc), http: everywhere(tracing.ports.otlpHttp) } },
      zipkin: everywhere(tracing.ports.zipkin),
    },
    processors: { batch: {} },
    exporters: { jaeger_storage_exporter: { trace_storage: "store" } },
  };
}
