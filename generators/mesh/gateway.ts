import { Gateway } from "@kubernetes-models/istio/networking.istio.io/v1/Gateway";
import type { Environment } from "../model/environment.ts";
import { ingress, type Scope } from "../model/resolve.ts";
import { groupLabels } from "../workloads/labels.ts";

/**
 * Hosts of an environment, or of the platform's user interfaces, on the cluster's ingress gateway. A VirtualService for one
 * of them counts only from the Gateway's namespace. The TLS Secret lies in the namespace of the gateway's pods.
 *
 * @param elsewhere other namespaces whose VirtualServices count, by host
 */
export function gateway(
  scope: Pick<Scope, "name" | "routing">,
  { hosts: names, tls }: NonNullable<Environment["gateway"]>,
  elsewhere: Readonly<Record<string, readonly string[]>> = {},
): Gateway {
  const hosts = names.flatMap((host) => [".", ...(elsewhere[host] ?? [])].map((namespace) => `${namespace}/${host}`));
  return new Gateway({
    metadata: {
      name: scope.name,
      namespace: scope.routing,
      labels: groupLabels(scope.name),
    },
    spec: {
      selector: { ...ingress.selector },
      servers: [
        {
          port: { number: 80, name: "http", protocol: "HTTP" },
          hosts,
          tls: tls?.redirect ? { httpsRedirect: true } : undefined,
        },
        ...(tls
          ? [
              {
                port: { number: 443, name: "https", protocol: "HTTPS" },
                hosts,
                tls: { mode: "SIMPLE" as const, credentialName: tls.secret, minProtocolVersion: "TLSV1_2" as const },
              },
            ]
          : []),
      ],
    },
  });
}
