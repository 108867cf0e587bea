import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { Namespace } from "kubernetes-models/v1/Namespace";
import { argocdNamespace } from "../argo/application.ts";
import { guarded } from "../argo/sync-options.ts";
import type { Cluster } from "../model/cluster.ts";
import { ingress, loadTester, monitoring, tracing } from "../model/resolve.ts";
import type { KubernetesObject } from "../render/output.ts";
import { namespacePeer, tcp } from "../security/network-policy.ts";
import { groupLabels } from "../workloads/labels.ts";
import { componentNamespaces, components } from "./components.ts";
import type { Folder } from "./folders.ts";
import { gitServer } from "./gitea.ts";

/** Namespaces that are there before the platform, made by Kubernetes and by Argo CD's own Application. */
const given = ["default", "kube-system", "kube-public", "kube-node-lease", argocdNamespace];

/** The namespaces of a cluster's platform. */
export interface PlatformNamespaces {
  /** Those that it makes, sorted. */
  readonly made: readonly string[];
  /** Those that its Applications deploy to, sorted. */
  readonly used: readonly string[];
  /** Those that no environment may have: besides these, the ones that Kubernetes makes and those of components that were there before. */
  readonly taken: readonly string[];
}

/** Follows from what the components and folders of the cluster say of themselves. */
export function platformNamespaces(cluster: Cluster, folders: readonly Folder[]): PlatformNamespaces {
  const ofComponents = componentNamespaces(cluster);
  const made = [
    ...ofComponents.filter((namespace) => namespace.made).map(({ name }) => name),
    ...folders.filter(({ ownNamespace }) => ownNamespace).map(({ namespace }) => namespace),
  ].filter((name) => !given.includes(name));
  const charts = components(cluster).flatMap(({ namespace, furtherNamespaces = [] }) => [
    namespace,
    ...furtherNamespaces,
  ]);
  const used = [argocdNamespace, ...made, ...charts, ...folders.map(({ namespace }) => namespace)];
  return {
    made: [...new Set(made)].sort(),
    used: [...new Set(used)].sort(),
    taken: [...new Set([...given, ...used, ...ofComponents.map(({ name }) => name)])].sort(),
  };
}

const injected = [ingress.namespace, loadTester.namespace];

/**
 * A namespace of platform components, and who may reach its pods where nothing else guards them.
 *
 * @param scrapers namespace of Prometheus and Grafana, if there are any
 */
export function platformNamespace(name: string, scrapers: string | undefined): KubernetesObject[] {
  const allowed = ingressRules(scrapers)[name];
  return [
    new Namespace({
      metadata: {
        name,
        labels: {
          ...groupLabels("platform"),
          // The ingress gateway is injected: its chart leaves the image to istiod. Flagger and its load tester call each
          // other and the services as members of the mesh. Everything else is outside of it.
          "istio-injection": injected.some((own) => own === name) ? "enabled" : "disabled",
          // `baseline` for Istio: its charts' pods state no seccomp profile.
          "pod-security.kubernetes.io/enforce": allowed ? "restricted" : "baseline",
        },
        annotations: guarded,
      },
    }),
    ...(allowed
      ? [
          new NetworkPolicy({
            metadata: { name, namespace: name },
            spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: allowed },
          }),
        ]
      : []),
  ];
}

type IngressRules = NonNullable<NonNullable<ConstructorParameters<typeof NetworkPolicy>[0]>["spec"]>["ingress"];

/** Prometheus, Alertmanager, Jaeger and the Git server let in everybody who reaches them, and are outside of the mesh. */
const ingressRules = (scrapers: string | undefined): Readonly<Record<string, IngressRules>> => ({
  // Argo CD reads the repository; people reach it through the gateway, and bootstrap through the API server.
  [gitServer.namespace]: [
    { from: [namespacePeer(argocdNamespace), namespacePeer(ingress.namespace)], ports: tcp([gitServer.port]) },
  ],
  [monitoring.namespace]: [
    { from: [namespacePeer(monitoring.namespace)] },
    // The user interfaces: Grafana, Prometheus, Alertmanager.
    { from: [namespacePeer(ingress.namespace)], ports: tcp([3000, 9090, 9093]) },
    // Kiali and Flagger ask Prometheus.
    { from: [namespacePeer("istio-system"), namespacePeer(loadTester.namespace)], ports: tcp([9090]) },
  ],
  [tracing.namespace]: [
    {
      from: [{ namespaceSelector: { matchLabels: { "istio-injection": "enabled" } } }],
      ports: tcp(Object.values(tracing.ports)),
    },
    { from: [namespacePeer(ingress.namespace)], ports: tcp([16686]) },
    // Grafana and Kiali ask Jaeger, Prometheus scrapes it.
    {
      from: [...(scrapers === undefined ? [] : [scrapers]), "istio-system"].map(namespacePeer),
      ports: tcp([8888, 16685, 16686]),
    },
  ],
});
