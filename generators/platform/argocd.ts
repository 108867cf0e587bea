import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Namespace } from "kubernetes-models/v1/Namespace";
import { applicationActions } from "../argo/actions.ts";
import { defaultProject, platformProject } from "../argo/app-project.ts";
import { argocdNamespace } from "../argo/application.ts";
import { alertmanagerHealth, applicationHealth, canaryHealth } from "../argo/health.ts";
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
 * it, and the Application `argocd` manages it from then on. The project `platform` is part of it, because the root
 * Application needs one before it can create any. Where the cluster has its own Argo CD, that project and what the
 * Applications here cannot do without: server-side apply adds those keys to what is there, and who may do what with other
 * Applications is not touched.
 */
export function argocd({
  settings: { version, provided },
  url,
  repositories,
  namespaces,
}: ArgocdContext): (KubernetesObject | Document)[] {
  const project = platformProject(repositories, namespaces);
  if (provided)
    return [
      project,
      configMap("argocd-cm", neededSettings, argocdNamespace),
      configMap("argocd-cmd-params-cm", neededParameters, argocdNamespace),
    ];
  const patches = [settings(url), parameters(), permissions()];
  const data = patches.flatMap((patch) => Object.entries(patch.data ?? {}));
  const namespace = new Namespace({ metadata: { name: argocdNamespace, annotations: guarded } });
  const resources = [namespace, defaultProject(), project];
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

const neededSettings = {
  "application.resourceTrackingMethod": "annotation",
  "resource.customizations.actions.argoproj.io_Application": applicationActions,
  "resource.customizations.health.argoproj.io_Application": applicationHealth,
  "resource.customizations.health.flagger.app_Canary": canaryHealth,
  "resource.customizations.health.monitoring.coreos.com_Alertmanager": alertmanagerHealth,
};

const neededParameters = {
  // Differences as the API server sees them, with its defaults filled in.
  "controller.diff.server.side": "true",
  // A sync that waits for a child ends after this many seconds: while it runs, no newer commit is looked at. Longer than
  // the images of a whole platform take.
  "controller.sync.timeout.seconds": "1200",
};

function settings(url?: string): ConfigMap {
  return configMap("argocd-cm", {
    ...(url && { url }),
    ...neededSettings,
    // Who may sync may not choose what: another revision than the Application's needs the right to override.
    "application.sync.requireOverridePrivilegeForRevisionSync": "true",
    // A push reaches Argo CD by webhook; this is for the push whose webhook got lost.
    "timeout.reconciliation": "120s",
    "timeout.reconciliation.jitter": "30s",
  });
}

function parameters(): ConfigMap {
  return configMap("argocd-cmd-params-cm", {
    ...neededParameters,
    // TLS ends at the Istio gateway (https://argo-cd.readthedocs.io/en/stable/operator-manual/ingress/, Istio).
    "server.insecure": "true",
    // A manifest that could not be made is tried again soon (https://github.com/argoproj/argo-cd/issues/26530).
    "reposerver.repo.cache.expiration": "1h",
  });
}

function permissions(): ConfigMap {
  return configMap("argocd-rbac-cm", {
    // Who is logged in may look; who may sync what is said in the projects of the environments.
    "policy.default": "role:readonly",
  });
}

/** @param namespace none where a kustomization gives it: a patch finds what it patches by the name without one */
function configMap(name: string, data: Record<string, string>, namespace?: string): ConfigMap {
  return new ConfigMap({
    metadata: {
      name,
      namespace,
      labels: { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "argocd" },
    },
    data,
  });
}
