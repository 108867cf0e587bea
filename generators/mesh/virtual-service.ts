import { VirtualService } from "@kubernetes-models/istio/networking.istio.io/v1/VirtualService";
import { type ServicePort, type ServiceWorkload, serviceHost } from "../model/resolve.ts";
import { groupLabels, labels } from "../workloads/labels.ts";
import { destinations, httpRoutes } from "./http-routes.ts";

/** Routing of calls inside the mesh. */
export function virtualService(workload: ServiceWorkload): VirtualService {
  const { name, namespace, ports } = workload;
  const onlyOne = ports.length === 1;
  const http = ports.filter(({ protocol }) => protocol !== "tcp");
  const tcp = ports.filter(({ protocol }) => protocol === "tcp");
  return new VirtualService({
    metadata: { name, namespace, labels: labels(workload) },
    spec: {
      hosts: [serviceHost(workload)],
      http:
        http.length > 0
          ? http.flatMap((port) => httpRoutes(workload, port, onlyOne ? [] : [{ port: port.port }]))
          : undefined,
      tcp:
        tcp.length > 0
          ? tcp.map((port) => ({ match: [{ port: port.port }], route: destinations(workload, port) }))
          : undefined,
    },
  });
}

/** A service under one path prefix of a gateway's host. */
export interface Exposure {
  readonly workload: ServiceWorkload;
  readonly port: ServicePort;
  readonly prefix: string;
}

/**
 * Routing of one host of the gateway, in one object: the order of rules counts, and Istio does not define it between
 * VirtualServices that share a host. The longest prefix comes first.
 */
export function gatewayVirtualService(
  host: string,
  gateway: { name: string; namespace: string },
  exposures: readonly Exposure[],
): VirtualService {
  const sorted = [...exposures].sort((a, b) => b.prefix.length - a.prefix.length || (a.prefix < b.prefix ? -1 : 1));
  return new VirtualService({
    metadata: {
      name: host.replaceAll(".", "-"),
      namespace: gateway.namespace,
      labels: groupLabels(gateway.name),
    },
    spec: {
      hosts: [host],
      gateways: [`${gateway.namespace}/${gateway.name}`],
      http: sorted.flatMap(({ workload, port, prefix }) => httpRoutes(workload, port, pathMatch(prefix))),
    },
  });
}

/** `/api` matches /api and what is below it, and not /apiary. */
export function pathMatch(prefix: string) {
  if (prefix === "/") return [];
  const path = prefix.replace(/\/$/, "");
  return [{ uri: { exact: path } }, { uri: { prefix: `${path}/` } }];
}
