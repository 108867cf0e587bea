import type { Cluster } from "../model/cluster.ts";
import { monitoring } from "../model/resolve.ts";

/** The Secret of Grafana's administrator: the chart would make a new password at each render. */
export const grafanaSecret = {
  namespace: monitoring.namespace,
  name: "grafana-admin",
  userKey: "admin-user",
  passwordKey: "admin-password",
} as const;

/** The Secret of the key that Kiali signs sessions with: the chart would make a new one at each render. */
export const kialiSecret = { namespace: "istio-system", name: "kiali-signing-key", key: "key" } as const;

/** A Secret that must be on the cluster before its component starts, and never enters Git. */
export interface RequiredSecret {
  readonly namespace: string;
  readonly name: string;
  /** By key: a fixed text, or how many random hexadecimal digits. */
  readonly data: Readonly<Record<string, string | { readonly random: number }>>;
}

/** The Secrets that the charts of a cluster name: what bootstrap makes, or a secret store brings. */
export function requiredSecrets({ platform: { monitoring: stack, kiali } }: Cluster): RequiredSecret[] {
  const { namespace, name, userKey, passwordKey } = grafanaSecret;
  return [
    ...(stack?.provided === false
      ? [{ namespace, name, data: { [userKey]: "admin", [passwordKey]: { random: 32 } } }]
      : []),
    ...(kiali?.provided === false
      ? [{ namespace: kialiSecret.namespace, name: kialiSecret.name, data: { [kialiSecret.key]: { random: 32 } } }]
      : []),
  ];
}
