import type { Series } from "./prometheus.ts";

/** A selector with the labels in it. */
export function series(name: string, labels: Readonly<Record<string, string>>): string {
  const text = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return `${name}{${text.join(",")}}`;
}

/** Requests in half a minute: 100 a second to each service, of which one in 2000 fails; the canary is a little worse. */
const behaviour = {
  stable: {
    count: 2700,
    failing: 0.0004,
    buckets: { 5: 0.2, 25: 0.7, 100: 0.95, 250: 0.988, 500: 0.996, 1000: 0.999, 10000: 1, "+Inf": 1 },
  },
  canary: {
    count: 300,
    failing: 0.0014,
    buckets: { 5: 0.1, 25: 0.6, 100: 0.92, 250: 0.975, 500: 0.993, 1000: 0.999, 10000: 1, "+Inf": 1 },
  },
};

const services = ["dev", "staging", "prod"].flatMap((environment) =>
  ["frontend", "backend", "ml"].map((service) => ({ environment, service })),
);

function ofVersion(environment: string, service: string, version: "stable" | "canary"): Series {
  const namespace = `${environment}-${service}`;
  const workload = `${service}-${version}`;
  const pod = { namespace, pod: `${workload}-7d9c6b5f4-x2x2x` };
  const container = { ...pod, container: service };
  const calls = {
    reporter: "source",
    source_workload: service === "frontend" ? "istio-ingressgateway" : "frontend-stable",
    source_workload_namespace: service === "frontend" ? "istio-ingress" : `${environment}-frontend`,
    destination_service_name: service,
    destination_service_namespace: namespace,
    destination_workload: workload,
  };
  const { count, failing, buckets } = behaviour[version];
  const counted = (share: number) => (step: number) => step * count * share;
  const constant = (value: number) => () => value;
  return {
    [series("istio_requests_total", { ...calls, response_code: "200", response_flags: "-" })]: counted(1 - failing),
    [series("istio_requests_total", { ...calls, response_code: "503", response_flags: "UO" })]: counted(failing),
    ...Object.fromEntries(
      Object.entries(buckets).map(([le, share]) => [
        series("istio_request_duration_milliseconds_bucket", { ...calls, response_code: "200", le }),
        counted(share),
      ]),
    ),
    [series("kube_pod_owner", { ...pod, owner_kind: "ReplicaSet", owner_name: `${workload}-7d9c6b5f4` })]: constant(1),
    [series("kube_pod_status_ready", { ...pod, condition: "true" })]: constant(1),
    [series("kube_pod_container_status_restarts_total", container)]: (step) => (step > 300 ? 1 : 0),
    [series("kube_pod_container_resource_requests", { ...container, resource: "cpu" })]: constant(0.05),
    [series("kube_pod_container_resource_limits", { ...container, resource: "memory" })]: constant(67_108_864),
    [series("container_memory_working_set_bytes", container)]: (step) => 30_000_000 + 4_000_000 * Math.sin(step / 20),
    [series("container_cpu_usage_seconds_total", container)]: (step) => step * 0.4,
    [series("container_cpu_cfs_periods_total", container)]: (step) => step * 300,
    [series("container_cpu_cfs_throttled_periods_total", container)]: (step) => step * 6,
    [series("kube_deployment_spec_replicas", { namespace, deployment: workload })]: constant(1),
    [series("kube_deployment_status_replicas_ready", { namespace, deployment: workload })]: constant(1),
    [series("kube_horizontalpodautoscaler_spec_max_replicas", { namespace, horizontalpodautoscaler: workload })]:
      constant(4),
    [series("flagger_canary_status", { exported_namespace: namespace, name: workload })]: (step) =>
      step > 200 ? 1 : 0,
    [series("flagger_canary_weight", { exported_namespace: namespace, workload })]: (step) => Math.min(50, step / 4),
  };
}

function application(name: string, project: string, sync: string, health: string): Series {
  const labels = { name, project, autosync_enabled: "true", sync_status: sync, health_status: health };
  return { [series("argocd_app_info", labels)]: () => 1 };
}

/** What Istio, kube-state-metrics, the kubelet, Argo CD and Flagger measure on the shipped platform. */
export const measured: Series = Object.assign(
  {},
  ...services.flatMap(({ environment, service }) => [
    ofVersion(environment, service, "stable"),
    ofVersion(environment, service, "canary"),
    application(`${environment}-${service}`, environment, "Synced", "Healthy"),
  ]),
  application("prod-routes", "prod", "OutOfSync", "Healthy"),
  application("dev-database", "dev", "Synced", "Progressing"),
  {
    [series("ALERTS", {
      alertname: "X",
      alertstate: "firing",
      severity: "warning",
      environment: "prod",
      service: "backend",
    })]: () => 1,
  },
);
