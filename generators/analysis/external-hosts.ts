import { type ExternalCall, parseCall } from "../model/calls.ts";
import { cidrs, covers, formatCidr } from "../model/cidr.ts";
import type { Path } from "../model/faults.ts";
import { statementsOf } from "../model/place.ts";
import type { ResolvedEnvironment, Scope } from "../model/resolve.ts";
import { type Finding, forEachService } from "./rule.ts";

/**
 * External hosts that the cluster's policies let nobody out to, and what its proxies cannot tell apart: two protocols on one port of a
 * host, and hosts on one port that have no address.
 */
export const externalHosts = forEachService(function* (service, name, environment) {
  const calls = statementsOf(service).flatMap(({ path, calls = [] }) =>
    [...calls.entries()].flatMap(([index, text]) => {
      const call = parseCall(text);
      return "host" in call ? [{ ...call, path: [...path, "calls", index] }] : [];
    }),
  );
  const protocols = protocolsOf(environment);
  for (const { host, port, protocol, path } of calls) {
    const target = environment.workloads.get(name)?.external.find((one) => one.host === host && one.port === port);
    const unreachable = target && unreachableFault(target, environment.scope);
    if (unreachable) yield { path, message: unreachable };
    const first = protocols.get(`${host}:${port}`);
    if (first && first.protocol !== protocol) {
      const message = `${host}:${port} is ${protocol} here and ${first.protocol} for ${first.service}; a port has one protocol`;
      yield { path, message };
    }
  }
  if (!environment.scope.dnsCapture) yield* sharedListeners(calls, name, environment);
});

/** Names that no public DNS answers with a public address: private domains, and private endpoints of clouds. */
const privateHost =
  /(^|\.)(corp|home|home\.arpa|internal|intranet|lan|local|localdomain|private|vpce\.amazonaws\.com)$|(^|\.)privatelink\./;

/** Why the NetworkPolicy stops what a call is for; undefined where nothing speaks against it. */
function unreachableFault({ host, cidrs: stated = [] }: ExternalCall, scope: Scope): string | undefined {
  const ranges = cidrs(...stated);
  // Another rule has more to say of a name inside of the cluster.
  if (ranges.length === 0 && privateHost.test(host) && !host.includes(".svc"))
    return `${host} has private addresses, to which the NetworkPolicy lets nothing out; state cidrs here, or the host in network.hosts of clusters/${scope.cluster}.yaml`;
  for (const own of cidrs(...scope.reserved)) {
    const inside = ranges.find((range) => covers(own, range));
    if (inside)
      return `${formatCidr(inside)} is in ${formatCidr(own)}, the cluster's own; call a service by its name, or state where ${host} is`;
  }
  return undefined;
}

interface FirstCall {
  readonly service: string;
  readonly protocol: string;
}

const found = new WeakMap<ResolvedEnvironment, ReadonlyMap<string, FirstCall>>();

/** The first call of each port of the external hosts of an environment, by `host:port`. */
function protocolsOf(environment: ResolvedEnvironment): ReadonlyMap<string, FirstCall> {
  const known = found.get(environment);
  if (known) return known;
  const all = environment.services.flatMap(({ name, external }) =>
    external.map(({ host, port, protocol }) => [`${host}:${port}`, { service: name, protocol }] as const),
  );
  const first = new Map(all.reverse());
  found.set(environment, first);
  return first;
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly protocol: string;
  readonly path: Path;
}

/**
 * Without addresses, all external hosts on a port share a listener, and the HTTP services on that port with them: HTTP hosts are
 * told apart by their names and TLS hosts by SNI, but one TCP host would get what is meant for the others.
 */
function* sharedListeners(calls: readonly Target[], name: string, environment: ResolvedEnvironment): Iterable<Finding> {
  const listeners = new Map<number, { kind: string; of: string }>();
  for (const callee of environment.workloads.get(name)?.callees ?? [])
    for (const { port, protocol } of environment.workloads.get(callee.name)?.ports ?? [])
      if (protocol !== "tcp") listeners.set(port, { kind: "http", of: callee.name });
  for (const { host, port, protocol, path } of calls) {
    const kind = protocol === "tcp" ? host : protocol === "grpc" ? "http" : protocol;
    const known = listeners.get(port) ?? { kind, of: host };
    listeners.set(port, known);
    if (known.kind !== kind) {
      const message = `shares port ${port} with ${known.of}, and proxies that do not capture DNS cannot tell the two apart; set platform.istio.dnsCapture in clusters/${environment.scope.cluster}.yaml, where they do, or call only one of them`;
      yield { path, message };
    }
  }
}
