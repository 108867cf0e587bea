import { servicePorts } from "../model/resolve.ts";
import { forEachService } from "./rule.ts";

/** What only HTTP has: for a TCP service no route would ever use it. */
const httpOnly = ["headerRoutes", "timeout", "retries", "fault", "mirror", "rateLimit"] as const;

/** Settings that no request could ever meet. */
export const unusedRoutes = forEachService(function* (service) {
  if (servicePorts(service).every(({ protocol }) => protocol === "tcp")) {
    for (const key of httpOnly) {
      if (service[key] !== undefined)
        yield {
          path: [key],
          atKey: true,
          message: "no route uses it: the service has no http or grpc port; remove it",
        };
    }
  }
  const routed =
    Object.keys(service.versions).length > 1 || service.headerRoutes || service.rollout.strategy === "flagger";
  if (service.loadBalancer === "PASSTHROUGH" && routed) {
    yield {
      path: ["loadBalancer"],
      message:
        "is PASSTHROUGH, which leaves the choice of the pod to kube-proxy: weights and header routes would not count; choose another",
    };
  }
  const seen: Record<string, string>[] = [];
  for (const [index, { headers }] of (service.headerRoutes ?? []).entries()) {
    const earlier = seen.findIndex((other) => Object.entries(other).every(([name, value]) => headers[name] === value));
    if (earlier >= 0)
      yield {
        path: ["headerRoutes", index],
        message: `no request gets here: headerRoutes[${earlier}] takes all of them; put the one with more headers first`,
      };
    seen.push(headers);
  }
});
