import { type ExternalCall, parseCall } from "../model/calls.ts";
import { cidrs, covers, formatCidr } from "../model/cidr.ts";
import { nearMiss } from "../model/faults.ts";
import { statementsOf } from "../model/place.ts";
import type { ResolvedEnvironment } from "../model/resolve.ts";
import { forEachService } from "./rule.ts";

/** A call to what is not there is denied by every policy that follows from it. */
export const calls = forEachService(function* (service, name, environment) {
  const { workloads } = environment;
  for (const { path: own, calls = [] } of statementsOf(service)) {
    for (const [index, text] of calls.entries()) {
      const path = [...own, "calls", index];
      const call = parseCall(text);
      if ("host" in call) {
        const message = externalFault(call, name, environment);
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

/** Names that no public DNS answers with a public address: private domains, and private endpoints of clouds. */
const privateHost =
  /(^|\.)(corp|home|home\.arpa|internal|intranet|lan|local|localdomain|private|vpce\.amazonaws\.com)$|(^|\.)privatelink\./;

/** Why a call of an external host fails; undefined where nothing speaks against it. */
function externalFault(call: ExternalCall, service: string, { workloads, scope }: ResolvedEnvironment) {
  const { host, port } = call;
  if (port > 65535) return `${port} is no port; must be at most 65535`;
  if (/\.(local|svc|internal)$/.test(host) && host.includes(".svc"))
    return `${host} is inside of the cluster; call the service by its name`;
  if (/(^|\.)localhost$/.test(host)) return `${host} is the pod itself, which needs no permission; remove it`;
  const target = workloads.get(service)?.external.find((other) => other.host === host && other.port === port);
  if (!target) return undefined;
  const of = cidrs(...(target.cidrs ?? []));
  if (of.length === 0 && privateHost.test(host))
    return `${host} has private addresses, to which the NetworkPolicy lets nothing out; state cidrs here, or the host in network.hosts of clusters/${scope.cluster}.yaml`;
  for (const own of cidrs(...scope.reserved)) {
    const inside = of.find((range) => covers(own, range));
    if (inside)
      return `${formatCidr(inside)} is in ${formatCidr(own)}, the cluster's own; call a service by its name, or state where ${host} is`;
  }
  return undefined;
}
