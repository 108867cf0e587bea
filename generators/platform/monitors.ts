import { PodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
import { argocdNamespace } from "../argo/application.ts";
import { ingress, type Monitoring } from "../model/resolve.ts";
import { groupLabels } from "../workloads/labels.ts";

type PodMonitorSpec = NonNullable<ConstructorParameters<typeof PodMonitor>[0]>["spec"];
type ServiceMonitorSpec = NonNullable<ConstructorParameters<typeof ServiceMonitor>[0]>["spec"];
type Endpoint = NonNullable<NonNullable<PodMonitorSpec>["podMetricsEndpoints"]>[number];
type Relabeling = NonNullable<Endpoint["relabelings"]>[number];

/**
 * What Prometheus scrapes besides Kubernetes and its own stack: proxies, the gateway, istiod, annotated pods, Argo CD.
 *
 * @param context where Prometheus looks for monitors
 */
export function monitors({ namespace }: Pick<Monitoring, "namespace">): (PodMonitor | ServiceMonitor)[] {
  const metadata = (name: string) => ({ name, namespace, labels: groupLabels("platform") });
  return [
    new PodMonitor({ metadata: metadata("envoy"), spec: envoys }),
    new PodMonitor({ metadata: metadata("gateway"), spec: gateway }),
    new PodMonitor({ metadata: metadata("annotated-pods"), spec: annotatedPods }),
    new ServiceMonitor({ metadata: metadata("istiod"), spec: istiod }),
    new ServiceMonitor({ metadata: metadata("argocd"), spec: argocd }),
  ];
}

/** A scrape job whose name is not the operator's `podMonitor/<namespace>/<name>/0`. */
const job = (name: string): Relabeling => ({ action: "replace", targetLabel: "job", replacement: name });

/** An address from the pod's IP and a port, whether the pod's network is IPv4 or IPv6. */
const address = (port: string): Relabeling[] =>
  [
    {
      sourceLabels: ["__meta_kubernetes_pod_ip", port],
      regex: "([0-9.]+);(\\d+)",
      targetLabel: "__address__",
      replacement: "$1:$2",
    },
    {
      sourceLabels: ["__meta_kubernetes_pod_ip", port],
      regex: "([0-9a-fA-F:]+);(\\d+)",
      targetLabel: "__address__",
      replacement: "[$1]:$2",
    },
  ].map((rule) => ({ action: "replace" as const, ...rule }));

const annotation = (name: string) => `__meta_kubernetes_pod_annotation_prometheus_io_${name}`;

/**
 * The agent's endpoint on port 15020, as istiod's annotations name it: Envoy's metrics merged with the application's. It is
 * not behind mutual TLS (https://istio.io/latest/docs/ops/integrations/prometheus/).
 */
function proxyEndpoint(name: string): Endpoint {
  return {
    path: "/stats/prometheus",
    interval: "15s",
    relabelings: [
      // The proxy has one port, so this leaves one target of each pod, also where it is a native sidecar.
      { action: "keep", sourceLabels: ["__meta_kubernetes_pod_container_name"], regex: "istio-proxy" },
      { action: "keep", sourceLabels: [annotation("scrape")], regex: "true" },
      ...address(annotation("port")),
      job(name),
    ],
    metricRelabelings: [
      // Sizes as histograms, and the state of the proxy and its agent: most of a quiet pod's series.
      {
        action: "drop",
        sourceLabels: ["__name__"],
        regex:
          "istio_(request|response)_bytes_bucket|(envoy|istio_agent)_.+_bucket|istio_agent_go_.+|envoy_(cluster_manager|listener_manager|wasm)_.+",
      },
      { action: "drop", sourceLabels: ["cluster_name"], regex: "(xds|sds)-grpc|agent|prometheus_stats" },
      // Of the 20 steps of a duration, the ones between 1 ms and a minute.
      {
        action: "drop",
        sourceLabels: ["__name__", "le"],
        regex: "istio_request_duration_milliseconds_bucket;(0\\.5|300000|600000|1800000|3600000)(\\.0)?",
      },
    ],
  };
}

/** Every sidecar. */
const envoys: PodMonitorSpec = {
  namespaceSelector: { any: true },
  selector: { matchExpressions: [{ key: "istio", operator: "NotIn", values: [ingress.selector.istio] }] },
  podMetricsEndpoints: [proxyEndpoint("envoy")],
};

const gateway: PodMonitorSpec = {
  namespaceSelector: { matchNames: [ingress.namespace] },
  selector: { matchLabels: { ...ingress.selector } },
  podMetricsEndpoints: [proxyEndpoint("gateway")],
};

/** Pods that ask for it with `prometheus.io/scrape: "true"`, and have no job of their own above and below. */
const annotatedPods: PodMonitorSpec = {
  namespaceSelector: { any: true },
  selector: { matchExpressions: [{ key: "istio", operator: "NotIn", values: ["pilot"] }] },
  podMetricsEndpoints: [
    {
      relabelings: [
        { action: "keep", sourceLabels: [annotation("scrape")], regex: "true" },
        // istiod annotates what it injects: those are scraped as proxies.
        {
          action: "drop",
          sourceLabels: ["__meta_kubernetes_pod_annotationpresent_sidecar_istio_io_status"],
          regex: "true",
        },
        { action: "replace", sourceLabels: [annotation("scheme")], regex: "(https?)", targetLabel: "__scheme__" },
        { action: "replace", sourceLabels: [annotation("path")], regex: "(.+)", targetLabel: "__metrics_path__" },
        ...address(annotation("port")),
        // Every container of a pod is found; without its name they are one target.
        { action: "labeldrop", regex: "container" },
        job("annotated-pods"),
      ],
    },
  ],
};

const istiod: ServiceMonitorSpec = {
  namespaceSelector: { matchNames: ["istio-system"] },
  selector: { matchLabels: { istio: "pilot" } },
  endpoints: [{ port: "http-monitoring", relabelings: [job("istiod")] }],
};

/** All of Argo CD but Dex, which serves no metrics until it is configured. */
const argocd: ServiceMonitorSpec = {
  namespaceSelector: { matchNames: [argocdNamespace] },
  selector: {
    matchExpressions: [
      { key: "app.kubernetes.io/part-of", operator: "In", values: ["argocd"] },
      { key: "app.kubernetes.io/component", operator: "NotIn", values: ["dex-server"] },
    ],
  },
  endpoints: [{ port: "metrics" }],
};
