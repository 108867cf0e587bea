import { curves, dashboard, stat, table, toDashboard } from "./panels.ts";

const of = 'environment=~"$environment", service=~"$service"';
const labels = ["environment", "service", "sli", "window"];
const by = labels.join(", ");

/** What is promised, and how much of the room for failure is left. */
export function objectives(runbooks: string): object {
  const left = `slipway:error_budget_remaining:ratio{${of}}`;
  return dashboard({
    uid: "slipway-objectives",
    title: "Objectives",
    help: "Service level objectives, their error budgets, and how fast these are used.",
    variables: "all",
    runbooks,
    rows: [
      [
        "State",
        [
          stat({
            title: "Objectives missed",
            expr: `count(${left} < 0) or vector(0)`,
            unit: "none",
            limits: { warning: 0.5, bad: 1 },
            width: 6,
          }),
          stat({
            title: "Objectives with less than half of their budget",
            expr: `count(${left} < 0.5) or vector(0)`,
            unit: "none",
            limits: { warning: 1, bad: 5 },
            width: 6,
          }),
          stat({
            title: "Fastest burn of the last hour",
            help: "1 uses up the budget exactly within its window; 14.4 wakes somebody up.",
            expr: `max(slipway:burn_rate:1h{${of}})`,
            unit: "none",
            limits: { warning: 1, bad: 14.4 },
            width: 6,
          }),
          stat({
            title: "Smallest budget",
            expr: `min(${left})`,
            unit: "percentunit",
            limits: { warning: 0.5, bad: 0 },
            width: 6,
          }),
        ],
      ],
      [
        "Objectives",
        [
          table({
            title: "Objectives",
            labels,
            link: toDashboard("slipway-service"),
            width: 24,
            columns: [
              { title: "Promised", unit: "percentunit", expr: `max by (${by}) (slipway_objective_ratio{${of}})` },
              {
                title: "Kept",
                unit: "percentunit",
                expr: `max by (${by}) (1 - (1 - ${left}) * (1 - slipway_objective_ratio))`,
              },
              {
                title: "Budget left",
                unit: "percentunit",
                limits: { warning: 0.5, bad: 0 },
                expr: `max by (${by}) (${left})`,
              },
              ...["1h", "6h", "1d", "3d"].map((window) => ({
                title: `Burn rate ${window}`,
                unit: "none",
                limits: { warning: 1, bad: 6 },
                expr: `max by (${by}) (slipway:burn_rate:${window}{${of}})`,
              })),
            ],
          }),
        ],
      ],
      [
        "Over time",
        [
          curves({
            title: "Budget left",
            unit: "percentunit",
            limits: { warning: 0.5, bad: 0 },
            width: 12,
            queries: [{ expr: left, legend: "{{environment}} {{service}} {{sli}}" }],
          }),
          curves({
            title: "Burn rate of the last hour",
            help: "Pages at 14.4, together with the last 5 minutes.",
            unit: "none",
            limits: { warning: 1, bad: 14.4 },
            width: 12,
            queries: [{ expr: `slipway:burn_rate:1h{${of}}`, legend: "{{environment}} {{service}} {{sli}}" }],
          }),
        ],
      ],
    ],
  });
}
