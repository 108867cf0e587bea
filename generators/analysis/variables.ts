import { effectiveRelease, statementsOf } from "../model/place.ts";
import { calleesOf, calleeVariables } from "../workloads/pod.ts";
import { type Finding, forEachService } from "./rule.ts";

/** A container has one value for each name: of two that are stated, one would be lost without a word. */
export const variables = forEachService(function* (service, name, { workloads }): Generator<Finding> {
  const workload = workloads.get(name);
  const callees = Object.values(service.versions).flatMap((version) =>
    workload ? calleesOf(workload, effectiveRelease(version)) : [],
  );
  const generated = new Map(
    callees.flatMap((callee) => Object.keys(calleeVariables([callee])).map((key) => [key, callee.name] as const)),
  );
  for (const { env = {}, config = {}, path } of statementsOf(service)) {
    for (const key of Object.keys(config)) {
      const at = { path: [...path, "config", key], atKey: true };
      // A variable may build on the one of its name in the ConfigMap: `PATH: /opt/bin:$(PATH)`.
      if (Object.hasOwn(env, key) && !env[key]?.includes(`$(${key})`))
        yield { ...at, message: "stands in env too, which wins in the container; remove one of the two" };
      const callee = generated.get(key);
      if (callee)
        yield {
          ...at,
          message: `is overridden by the address of ${callee}, which calls brings; move it to env, which wins, or choose another name`,
        };
    }
  }
});
