import { servicePorts } from "../model/resolve.ts";
import { milliseconds } from "../model/scalars.ts";
import { buckets, burnRate, burnRates } from "../monitoring/burn-rates.ts";
import { type Finding, forEachService } from "./rule.ts";

/** Objectives that cannot be measured, cannot be missed, or whose alerts could never fire. */
export const objectives = forEachService(function* (service): Generator<Finding> {
  const { slo, timeout } = service;
  if (!slo) return;
  const { availability, latency, window } = slo;
  if (servicePorts(service).every(({ protocol }) => protocol === "tcp"))
    yield {
      path: ["slo"],
      atKey: true,
      message: "is about requests, and the service has only tcp ports; remove it",
    };
  if (availability !== undefined) yield* target(["slo", "availability"], availability, window);
  if (!latency) return;
  yield* target(["slo", "latency", "target"], latency.target, window);
  const threshold = milliseconds(latency.threshold);
  if (!buckets.some((bound) => bound === threshold)) {
    const below = buckets.findLast((bound) => bound < threshold);
    const above = buckets.find((bound) => bound > threshold);
    yield {
      path: ["slo", "latency", "threshold"],
      message: `${latency.threshold} is no bucket of Istio's histogram; take ${[below, above]
        .flatMap((bound) => bound ?? [])
        .map(inUnits)
        .join(" or ")}`,
    };
  } else if (timeout && threshold >= milliseconds(timeout))
    yield {
      path: ["slo", "latency", "threshold"],
      message: `is ${latency.threshold}, and no request takes longer than the timeout of ${timeout}; take less`,
    };
});

/** Objectives on a cluster where nothing measures. */
export const measurement = forEachService(function* ({ slo }, _name, { scope }): Generator<Finding> {
  if (slo && !scope.monitoring)
    yield {
      path: ["slo"],
      atKey: true,
      message: `needs Prometheus, which the cluster ${scope.cluster} lacks; add platform.monitoring in clusters/${scope.cluster}.yaml, or remove slo`,
    };
});

function* target(path: Finding["path"], value: number, window: string): Generator<Finding> {
  if (value >= 100)
    yield { path, message: "is 100, which leaves no room for a single failure; take less, such as 99.9" };
  // Where an outage burns slower than the rate that wakes somebody up, nobody is ever woken up.
  const fastest = burnRate(burnRates[0], window);
  const least = Math.ceil(100 - 100 / fastest);
  if (100 - value >= 100 / fastest) {
    const share = value > 0 && value <= 1 ? `; a share of 1 is written as ${Number((value * 100).toFixed(4))}` : "";
    yield {
      path,
      message: `is ${value}, so low that not even an outage would use up the budget fast enough to page; must be at least ${least}${share}`,
    };
  }
}

function inUnits(bound: number): string {
  return bound >= 1000 && bound % 1000 === 0 ? `${bound / 1000}s` : `${bound}ms`;
}
