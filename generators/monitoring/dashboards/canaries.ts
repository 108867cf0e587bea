import { curves, dashboard, states } from "./panels.ts";

const of = 'environment="$environment", service="$service"';

/** What Flagger does: status and weight of a canary, and the figures it judges by. */
export function canaries(runbooks: string): object {
  return dashboard({
    uid: "slipway-canaries",
    title: "Canaries",
    help: "Rollouts that Flagger drives: <service>-primary serves, the other is on trial.",
    variables: "one",
    runbooks,
    rows: [
      [
        "Rollout",
        [
          states({
            title: "Status",
            width: 24,
            height: 4,
            names: {
              0: { text: "progressing", color: "blue" },
              1: { text: "succeeded", color: "green" },
              2: { text: "rolled back", color: "red" },
            },
            queries: [{ expr: `slipway:canary:status{${of}}`, legend: "{{workload}}" }],
          }),
          curves({
            title: "Weight",
            unit: "percent",
            max: 100,
            width: 12,
            queries: [{ expr: `slipway:canary:weight{${of}}`, legend: "{{workload}}" }],
          }),
          curves({
            title: "Requests",
            unit: "reqps",
            width: 12,
            queries: [{ expr: `slipway:version_requests:rate5m{${of}}`, legend: "{{workload}}" }],
          }),
          curves({
            title: "Success",
            unit: "percentunit",
            limits: { warning: 0.99, bad: 0.95 },
            max: 1,
            width: 12,
            queries: [
              {
                expr: `1 - slipway:version_failures:rate5m{${of}} / (slipway:version_requests:rate5m > 0)`,
                legend: "{{workload}}",
              },
            ],
          }),
          curves({
            title: "Latency, p99",
            unit: "s",
            width: 12,
            queries: [{ expr: `slipway:version_duration_seconds:p99{${of}}`, legend: "{{workload}}" }],
          }),
        ],
      ],
    ],
  });
}
