import { DestinationRule } from "@kubernetes-models/istio/networking.istio.io/v1/DestinationRule";
import { type ServiceWorkload, serviceHost } from "../model/resolve.ts";
import { labels, selectorLabels } from "../workloads/labels.ts";

/** Subsets by version, mutual TLS, and how callers treat the service: load balancing, circuit breaker, ejection. */
export function destinationRule(workload: ServiceWorkload): DestinationRule {
  const { name, namespace, spec } = workload;
  return new DestinationRule({
    metadata: { name, namespace, labels: labels(workload) },
    spec: {
      host: serviceHost(workload),
      trafficPolicy: trafficPolicy(spec),
      subsets: Object.keys(spec.versions).map((version) => ({
        name: version,
        labels: { version: selectorLabels(name, version).version ?? version },
      })),
    },
  });
}

/** Mutual TLS, and what callers' proxies do: load balancing, limits, ejection of failing pods. */
export function trafficPolicy(spec: ServiceWorkload["spec"]): NonNullable<TrafficPolicy> {
  return {
    tls: { mode: "ISTIO_MUTUAL" },
    loadBalancer: spec.loadBalancer && { simple: spec.loadBalancer },
    connectionPool: connectionPool(spec.connectionPool),
    outlierDetection: spec.outlierDetection,
  };
}

type Pool = ServiceWorkload["spec"]["connectionPool"];
export type TrafficPolicy = NonNullable<
  NonNullable<ConstructorParameters<typeof DestinationRule>[0]>["spec"]
>["trafficPolicy"];

function connectionPool(pool: Pool): NonNullable<TrafficPolicy>["connectionPool"] {
  if (!pool) return undefined;
  const tcp = { maxConnections: pool.maxConnections, connectTimeout: pool.connectTimeout };
  const http = {
    http1MaxPendingRequests: pool.maxPendingRequests,
    http2MaxRequests: pool.maxRequests,
    maxRequestsPerConnection: pool.maxRequestsPerConnection,
    maxRetries: pool.maxRetries,
    idleTimeout: pool.idleTimeout,
  };
  return { tcp: someOf(tcp), http: someOf(http) };
}

function someOf<T extends object>(map: T): T | undefined {
  return Object.values(map).some((value) => value !== undefined) ? map : undefined;
}
