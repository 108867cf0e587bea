import { forEachService, list } from "./rule.ts";

/**
 * Envoy ejects whole pods of a version, and none where one is a greater share than allowed
 * (https://github.com/envoyproxy/envoy/blob/v1.36.0/source/common/upstream/outlier_detection_impl.cc, ejectHost): a share
 * that no version reaches switches the ejection off without a word.
 */
export const ejection = forEachService(function* ({ outlierDetection, versions, rollout }) {
  // 0 is another finding there.
  if (!outlierDetection || (rollout.strategy === "flagger" && outlierDetection.maxEjectionPercent === 0)) return;
  const pods = Object.entries(versions).map(
    ([version, { replicas, autoscaling }]) => [version, autoscaling?.max ?? replicas ?? 1] as const,
  );
  const most = Math.max(...pods.map(([, count]) => count));
  const { maxEjectionPercent } = outlierDetection;
  if (most > 0 && 100 / most > maxEjectionPercent)
    yield {
      path: ["outlierDetection", "maxEjectionPercent"],
      message: `is ${maxEjectionPercent}, less than one pod (${list(pods)}), so that nothing is ever ejected; set ${Math.ceil(100 / most)} or more`,
    };
});
