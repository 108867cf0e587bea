import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { INetworkPolicyPeer } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicyPeer";
import { ingress, loadTester, monitoring, tracing, type Workload } from "../model/resolve.ts";
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

/** What every pod with a sidecar needs: names, and istiod for certificates and configuration. */
const infrastructure = [
  {
    to: [pods("kube-system", { "k8s-app": "kube-dns" })],
    ports: [
      { protocol: "UDP" as const, port: 53 },
      { protocol: "TCP" as const, port: 53 },
    ],
  },
  { to: [pods("istio-system", { app: "istiod" })], ports: tcp([15012]) },
];

/** Private and link-local ranges: where an external host never is, and a cluster and its cloud's metadata service are. */
const internal = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"];

/**
 * The same calls that the AuthorizationPolicy allows, one layer down. Sidecars keep the destination port, so the
 * containers' ports are the ones to name; port 15020 is where the agent in the sidecar serves the proxy's metrics and, taken
 * from inside the pod, the application's.
 */
export function networkPolicy(workload: Workload): NetworkPolicy {
  const { name, scope, callers, callees, external, exposed, tested } = workload;
  const externalPorts = [...new Set(external.map(({ port }) => port))].sort((a, b) => a - b);
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
        ...(scope.components.monitoring ? [{ from: [namespacePeer(monitoring.namespace)], ports: tcp([15020]) }] : []),
      ],
      egress: [
        ...infrastructure,
        ...(scope.components.jaeger
          ? [{ to: [namespacePeer(tracing.namespace)], ports: tcp(Object.values(tracing.ports)) }]
          : []),
        ...callees.map((callee) => ({
          to: [pods(callee.namespace, podSelector(callee.name))],
          ports: tcp(callee.ports),
        })),
        ...(externalPorts.length > 0
          ? [{ to: [{ ipBlock: { cidr: "0.0.0.0/0", except: internal } }], ports: tcp(externalPorts) }]
          : []),
      ],
    },
  });
}
