import { Gateway } from "@kubernetes-models/istio/networking.istio.io/v1/Gateway";
import type { Environment } from "../model/environment.ts";
import { ingress, type Scope } from "../model/resolve.ts";
import { groupLabels } from "../workloads/labels.ts";

/**
 * Hosts of an environment, or of the platform's user interfaces, on the cluster's ingress gateway. The TLS Secret lies in
 * the namespace of the gateway's pods.
 */
export function gateway(
  scope: Pick<Scope, "name" | "routing">,
  { hosts, tls }: NonNullable<Environment["gateway"]>,
): Gateway {
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
