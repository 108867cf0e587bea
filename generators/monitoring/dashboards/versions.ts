import { share } from "./overview.ts";
import { curves, dashboard, errorRate, table } from "./panels.ts";

const of = 'environment="$environment", service="$service"';
const cpu = `sum by (workload) (
  rate(container_cpu_usage_seconds_total{container!=""}[$__rate_interval])
  * on (namespace, pod) group_left (workload) slipway:pod:info{${of}}
) / count by (workload) (slipway:pod:info{${of}})`;

/** Versions side by side: is the canary as good as the one it is to replace. */
export function versions(runbooks: string): object {
  return dashboard({
    uid: "slipway-versions",
    title: "Versions",
    help: "Canary against stable: the same figures for each version of one service.",
    variables: "one",
    runbooks,
    rows: [
      [
        "Now",
        [
          table({
            title: "Versions",
            labels: ["environment", "service", "workload"],
            width: 24,
            height: 6,
            columns: [
              {
                title: "Declared",
                unit: "percent",
                expr: `sum by (environment, service, workload) (slipway_declared_weight{${of}})`,
              },
              { title: "Observed", unit: "percent", expr: share(of) },
              {
                ...errorRate,
                expr: `sum by (environment, service, workload) (slipway:version_failures:rate5m{${of}} / (slipway:version_requests:rate5m > 0))`,
              },
              {
                title: "p50",
                unit: "s",
                expr: `sum by (environment, service, workload) (slipway:version_duration_seconds:p50{${of}})`,
              },
              {
                title: "p99",
                unit: "s",
                expr: `sum by (environment, service, workload) (slipway:version_duration_seconds:p99{${of}})`,
              },
              {
                title: "Pods",
                unit: "none",
                expr: `count by (environment, service, workload) (slipway:pod:info{${of}})`,
              },
            ],
          }),
        ],
      ],
      [
        "Over time",
        [
          curves({
            title: "Share of the requests",
            help: "Dashed: the weight that Git declares and Argo CD has synced.",
            unit: "percent",
            max: 100,
            width: 12,
            queries: [
              { expr: share(of), legend: "{{workload}}" },
              { expr: `slipway_declared_weight{${of}}`, legend: "{{workload}} declared", dashed: true },
            ],
          }),
          curves({
            ...errorRate,
            width: 12,
            queries: [
              {
                expr: `slipway:version_failures:rate5m{${of}} / (slipway:version_requests:rate5m > 0)`,
                legend: "{{workload}}",
              },
            ],
          }),
          curves({
            title: "Latency, p50",
            unit: "s",
            width: 8,
            queries: [{ expr: `slipway:version_duration_seconds:p50{${of}}`, legend: "{{workload}}" }],
          }),
          curves({
            title: "Latency, p99",
            unit: "s",
            width: 8,
            queries: [{ expr: `slipway:version_duration_seconds:p99{${of}}`, legend: "{{workload}}" }],
          }),
          curves({
            title: "CPU by pod",
            help: "Cores, on average over the pods of each version: a dearer release shows here first.",
            unit: "none",
            width: 8,
            queries: [{ expr: cpu, legend: "{{workload}}" }],
          }),
        ],
      ],
    ],
  });
}
