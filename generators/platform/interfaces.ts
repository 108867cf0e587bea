import { VirtualService } from "@kubernetes-models/istio/networking.istio.io/v1/VirtualService";
import { argocdNamespace } from "../argo/application.ts";
import { gateway } from "../mesh/gateway.ts";
import type { Cluster } from "../model/cluster.ts";
import { ingress, monitoring, serviceHost, tracing } from "../model/resolve.ts";
import type { KubernetesObject } from "../render/output.ts";
import { groupLabels } from "../workloads/labels.ts";
import { gitServer } from "./gitea.ts";
import { isLocal } from "./sizes.ts";

const stack = { component: "monitoring", namespace: monitoring.namespace } as const;

/** Every user interface: its Service, and whether it asks for a login where the cluster is not local. */
const all = [
  {
    name: "argocd",
    component: "argocd",
    namespace: argocdNamespace,
    service: "argocd-server",
    port: 80,
    login: true,
  },
  { name: "grafana", ...stack, service: "kube-prometheus-stack-grafana", port: 80, login: true },
  { name: "prometheus", ...stack, service: "kube-prometheus-stack-prometheus", port: 9090, login: false },
  { name: "alertmanager", ...stack, service: "kube-prometheus-stack-alertmanager", port: 9093, login: false },
  { name: "jaeger", component: "jaeger", namespace: tracing.namespace, service: "jaeger", port: 16686, login: false },
  { name: "kiali", component: "kiali", namespace: "istio-system", service: "kiali", port: 20001, login: true },
  {
    name: "gitea",
    component: "gitea",
    namespace: gitServer.namespace,
    service: gitServer.service,
    port: gitServer.port,
    login: true,
  },
] as const;

/** A user interface of a component, as the gateway serves it. */
export interface Interface {
  readonly name: (typeof all)[number]["name"];
  readonly host: string;
  /** Address for a browser; on a Kind cluster the one of this machine. */
  readonly url: string;
  readonly backend: { readonly host: string; readonly port: number };
}

/**
 * The user interfaces that the gateway serves, in the order in which people look for them: of what is installed here, on a
 * local cluster all, elsewhere those with a login.
 */
export function interfaces(cluster: Cluster): Interface[] {
  const { interfaces: settings, platform } = cluster;
  if (!settings) return [];
  return all
    .filter(({ component, login }) => isOurs(platform[component]) && (login || isLocal(cluster)))
    .map(({ name, namespace, service, port }) => {
      const host = `${name}.${settings.domain}`;
      const backend = { host: serviceHost({ name: service, namespace }), port };
      return { name, host, url: address(cluster, host, settings.tls !== undefined), backend };
    });
}

/** Whether a component is installed here. */
function isOurs(component: object | undefined): boolean {
  return component !== undefined && !("provided" in component && component.provided);
}

/** Address of one of them; none where the gateway does not serve it. */
export function interfaceUrl(cluster: Cluster, name: Interface["name"]): string | undefined {
  return interfaces(cluster).find((one) => one.name === name)?.url;
}

function address({ provider }: Cluster, host: string, tls: boolean): string {
  const [scheme, standard] = tls ? ["https", 443] : ["http", 80];
  const mapped = provider.type === "kind" ? (tls ? provider.httpsPort : provider.httpPort) : standard;
  return `${scheme}://${host}${mapped === standard ? "" : `:${mapped}`}/`;
}

/** What the Gateway and the routes follow from. */
export interface InterfacesContext {
  readonly tls: NonNullable<Cluster["interfaces"]>["tls"];
  readonly list: readonly Interface[];
}

/**
 * A Gateway with one host for each interface. Their pods have no sidecars, which istiod sees: the gateway talks plain HTTP to
 * them without a DestinationRule that says so.
 */
export function interfaceRoutes({ tls, list }: InterfacesContext): KubernetesObject[] {
  const scope = { name: "platform", routing: ingress.namespace };
  return [
    gateway(scope, { hosts: list.map(({ host }) => host), tls }),
    ...list.map(
      ({ name, host, backend }) =>
        new VirtualService({
          metadata: { name, namespace: scope.routing, labels: groupLabels(scope.name) },
          spec: {
            hosts: [host],
            gateways: [`${scope.routing}/${scope.name}`],
            http: [{ route: [{ destination: { host: backend.host, port: { number: backend.port } } }] }],
          },
        }),
    ),
  ];
}
