import type { Alert } from "./alert.ts";
import { burnRate, burnRates } from "./burn-rates.ts";
import { badRequests } from "./recording-rules.ts";

/** What one failed request of three would not tell: fewer bad requests than this are no trend. */
const trend = 10;

const what = "{{ $labels.service }} in {{ $labels.environment }}";
const version = "{{ $labels.workload }} in {{ $labels.environment }}";
const pod = "{{ $labels.pod }} in {{ $labels.environment }}";

/** The budget of an objective is used up too fast, or is used up. */
export function objectiveAlerts(windows: readonly string[]): Alert[] {
  return windows.flatMap((window) => [
    ...burnRates.map((rate): Alert => {
      const { long, short, budget, severity } = rate;
      const factor = burnRate(rate, window);
      const selector = `{window="${window}"}`;
      return {
        alert: "ErrorBudgetBurn",
        severity,
        labels: { long },
        expr: `slipway:burn_rate:${long}${selector} > ${factor}
and slipway:burn_rate:${short}${selector} > ${factor}
and ${badRequests(long, window)} >= ${trend}`,
        summary: `${what} uses up its {{ $labels.sli }} budget {{ $value | humanize }} times too fast`,
        description: `More than ${budget * 100} % of the budget of ${window} has gone within ${long}, and it goes on.`,
      };
    }),
    {
      alert: "ErrorBudgetSpent",
      severity: "warning",
      expr: `slipway:error_budget_remaining:ratio{window="${window}"} < 0
and ${badRequests(window, window)} >= ${trend}`,
      for: "15m",
      summary: `${what} has used up its {{ $labels.sli }} budget of ${window}`,
      description: "Remaining: {{ $value | humanizePercentage }} of the budget. Reliability comes before releases now.",
    },
  ]);
}

/** What goes wrong with a service, whether it has objectives or not. */
export const serviceAlerts: readonly Alert[] = [
  {
    alert: "ServiceFailing",
    severity: "critical",
    expr: `slipway:service_failures:rate5m / slipway:service_requests:rate5m > 0.05
and slipway:service_failures:rate5m * 300 >= ${trend}
unless on (environment, service) slipway_objective_ratio{sli="availability"}`,
    for: "5m",
    summary: `${what} fails {{ $value | humanizePercentage }} of the requests`,
    description:
      "Callers have got errors for more than 5 % of their requests for 5 minutes. It states no availability.",
  },
  {
    alert: "ServiceNearTimeout",
    severity: "warning",
    expr: `slipway:service_duration_seconds:p99 > on (environment, service) 0.8 * slipway_timeout_seconds
and on (environment, service) slipway:service_requests:rate5m * 300 >= 100`,
    for: "10m",
    summary: `${what} answers one request in a hundred later than {{ $value | humanizeDuration }}`,
    description: "That is more than 80 % of its timeout; the slowest callers get 504 next.",
  },
  {
    alert: "ConnectionPoolOverflow",
    severity: "warning",
    expr: `sum by (environment, service) (
  sum by (destination_service_name, destination_service_namespace) (
    increase(istio_requests_total{reporter="source", response_flags=~".*UO.*"}[5m])
  )
  * on (destination_service_name, destination_service_namespace) group_left (environment, service)
    slipway_service_info
) >= ${trend}`,
    for: "5m",
    summary: `Callers of ${what} run into its circuit breaker`,
    description:
      "Their proxies have refused {{ $value | humanize }} requests in 5 minutes, because more connections, pending requests or retries were open than connectionPool allows.",
  },
  {
    alert: "VersionDown",
    severity: "critical",
    expr: `slipway_declared_weight > 0
and on (namespace, workload)
  label_replace(kube_deployment_status_replicas_ready == 0, "workload", "$1", "deployment", "(.+)")`,
    for: "5m",
    summary: `${version} has no ready pod`,
    description: "{{ $value }} % of the requests are declared to go to it.",
  },
  {
    alert: "VersionWithoutTraffic",
    severity: "warning",
    // Thirty expected requests that are all missing are no accident: even at random that happens once in 10^13.
    expr: `slipway_declared_weight > 0
and on (environment, service, workload)
  (slipway_declared_weight / 100 * on (environment, service) group_left () slipway:service_requests:rate5m * 900 >= 30)
unless on (environment, service, workload)
  slipway:version_requests:rate5m > 0`,
    for: "15m",
    summary: `${version} gets no requests`,
    description:
      "{{ $value }} % of the requests to {{ $labels.service }} are declared to go to it, and there are enough.",
  },
  {
    alert: "PodsMissing",
    severity: "warning",
    expr: perWorkload(
      `(
    label_replace(kube_deployment_spec_replicas - kube_deployment_status_replicas_available > 0, "workload", "$1", "deployment", "(.+)")
    or
    label_replace(kube_statefulset_replicas - kube_statefulset_status_replicas_ready > 0, "workload", "$1", "statefulset", "(.+)")
  )`,
    ),
    for: "15m",
    summary: `${version} lacks {{ $value }} of its pods`,
    description: "They have not been ready for 15 minutes: not scheduled, image not there, crashing or probes failing.",
  },
  {
    alert: "PodRestarting",
    severity: "warning",
    expr: `${perPod("increase(kube_pod_container_status_restarts_total[30m])")} >= 2.5`,
    summary: `${pod} has restarted {{ $value | printf "%.0f" }} times in half an hour`,
    description: "Container {{ $labels.container }}. Its last words: kubectl logs --previous.",
  },
  {
    alert: "CpuThrottled",
    severity: "warning",
    expr: `${perPod('rate(container_cpu_cfs_throttled_periods_total{container!=""}[5m]) / rate(container_cpu_cfs_periods_total{container!=""}[5m])')} > 0.5`,
    for: "15m",
    summary: `${pod} waits for its CPU limit {{ $value | humanizePercentage }} of the time`,
    description: "Container {{ $labels.container }}: raise resources.limits.cpu, or the number of pods.",
  },
  {
    alert: "MemoryNearLimit",
    severity: "warning",
    expr: `${perPod('container_memory_working_set_bytes{container!=""} / on (namespace, pod, container) group_left () kube_pod_container_resource_limits{resource="memory"}')} > 0.9`,
    for: "15m",
    summary: `${pod} uses {{ $value | humanizePercentage }} of its memory limit`,
    description:
      "Container {{ $labels.container }}: at 100 % the kernel kills it. Raise resources.memory, or find the leak.",
  },
  {
    alert: "AutoscalerAtMaximum",
    severity: "warning",
    expr: perWorkload(
      `label_replace(
    kube_horizontalpodautoscaler_status_desired_replicas >= kube_horizontalpodautoscaler_spec_max_replicas
    and kube_horizontalpodautoscaler_spec_max_replicas > kube_horizontalpodautoscaler_spec_min_replicas,
    "workload", "$1", "horizontalpodautoscaler", "(.+)"
  )`,
    ),
    for: "15m",
    summary: `${version} has all {{ $value }} pods that it may have`,
    description: "More load cannot be met by more pods: raise autoscaling.max, or find out where the load comes from.",
  },
];

/** Canaries that Flagger moves. */
export const canaryAlerts: readonly Alert[] = [
  {
    alert: "CanaryStuck",
    severity: "warning",
    expr: "slipway:canary:status == 0",
    // An analysis of ten steps of a minute takes a quarter of it.
    for: "1h",
    summary: `The canary of ${what} has been under way for an hour`,
    description:
      "Flagger neither promotes it nor rolls it back: no traffic to judge by, or a webhook that does not pass.",
  },
  {
    alert: "CanaryRolledBack",
    severity: "warning",
    // Flagger stays at Failed when Git goes back to what serves, which Argo CD calls Healthy.
    expr: `max without (name) (
  label_join(slipway:canary:status == 2, "name", "-", "environment", "service")
  unless on (name) argocd_app_info{health_status="Healthy"}
)`,
    summary: `Flagger has rolled back the canary of ${what}`,
    description: "All requests go to the primary again. Git still names the release that failed.",
  },
];

/** Without the labels of the exporter, whose restart would end an alert and begin another. */
function perWorkload(expr: string): string {
  return `max by (environment, service, version, namespace, workload) (
  ${expr}
  * on (namespace, workload) group_left (environment, service, version)
    slipway_workload_info
)`;
}

/** The worst of a pod's containers by name; a container that was replaced has left series of its own. */
function perPod(expr: string): string {
  return `max by (environment, service, version, namespace, pod, container) (
  ${expr}
  * on (namespace, pod) group_left (environment, service, version)
    slipway:pod:info
)`;
}
