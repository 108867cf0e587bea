import { ServiceEntry } from "@kubernetes-models/istio/networking.istio.io/v1/ServiceEntry";
import type { ExternalCall } from "../model/calls.ts";
import type { Scope } from "../model/resolve.ts";
import { groupLabels } from "../workloads/labels.ts";

/** A port of an external host. */
export type ExternalPort = Pick<ExternalCall, "port" | "protocol">;

/**
 * A host outside of the mesh, visible to the namespaces that declare to call it. Names and certificates stay the caller's.
 * It states no address: Istio gives it one for proxies that capture DNS, so that TCP hosts on one port are told apart.
 */
export function serviceEntry(
  scope: Scope,
  host: string,
  ports: readonly ExternalPort[],
  callers: readonly string[],
): ServiceEntry {
  return new ServiceEntry({
    metadata: {
      name: host.replaceAll(".", "-"),
      namespace: scope.routing,
      labels: groupLabels(scope.name),
    },
    spec: {
      hosts: [host],
      location: "MESH_EXTERNAL",
      resolution: "DNS",
      exportTo: [...new Set([...callers, scope.routing])].sort(),
      ports: ports.map(({ port, protocol }) => ({
        number: port,
        name: usualNames[port] === protocol ? protocol : `${protocol}-${port}`,
        protocol: protocol.toUpperCase(),
      })),
    },
  });
}

const usualNames: Readonly<Record<number, string>> = { 80: "http", 443: "tls" };
