import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { INetworkPolicyPeer } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicyPeer";
import { type Cidr, cidrs, closedRanges, exceptions } from "../model/cidr.ts";
import type { DnsServer } from "../model/network.ts";
import { ingress, loadTester, type Scope, tracing, type Workload } from "../model/resolve.ts";
import { labels, podSelector } from "../workloads/labels.ts";

/** Denies all traffic of a namespace's pods, in both directions. */
export function denyAllTraffic(namespace: string): NetworkPolicy {
  return new NetworkPolicy({
    metadata: { name: "default-deny", namespace },
    spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
  });
}

export const tcp = (ports: readonly number[]) => ports.map((port) => ({ protocol: "TCP" as const, port }));

/** Pods of a namespace with these labels. */
export function pods(namespace: string, selector: Readonly<Record<string, string>>): INetworkPolicyPeer {
  return {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    podSelector: { matchLabels: selector },
  };
}

/** All pods of a namespace. */
export function namespacePeer(name: string): INetworkPolicyPeer {
  return { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } };
}

type Egress = NonNullable<NonNullable<ConstructorParameters<typeof NetworkPolicy>[0]>["spec"]>["egress"];

/** What every pod with a sidecar needs: names, and istiod for certificates and configuration. */
function infrastructure({ dns }: Scope): NonNullable<Egress> {
  const byPort = Map.groupBy(dns, ({ port }) => port);
  return [
    ...[...byPort].map(([port, servers]) => ({
      to: servers.map(dnsPeer),
      ports: (["UDP", "TCP"] as const).map((protocol) => ({ protocol, port })),
    })),
    { to: [pods("istio-system", { app: "istiod" })], ports: tcp([15012]) },
  ];
}

function dnsPeer({ namespace, labels, cidr }: DnsServer): INetworkPolicyPeer {
  if (namespace === undefined) return { ipBlock: { cidr: cidr ?? "" } };
  return labels ? pods(namespace, labels) : namespacePeer(namespace);
}

/**
 * Where a public host never is: private and link-local ranges, which hold the cluster and its cloud's metadata service, and what
 * looks public and is not (Azure's platform, GKE's Services).
 */
const internal = cidrs(
  "10.0.0.0/8",
  "34.118.224.0/20",
  "100.64.0.0/10",
  "168.63.129.16/32",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
);

/** One rule for each set of ranges that external hosts are in, with the ports of these hosts. */
function externalEgress({ external, scope }: Workload): NonNullable<Egress> {
  const reserved = cidrs(...scope.reserved);
  const block = (text: string, closed: readonly Cidr[]): INetworkPolicyPeer => {
    const [range] = cidrs(text);
    const except = range ? exceptions(range, [...closed, ...reserved]) : [];
    return { ipBlock: { cidr: text, ...(except.length > 0 && { except }) } };
  };
  const byRanges = Map.groupBy(external, ({ cidrs }) => cidrs?.toSorted().join());
  return [...byRanges].map(([ranges, calls]) => ({
    to: ranges?.split(",").map((range) => block(range, closedRanges)) ?? [block("0.0.0.0/0", internal)],
    ports: tcp([...new Set(calls.map(({ port }) => port))].sort((a, b) => a - b)),
  }));
}

/**
 * The same calls that the AuthorizationPolicy allows, one layer down. Sidecars keep the destination port, so the
 * containers' ports are the ones to name; port 15020 is where the agent in the sidecar serves the proxy's metrics and, taken
 * from inside the pod, the application's.
 */
export function networkPolicy(workload: Workload): NetworkPolicy {
  const { name, scope, callers, callees, exposed, tested } = workload;
  return new NetworkPolicy({
    metadata: { name, namespace: workload.namespace, labels: labels(workload) },
    spec: {
      podSelector: { matchLabels: podSelector(name) },
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        ...callers.map((caller) => ({
          from: [pods(caller.namespace, podSelector(caller.name))],
          ports: tcp(caller.ports),
        })),
        ...(exposed.length > 0 ? [{ from: [pods(ingress.namespace, ingress.selector)], ports: tcp(exposed) }] : []),
        ...(tested.length > 0 ? [{ from: [pods(loadTester.namespace, loadTester.selector)], ports: tcp(tested) }] : []),
        ...(scope.monitoring ? [{ from: [namespacePeer(scope.monitoring.namespace)], ports: tcp([15020]) }] : []),
      ],
      egress: [
        ...infrastructure(scope),
        ...(scope.components.jaeger
          ? [{ to: [namespacePeer(tracing.namespace)], ports: tcp(Object.values(tracing.ports)) }]
          : []),
        ...callees.map((callee) => ({
          to: [pods(callee.namespace, podSelector(callee.name))],
          ports: tcp(callee.ports),
        })),
        ...externalEgress(workload),
      ],
    },
  });
}
