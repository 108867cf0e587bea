import { effectiveRelease, statementsOf } from "../model/place.ts";
import { calleeVariables } from "../workloads/pod.ts";
import { type Finding, forEachService } from "./rule.ts";

/** A container has one value for each name: of two that are stated, one would be lost without a word. */
export const variables = forEachService(function* (service, name, { workloads }): Generator<Finding> {
  const callees = workloads.get(name)?.callees ?? [];
  const generated = new Map(
    Object.values(service.versions).flatMap((version) => {
      const called = new Set(effectiveRelease(version).calls?.map((call) => call.split(":")[0]));
      return callees
        .filter((callee) => called.has(callee.name))
        .flatMap((callee) => Object.keys(calleeVariables([callee])).map((key) => [key, callee.name] as const));
    }),
  );
  for (const { env = {}, config = {}, path } of statementsOf(service)) {
    for (const key of Object.keys(config)) {
      if (Object.hasOwn(env, key))
        yield {
          path: [...path, "config", key],
          atKey: true,
          message: "stands in env too, which wins in the container; remove one of the two",
        };
      const callee = generated.get(key);
      if (callee)
        yield {
          path: [...path, "config", key],
          atKey: true,
          message: `is overridden by the address of ${callee}, which calls brings; move it to env, which wins, or choose another name`,
        };
    }
  }
});
