import { curves, dashboard, errorRate, stat, table } from "./panels.ts";

const of = 'environment="$environment", service="$service"';
const pods = `on (namespace, pod) group_left (version) slipway:pod:info{${of}}`;

/** Requests by a label of the callers' proxies, of the one service. */
function requestsBy(label: string, more = ""): string {
  return `sum by (${label}) (
  rate(istio_requests_total{reporter="source"${more}}[$__rate_interval])
  * on (destination_service_name, destination_service_namespace) group_left ()
    slipway_service_info{${of}}
)`;
}

/** One service: what it promises, what it does, what limits it, who calls it. */
export function service(runbooks: string): object {
  const objective = (sli: string) => [
    stat({
      title: `Budget left: ${sli}`,
      help: `What is left of the error budget of its objective for ${sli}. Below 0 the objective is missed.`,
      expr: `slipway:error_budget_remaining:ratio{${of}, sli="${sli}"}`,
      unit: "percentunit",
      limits: { warning: 0.5, bad: 0 },
      width: 4,
      noValue: "no objective",
    }),
    stat({
      title: `Burn rate: ${sli}`,
      help: "How many times faster than the objective allows the budget is used, over the last hour.",
      expr: `slipway:burn_rate:1h{${of}, sli="${sli}"}`,
      unit: "none",
      limits: { warning: 1, bad: 6 },
      width: 4,
      noValue: "no objective",
    }),
  ];
  return dashboard({
    uid: "slipway-service",
    title: "Service",
    help: "One service in one environment.",
    variables: "one",
    runbooks,
    rows: [
      [
        "Objectives",
        [
          ...objective("availability"),
          ...objective("latency"),
          stat({
            title: "Alerts",
            expr: `count(ALERTS{alertstate="firing", ${of}}) or vector(0)`,
            unit: "none",
            limits: { warning: 0.5, bad: 1 },
            width: 4,
          }),
          stat({
            title: "Ready pods",
            expr: `sum(kube_pod_status_ready{condition="true"} * on (namespace, pod) group_left () slipway:pod:info{${of}})`,
            unit: "none",
            limits: { warning: 2, bad: 1 },
            width: 4,
          }),
        ],
      ],
      [
        "Requests",
        [
          curves({
            title: "Requests by answer",
            help: "As the callers' proxies see it; 0 is a caller that hung up.",
            unit: "reqps",
            stacked: true,
            width: 8,
            queries: [{ expr: requestsBy("response_code"), legend: "{{response_code}}" }],
          }),
          curves({
            ...errorRate,
            width: 8,
            queries: [
              {
                expr: `slipway:service_failures:rate5m{${of}} / (slipway:service_requests:rate5m > 0)`,
                legend: "errors",
              },
            ],
          }),
          curves({
            title: "Latency",
            unit: "s",
            width: 8,
            queries: [
              { expr: `slipway:service_duration_seconds:p50{${of}}`, legend: "p50" },
              { expr: `slipway:service_duration_seconds:p95{${of}}`, legend: "p95" },
              { expr: `slipway:service_duration_seconds:p99{${of}}`, legend: "p99" },
              { expr: `slipway_latency_threshold_seconds{${of}}`, legend: "objective", dashed: true },
              { expr: `slipway_timeout_seconds{${of}}`, legend: "timeout", dashed: true },
            ],
          }),
          curves({
            title: "Why requests failed",
            help: "Envoy's response flags: UH no healthy pod, UF and UC connection failed, UT timeout, UO and URX circuit breaker, FI fault injection, RBAC denied.",
            unit: "reqps",
            width: 12,
            queries: [{ expr: requestsBy("response_flags", ', response_flags!="-"'), legend: "{{response_flags}}" }],
          }),
          table({
            title: "Callers",
            labels: ["source_workload", "source_workload_namespace"],
            width: 12,
            height: 8,
            columns: [
              { title: "Requests", unit: "reqps", expr: requestsBy("source_workload, source_workload_namespace") },
              {
                title: "Errors",
                unit: "reqps",
                limits: { warning: 0.01, bad: 1 },
                expr: requestsBy("source_workload, source_workload_namespace", ', response_code=~"5.."'),
              },
            ],
          }),
        ],
      ],
      [
        "Saturation",
        [
          curves({
            title: "CPU by pod, share of the request",
            unit: "percentunit",
            width: 8,
            queries: [
              {
                expr: `sum by (pod) (rate(container_cpu_usage_seconds_total{container!=""}[$__rate_interval]) * ${pods})
/ sum by (pod) (kube_pod_container_resource_requests{resource="cpu"} * ${pods})`,
                legend: "{{pod}}",
              },
            ],
          }),
          curves({
            title: "Throttled by the CPU limit",
            unit: "percentunit",
            limits: { warning: 0.25, bad: 0.5 },
            width: 8,
            queries: [
              {
                expr: `max by (pod, container) (
  rate(container_cpu_cfs_throttled_periods_total{container!=""}[$__rate_interval])
  / rate(container_cpu_cfs_periods_total{container!=""}[$__rate_interval]) * ${pods}
)`,
                legend: "{{pod}} {{container}}",
              },
            ],
          }),
          curves({
            title: "Memory, share of the limit",
            unit: "percentunit",
            limits: { warning: 0.8, bad: 0.9 },
            width: 8,
            queries: [
              {
                expr: `max by (pod, container) (
  container_memory_working_set_bytes{container!=""}
  / on (namespace, pod, container) group_left ()
    kube_pod_container_resource_limits{resource="memory"} * ${pods}
)`,
                legend: "{{pod}} {{container}}",
              },
            ],
          }),
          curves({
            title: "Restarts in the last hour",
            unit: "none",
            limits: { warning: 1, bad: 3 },
            width: 8,
            queries: [
              {
                expr: `max by (pod, container) (increase(kube_pod_container_status_restarts_total[1h]) * ${pods})`,
                legend: "{{pod}} {{container}}",
              },
            ],
          }),
          curves({
            title: "Pods",
            help: "Wanted, ready, and what the autoscaler may go up to.",
            unit: "none",
            width: 8,
            queries: [
              {
                expr: replicas("kube_deployment_spec_replicas", "deployment"),
                legend: "{{workload}} wanted",
                dashed: true,
              },
              { expr: replicas("kube_deployment_status_replicas_ready", "deployment"), legend: "{{workload}} ready" },
              {
                expr: replicas("kube_horizontalpodautoscaler_spec_max_replicas", "horizontalpodautoscaler"),
                legend: "{{workload}} at most",
                dashed: true,
              },
            ],
          }),
          curves({
            title: "Refused by the circuit breaker",
            help: "Requests that callers' proxies did not send, because connectionPool allows no more.",
            unit: "reqps",
            limits: { warning: 0.01, bad: 1 },
            width: 8,
            queries: [
              {
                expr: requestsBy("source_workload", ', response_flags=~".*UO.*"'),
                legend: "{{source_workload}}",
              },
            ],
          }),
        ],
      ],
    ],
  });
}

function replicas(metric: string, label: string): string {
  return `sum by (workload) (
  label_replace(${metric}, "workload", "$1", "${label}", "(.+)")
  * on (namespace, workload) group_left ()
    slipway_workload_info{${of}}
)`;
}
