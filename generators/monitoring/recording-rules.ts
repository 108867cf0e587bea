/** A group of rules; a group may read what groups before it have recorded. */
export interface Group {
  readonly name: string;
  readonly interval?: string;
  readonly rules: { record: string; expr: string }[];
}

/** Seconds between two evaluations of what is counted by adding up its samples. */
const interval = 30;

/** Requests as callers see them: what never reached the service counts, what a retry has mended does not. */
const requests = 'istio_requests_total{reporter="source"}';
/** gRPC says in its own status what HTTP says with a 5xx (https://opentelemetry.io/docs/specs/semconv/rpc/grpc/). */
const failures = [
  'istio_requests_total{reporter="source", response_code=~"5.."}',
  'istio_requests_total{reporter="source", response_code!~"5..", grpc_response_status=~"2|4|12|13|14|15"}',
]
  .map((selector) => `rate(${selector}[5m])`)
  .join("\nor\n");

/** What callers send to each service and get from it, by environment and service; see declared.ts for the joins. */
const services: Group = {
  name: "services",
  interval: `${interval}s`,
  rules: [
    { record: "slipway:service_requests:rate5m", expr: perService(`rate(${requests}[5m])`) },
    {
      record: "slipway:service_failures:rate5m",
      expr: `${perService(failures)}
or
slipway:service_requests:rate5m * 0`,
    },
    {
      record: "slipway:service_duration_bucket:rate5m",
      expr: perService('rate(istio_request_duration_milliseconds_bucket{reporter="source"}[5m])', "le"),
    },
    ...[0.5, 0.95, 0.99].map((quantile) => ({
      record: `slipway:service_duration_seconds:p${quantile * 100}`,
      expr: `histogram_quantile(${quantile}, slipway:service_duration_bucket:rate5m) / 1000`,
    })),
    {
      record: "slipway:version_requests:rate5m",
      expr: perVersion(`rate(${requests}[5m])`),
    },
    {
      record: "slipway:version_failures:rate5m",
      expr: `${perVersion(failures)}
or
slipway:version_requests:rate5m * 0`,
    },
    ...[0.5, 0.99].map((quantile) => ({
      record: `slipway:version_duration_seconds:p${quantile * 100}`,
      expr: `histogram_quantile(
  ${quantile},
  ${indent(perVersion('rate(istio_request_duration_milliseconds_bucket{reporter="source"}[5m])', "le"))}
) / 1000`,
    })),
    {
      // The pods of what Git declares; the name of a ReplicaSet is that of its Deployment with a hash.
      record: "slipway:pod:info",
      expr: `max by (environment, service, version, namespace, workload, pod) (
  (
    label_replace(kube_pod_owner{owner_kind="ReplicaSet"}, "workload", "$1", "owner_name", "(.+)-[^-]+")
    or
    label_replace(kube_pod_owner{owner_kind="StatefulSet"}, "workload", "$1", "owner_name", "(.+)")
  )
  * on (namespace, workload) group_left (environment, service, version)
    slipway_workload_info
)`,
    },
    {
      record: "slipway:canary:status",
      expr: perCanary('label_replace(flagger_canary_status, "workload", "$1", "name", "(.+)")'),
    },
    { record: "slipway:canary:weight", expr: perCanary("flagger_canary_weight") },
  ],
};

/** Good and bad requests of each objective. */
const indicators: Group = {
  name: "indicators",
  interval: `${interval}s`,
  rules: [
    {
      record: "slipway:sli_total:rate5m",
      expr: `slipway_objective_ratio ^ 0
* on (environment, service) group_left ()
  slipway:service_requests:rate5m`,
    },
    {
      // Prometheus 3 writes the bound 500 as 500.0 (https://prometheus.io/docs/prometheus/latest/migration/).
      record: "slipway:sli_bad:rate5m",
      expr: `slipway_objective_ratio{sli="availability"} ^ 0
* on (environment, service) group_left ()
  slipway:service_failures:rate5m
or
clamp_min(
  slipway:sli_total:rate5m{sli="latency"}
  - on (environment, service, threshold) group_left ()
    sum by (environment, service, threshold) (
      label_replace(slipway:service_duration_bucket:rate5m, "threshold", "$1", "le", "([0-9]+)([.]0)?")
    ),
  0
)`,
    },
  ],
};

/** How many times faster than the objective allows the budget is used, over each window that an alert looks at. */
function burning(windows: readonly string[], name: string, interval: string): Group {
  return {
    name,
    interval,
    rules: windows.map((window) => ({
      record: `slipway:burn_rate:${window}`,
      expr: `${ratio(window)}
/ (1 - slipway_objective_ratio)`,
    })),
  };
}

/** Long ranges are dear to add up. Less than the 5 minutes for which Prometheus takes a sample as the present one. */
export const slow = "4m";

/**
 * The rules that count, the same on every cluster.
 *
 * @param windows over which the objectives of the cluster count their budgets
 */
export function recordingRules(windows: readonly string[]): Group[] {
  return [
    services,
    indicators,
    burning(["5m", "30m", "1h", "2h"], "burn-rates", `${interval}s`),
    burning(["6h", "1d", "3d"], "burn-rates-long", slow),
    ...windows.map((window) => ({
      name: `budgets-${window}`,
      interval: slow,
      rules: [
        {
          record: "slipway:error_budget_remaining:ratio",
          expr: `1 -
${ratio(window, `window="${window}"`)}
/ (1 - slipway_objective_ratio{window="${window}"})`,
        },
      ],
    })),
  ];
}

/** Number of bad requests within a window, for objectives that count over `budget`. */
export function badRequests(window: string, budget: string): string {
  const { range, step } = rangeOf(window);
  return `sum_over_time(slipway:sli_bad:rate5m{window="${budget}"}[${range}]) * ${step}`;
}

/** Share of bad requests within a window; nothing where there were no requests. */
function ratio(window: string, labels = ""): string {
  const [bad, total] = ["bad", "total"].map((kind) => `slipway:sli_${kind}:rate5m${labels && `{${labels}}`}`);
  if (window === "5m") return `${bad} / (${total} > 0)`;
  const { range } = rangeOf(window);
  return `(sum_over_time(${bad}[${range}]) / (sum_over_time(${total}[${range}]) > 0))`;
}

/** Long windows are added up from one sample in 5 minutes, which miss nothing and count nothing twice. */
function rangeOf(window: string): { readonly range: string; readonly step: number } {
  return /^(30m|1h|2h)$/.test(window) ? { range: window, step: interval } : { range: `${window}:5m`, step: 300 };
}

/** Sums what is measured by the service that Git declares. */
function perService(expr: string, ...by: string[]): string {
  const labels = by.map((label) => `, ${label}`).join("");
  return declared(sum(`destination_service_name, destination_service_namespace${labels}`, expr), labels);
}

/** By `workload`, too: the Deployment that answered. Requests that none has answered are left out. */
function perVersion(expr: string, ...by: string[]): string {
  const labels = by.map((label) => `, ${label}`).join("");
  const answered = expr.replaceAll('reporter="source"', 'reporter="source", destination_workload!="unknown"');
  const sums = sum(`destination_service_name, destination_service_namespace, destination_workload${labels}`, answered);
  return declared(
    `label_replace(
  ${indent(sums)},
  "workload", "$1", "destination_workload", "(.+)"
)`,
    `, workload${labels}`,
  );
}

function declared(measured: string, labels: string): string {
  return sum(
    `environment, service${labels}`,
    `${measured}
* on (destination_service_name, destination_service_namespace) group_left (environment, service)
  slipway_service_info`,
  );
}

/** Flagger names a canary by its Deployment; the namespace that it says comes second to the one that it is scraped in. */
function perCanary(expr: string): string {
  return `max by (environment, service, version, namespace, workload) (
  label_replace(${expr}, "namespace", "$1", "exported_namespace", "(.+)")
  * on (namespace, workload) group_left (environment, service, version)
    slipway_workload_info
)`;
}

function sum(by: string, expr: string): string {
  return `sum by (${by}) (
  ${indent(expr)}
)`;
}

function indent(text: string): string {
  return text.replaceAll("\n", "\n  ");
}
