import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Namespace } from "kubernetes-models/v1/Namespace";
import { defaultProject, platformProject } from "../argo/app-project.ts";
import { argocdNamespace } from "../argo/application.ts";
import { applicationHealth, canaryHealth } from "../argo/health.ts";
import { guarded } from "../argo/sync-options.ts";
import type { Cluster } from "../model/cluster.ts";
import { type Document, fileName, type KubernetesObject } from "../render/output.ts";
import { toYaml } from "../render/yaml.ts";
import { configChecksum } from "../workloads/pod.ts";

/** What Argo CD's installation follows from. */
export interface ArgocdContext {
  readonly settings: Cluster["platform"]["argocd"];
  /** Where people reach its user interface, if the gateway serves it. */
  readonly url?: string;
  /** Repositories and namespaces of the project `platform`. */
  readonly repositories: readonly string[];
  readonly namespaces: readonly string[];
}

/**
 * Argo CD as a kustomization: the release's manifests with our settings on top. `kubectl apply --server-side -k` installs
 * it, and the Application `argocd` manages it from then on. Where the cluster has its own Argo CD, the settings alone:
 * server-side apply adds their keys to what is there. The projects `default` and `platform` are part of it,
 * because the root Application needs one before it can create any.
 */
export function argocd({
  settings: { version, provided },
  url,
  repositories,
  namespaces,
}: ArgocdContext): (KubernetesObject | Document)[] {
  const projects = [defaultProject(), platformProject(repositories, namespaces)];
  // A patch finds what it patches by name and namespace, and the release's manifests name no namespace.
  const namespace = provided ? argocdNamespace : undefined;
  const patches = [settings(namespace, url), parameters(namespace), permissions(namespace)];
  const data = patches.flatMap((patch) => Object.entries(patch.data ?? {}));
  if (provided) return [...projects, ...patches];
  const resources = [new Namespace({ metadata: { name: argocdNamespace, annotations: guarded } }), ...projects];
  return [
    ...resources,
    ...patches,
    {
      file: "kustomization.yaml",
      content: {
        apiVersion: "kustomize.config.k8s.io/v1beta1",
        kind: "Kustomization",
        namespace: argocdNamespace,
        resources: [
          `https://raw.githubusercontent.com/argoproj/argo-cd/${version}/manifests/install.yaml`,
          ...resources.map(fileName),
        ],
        patches: [
          ...patches.map((patch) => ({ path: fileName(patch) })),
          // Argo CD's pods read most of these settings as environment variables, at their start.
          { target: { kind: "Deployment|StatefulSet" }, patch: restartOn(Object.fromEntries(data)) },
        ],
      },
    },
  ];
}

function restartOn(data: Record<string, string>): string {
  const annotations = configChecksum(data);
  return toYaml({
    apiVersion: "apps/v1",
    kind: "any",
    metadata: { name: "any" },
    spec: { template: { metadata: { annotations } } },
  });
}

function settings(namespace?: string, url?: string): ConfigMap {
  return configMap(namespace, "argocd-cm", {
    ...(url && { url }),
    "application.resourceTrackingMethod": "annotation",
    "resource.customizations.health.argoproj.io_Application": applicationHealth,
    "resource.customizations.health.flagger.app_Canary": canaryHealth,
    // A push reaches Argo CD by webhook; this is for the push whose webhook got lost.
    "timeout.reconciliation": "120s",
    "timeout.reconciliation.jitter": "30s",
  });
}

function parameters(namespace?: string): ConfigMap {
  return configMap(namespace, "argocd-cmd-params-cm", {
    // Differences as the API server sees them, with its defaults filled in.
    "controller.diff.server.side": "true",
    // TLS ends at the Istio gateway (https://argo-cd.readthedocs.io/en/stable/operator-manual/ingress/, Istio).
    "server.insecure": "true",
    // A sync that waits for a child ends after this many seconds: while it runs, no newer commit is looked at. Longer than
    // the images of a whole platform take.
    "controller.sync.timeout.seconds": "1200",
    // A manifest that could not be made is tried again soon (https://github.com/argoproj/argo-cd/issues/26530).
    "reposerver.repo.cache.expiration": "1h",
  });
}

function permissions(namespace?: string): ConfigMap {
  return configMap(namespace, "argocd-rbac-cm", {
    // Who is logged in may look; who may sync what is said in the projects of the environments.
    "policy.default": "role:readonly",
  });
}

function configMap(namespace: string | undefined, name: string, data: Record<string, string>): ConfigMap {
  return new ConfigMap({
    metadata: {
      name,
      namespace,
      labels: { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "argocd" },
    },
    data,
  });
}
