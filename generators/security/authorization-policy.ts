import { AuthorizationPolicy } from "@kubernetes-models/istio/security.istio.io/v1/AuthorizationPolicy";
import { ingress, loadTester, type Workload } from "../model/resolve.ts";
import { labels, podSelector } from "../workloads/labels.ts";

/** Denies every request in a namespace that no other policy allows: an ALLOW policy without rules matches nothing. */
export function denyAll(namespace: string): AuthorizationPolicy {
  return new AuthorizationPolicy({ metadata: { name: "default-deny", namespace }, spec: {} });
}

/**
 * Allows exactly the declared callers, by the identity in their certificates, and the gateway where the service is
 * exposed, and the load tester where Flagger analyses it. A policy without rules denies, so a workload nobody calls gets one too.
 */
export function authorizationPolicy(workload: Workload): AuthorizationPolicy {
  const { name, namespace, callers, exposed, tested } = workload;
  const sources = [
    ...callers,
    ...(exposed.length > 0 ? [{ ...ingress, ports: exposed }] : []),
    ...(tested.length > 0 ? [{ ...loadTester, ports: tested }] : []),
  ];
  return new AuthorizationPolicy({
    metadata: { name, namespace, labels: labels(workload) },
    spec: {
      selector: { matchLabels: podSelector(name) },
      action: "ALLOW",
      rules: sources.map((source) => ({
        from: [{ source: { principals: [`cluster.local/ns/${source.namespace}/sa/${source.name}`] } }],
        to: [{ operation: { ports: source.ports.map(String) } }],
      })),
    },
  });
}
