import { weightOf } from "../model/resolve.ts";
import { forEachService, list } from "./rule.ts";

/** Istio takes any weights and scales them: 60 and 30 would become 67 and 33 without a word. */
export const weights = forEachService(function* (service) {
  const weights = Object.entries(service.versions).map(
    ([name, version]) => [name, weightOf(service, version)] as const,
  );
  const sum = weights.reduce((total, [, weight]) => total + weight, 0);
  if (sum !== 100)
    yield { path: ["versions"], atKey: true, message: `weights add up to ${sum}, must be 100 (${list(weights)})` };
});
