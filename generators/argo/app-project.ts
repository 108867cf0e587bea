import { AppProject } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/AppProject";
import type { Environment } from "../model/environment.ts";
import { confirmDeletion } from "./actions.ts";
import { argocdNamespace } from "./application.ts";
import { syncWave, waves } from "./waves.ts";

const here = "https://kubernetes.default.svc";

/** Of a project that the root brings: it is there before the Applications that name it. */
const first = syncWave(waves.root.projects);

/** Argo CD's own project, stripped: what names no other project deploys nothing. */
export function defaultProject(): AppProject {
  return new AppProject({
    metadata: { name: "default", namespace: argocdNamespace },
    spec: {
      description: "Deploys nothing, on purpose: every Application names its project.",
      sourceRepos: [],
      destinations: [],
      clusterResourceWhitelist: [],
      namespaceResourceBlacklist: [{ group: "*", kind: "*" }],
    },
  });
}

/** The project of everything that belongs to the cluster: root, parents, platform components. */
export function platformProject(repositories: readonly string[], namespaces: readonly string[]): AppProject {
  return new AppProject({
    metadata: { name: "platform", namespace: argocdNamespace },
    spec: {
      description: "Argo CD itself, the mesh and the other components of the cluster.",
      sourceRepos: [...repositories],
      destinations: namespaces.map((namespace) => ({ server: here, namespace })),
      clusterResourceWhitelist: [
        { group: "", kind: "Namespace" },
        { group: "apiregistration.k8s.io", kind: "APIService" },
        { group: "apiextensions.k8s.io", kind: "CustomResourceDefinition" },
        { group: "rbac.authorization.k8s.io", kind: "ClusterRole" },
        { group: "rbac.authorization.k8s.io", kind: "ClusterRoleBinding" },
        { group: "admissionregistration.k8s.io", kind: "MutatingWebhookConfiguration" },
        { group: "admissionregistration.k8s.io", kind: "ValidatingAdmissionPolicy" },
        { group: "admissionregistration.k8s.io", kind: "ValidatingAdmissionPolicyBinding" },
        { group: "admissionregistration.k8s.io", kind: "ValidatingWebhookConfiguration" },
      ],
    },
  });
}

/** Every kind that an environment's folders hold: a Role, a Secret or a CronJob from there is refused by Argo CD. */
const environmentKinds = [
  { group: "", kind: "ConfigMap" },
  { group: "", kind: "LimitRange" },
  { group: "", kind: "PersistentVolumeClaim" },
  { group: "", kind: "ResourceQuota" },
  { group: "", kind: "Service" },
  { group: "", kind: "ServiceAccount" },
  { group: "apps", kind: "Deployment" },
  { group: "apps", kind: "StatefulSet" },
  { group: "autoscaling", kind: "HorizontalPodAutoscaler" },
  { group: "flagger.app", kind: "Canary" },
  { group: "flagger.app", kind: "MetricTemplate" },
  { group: "monitoring.coreos.com", kind: "PrometheusRule" },
  ...["DestinationRule", "EnvoyFilter", "Gateway", "ServiceEntry", "Sidecar", "VirtualService"].map((kind) => ({
    group: "networking.istio.io",
    kind,
  })),
  { group: "networking.k8s.io", kind: "NetworkPolicy" },
  { group: "policy", kind: "PodDisruptionBudget" },
  { group: "security.istio.io", kind: "AuthorizationPolicy" },
  { group: "security.istio.io", kind: "PeerAuthentication" },
  { group: "telemetry.istio.io", kind: "Telemetry" },
];

/** The namespaces of an environment, as globs. */
export interface ProjectNamespaces {
  /** Its own. A service that is removed needs its namespace in the project until Argo CD has deleted what is in it. */
  readonly own: string;
  /** Those within the glob that belong to others. */
  readonly others: readonly string[];
}

/** The project of one environment: its own namespaces, this repository, no cluster-scoped kind but those namespaces. */
export function environmentProject(
  environment: Pick<Environment, "name" | "delivery">,
  repository: string,
  { own, others }: ProjectNamespaces,
): AppProject {
  const { name, delivery } = environment;
  const namespaces = (list: readonly string[]) =>
    list.map((namespace) => ({ group: "", kind: "Namespace", name: namespace }));
  return new AppProject({
    metadata: { name, namespace: argocdNamespace, annotations: first },
    spec: {
      description: `The services of ${name}.`,
      sourceRepos: [repository],
      destinations: destinations({ own, others }).map((namespace) => ({ server: here, namespace })),
      clusterResourceWhitelist: namespaces([own]),
      clusterResourceBlacklist: others.length > 0 ? namespaces(others) : undefined,
      namespaceResourceWhitelist: environmentKinds,
      roles: deployers(name, name, delivery, ["get", "sync"]),
      syncWindows: windows(delivery),
    },
  });
}

/**
 * The own namespaces without those of others. Argo CD takes an exception that does not apply for a permission: of `prod-*` and
 * `!prod-eu-*` the latter would allow kube-system. So what does not begin as the own namespaces do is an exception too.
 */
function destinations({ own, others }: ProjectNamespaces): string[] {
  if (others.length === 0) return [own];
  const letters = [...own.replace(/\*$/, "")];
  const beyond = letters.flatMap((letter, index) => {
    const before = letters.slice(0, index).join("");
    return [`${before}[!${letter}]*`, ...(before ? [before] : [])];
  });
  return [own, ...others.map((other) => `!${other}`), `!{${beyond.join(",")}}`];
}

/** Name of the project of an environment's parent. */
export function parentProjectName(environment: string): string {
  return `${environment}-parent`;
}

/**
 * The project of an environment's parent: Applications and nothing else. What those Applications may be, a project cannot
 * say: `admission/applications.ts` does.
 */
export function parentProject(
  { name, delivery }: Pick<Environment, "name" | "delivery">,
  repository: string,
): AppProject {
  const project = parentProjectName(name);
  return new AppProject({
    metadata: { name: project, namespace: argocdNamespace, annotations: first },
    spec: {
      description: `The parent of ${name}: its Applications.`,
      sourceRepos: [repository],
      destinations: [{ server: here, namespace: argocdNamespace }],
      clusterResourceWhitelist: [],
      namespaceResourceWhitelist: [{ group: "argoproj.io", kind: "Application" }],
      roles: deployers(project, name, delivery, ["get", "sync", `action/argoproj.io/Application/${confirmDeletion}`]),
      // Pruning an Application deletes what it has deployed.
      syncWindows: windows(delivery),
    },
  });
}

/**
 * The role of an environment's deployers in one of its projects. It lacks `update`, which would let them change the source
 * of an Application, and `override`, with which they could sync another revision or files of their own.
 */
function deployers(
  project: string,
  environment: string,
  { deployers: groups }: Environment["delivery"],
  actions: readonly string[],
) {
  return (
    groups && [
      {
        name: "deployer",
        description: `May look at and sync the Applications of ${environment}, and confirm deletions.`,
        groups,
        policies: actions.map((action) => `p, proj:${project}:deployer, applications, ${action}, ${project}/*, allow`),
      },
    ]
  );
}

function windows({ windows }: Environment["delivery"]) {
  return windows?.map(({ kind, schedule, duration, timeZone, manualSync }) => ({
    kind,
    schedule,
    duration,
    timeZone,
    manualSync,
    applications: ["*"],
  }));
}
