/**
 * When an error budget is used up too fast, as the Google SRE workbook has it
 * (https://sre.google/workbook/alerting-on-slos/, table 5-8): both of two windows must burn faster than the rate that
 * would use up `budget` of the whole within the long one. The short one ends the alert soon after the trouble.
 */
export const burnRates = [
  { long: "1h", short: "5m", budget: 0.02, severity: "critical" },
  { long: "6h", short: "30m", budget: 0.05, severity: "critical" },
  { long: "1d", short: "2h", budget: 0.1, severity: "warning" },
  { long: "3d", short: "6h", budget: 0.1, severity: "warning" },
] as const;

const hours: Readonly<Record<string, number>> = {
  "1h": 1,
  "6h": 6,
  "1d": 24,
  "3d": 72,
  "7d": 168,
  "28d": 672,
  "30d": 720,
};

/** How many times as fast as the objective allows: 14.4, 6, 3 and 1 for the four, where the budget is that of 30 days. */
export function burnRate({ long, budget }: (typeof burnRates)[number], window: string): number {
  return Number(((budget * (hours[window] ?? 0)) / (hours[long] ?? 1)).toFixed(2));
}

/** Upper bounds of Envoy's histograms in milliseconds, as far as requests take; Istio changes none of them. */
export const buckets = [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000] as const;
