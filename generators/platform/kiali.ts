import { waves } from "../argo/waves.ts";
import type { Cluster } from "../model/cluster.ts";
import { monitoringOf, tracing } from "../model/resolve.ts";
import type { Component } from "./components.ts";
import { interfaceUrl } from "./interfaces.ts";
import { kialiSecret } from "./secrets.ts";
import { isLocal, memory } from "./sizes.ts";

/** Kiali, to look at and not to change: changes come from Git. Values were checked by rendering the chart of 2.29. */
export function kiali(cluster: Cluster): Component[] {
  const { kiali: chart, jaeger } = cluster.platform;
  if (!chart || chart.provided) return [];
  return [
    {
      name: "kiali",
      namespace: kialiSecret.namespace,
      wave: waves.platform.operators,
      chart: { repository: "https://kiali.org/helm-charts", name: "kiali-server", version: chart.version },
      values: {
        auth: { strategy: isLocal(cluster) ? "anonymous" : "token" },
        deployment: {
          view_only_mode: true,
          image_pull_policy: "IfNotPresent",
          resources: memory("10m", "96Mi", "512Mi"),
        },
        login_token: { signing_key: `secret:${kialiSecret.name}:${kialiSecret.key}` },
        server: { web_root: "/" },
        external_services: {
          prometheus: { url: monitoringOf(cluster)?.url },
          // It would ask Grafana for its dashboards, and has no account there.
          grafana: { enabled: false },
          tracing: jaeger
            ? {
                enabled: true,
                provider: "jaeger",
                internal_url: `http://${tracing.host}:16685`,
                use_grpc: true,
                external_url: interfaceUrl(cluster, "jaeger"),
              }
            : { enabled: false },
        },
      },
    },
  ];
}
