import { weightOf } from "../model/resolve.ts";
import { forEachService } from "./rule.ts";

/** Traffic to a version without pods fails, and an autoscaler and a fixed number undo each other. */
export const replicas = forEachService(function* (service) {
  for (const [name, version] of Object.entries(service.versions)) {
    const path = ["versions", name];
    const { autoscaling } = version;
    if (autoscaling && version.replicas !== undefined) {
      yield {
        path: [...path, "replicas"],
        atKey: true,
        message: "stands beside autoscaling, which owns the number of pods; remove one of the two",
      };
    }
    if (autoscaling && autoscaling.min > autoscaling.max) {
      yield {
        path: [...path, "autoscaling", "min"],
        message: `is ${autoscaling.min}, more than max (${autoscaling.max}); swap them or raise max`,
      };
    }
    if (autoscaling && /^0(\.0+)?m?$/.test(version.resources.cpu)) {
      yield {
        path: [...path, "autoscaling"],
        atKey: true,
        message: "goes by the share of the CPU request that is used, and the request is 0; set resources.cpu",
      };
    }
    if (version.replicas !== 0) continue;
    const weight = weightOf(service, version);
    if (weight > 0)
      yield {
        path: [...path, "replicas"],
        message: `is 0, but ${weight} % of the traffic goes to ${name}; give it pods or weight 0`,
      };
    if (service.mirror?.version === name)
      yield {
        path: ["mirror", "version"],
        message: `${name} has no pods (replicas: 0); give it some or remove mirror`,
      };
    for (const [index, route] of (service.headerRoutes ?? []).entries()) {
      if (route.version === name)
        yield {
          path: ["headerRoutes", index, "version"],
          message: `${name} has no pods (replicas: 0); give it some or name another version`,
        };
    }
  }
});
