import { ServiceEntry } from "@kubernetes-models/istio/networking.istio.io/v1/ServiceEntry";
import type { Scope } from "../model/resolve.ts";
import { groupLabels } from "../workloads/labels.ts";

/** A host outside of the mesh, visible to the namespaces that declare to call it. Names and certificates stay the caller's. */
export function serviceEntry(
  scope: Scope,
  host: string,
  ports: readonly number[],
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
      ports: ports.map((number) => ({ number, ...portProtocol(number) })),
    },
  });
}

function portProtocol(port: number): { name: string; protocol: string } {
  if (port === 80) return { name: "http", protocol: "HTTP" };
  if (port === 443) return { name: "tls", protocol: "TLS" };
  return { name: `tcp-${port}`, protocol: "TCP" };
}
