import { type ExternalCall, parseCall } from "../model/calls.ts";
import { nearMiss } from "../model/faults.ts";
import { statementsOf } from "../model/place.ts";
import { forEachService } from "./rule.ts";

/** A call to what is not there is denied by every policy that follows from it. */
export const calls = forEachService(function* (service, name, { workloads }) {
  for (const { path: own, calls = [] } of statementsOf(service)) {
    for (const [index, text] of calls.entries()) {
      const path = [...own, "calls", index];
      const call = parseCall(text);
      if ("host" in call) {
        const message = externalFault(call);
        if (message) yield { path, message };
        continue;
      }
      const ports = workloads.get(call.service)?.ports.map((port) => port.name);
      if (call.service === name) yield { path, message: "a service needs no permission to call itself; remove it" };
      else if (!ports) {
        const known = [...workloads.keys()].filter((target) => target !== name);
        yield {
          path,
          message: `there is no service or data store ${call.service}; ${nearMiss(call.service, known) || `there are ${known.join(", ") || "no others"}`}`,
        };
      } else if (call.port && !ports.includes(call.port)) {
        yield { path, message: `${call.service} has no port ${call.port}; its ports are ${ports.join(", ")}` };
      }
    }
  }
});

/** Why a call of an external host fails, whatever the cluster is; undefined where nothing speaks against it. */
function externalFault({ host, port }: ExternalCall): string | undefined {
  if (port > 65535) return `${port} is no port; must be at most 65535`;
  if (/\.(local|svc|internal)$/.test(host) && host.includes(".svc"))
    return `${host} is inside of the cluster; call the service by its name`;
  if (/(^|\.)localhost$/.test(host)) return `${host} is the pod itself, which needs no permission; remove it`;
  return undefined;
}
