import { Application } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application";
import type { Cluster } from "../model/cluster.ts";
import { groupLabels } from "../workloads/labels.ts";
import { syncWave } from "./waves.ts";

/** The namespace of Argo CD and of all Applications. */
export const argocdNamespace = "argocd";

/** A folder of this repository: plain manifests, or a kustomization. */
export interface Folder {
  readonly path: string;
  readonly kustomize?: boolean;
}

/** A chart of a Helm repository; its values are a rendered file of this repository. */
export interface Chart {
  readonly repository: string;
  readonly chart: string;
  readonly version: string;
  readonly release: string;
  readonly valuesFile: string;
}

export interface ApplicationOptions {
  readonly name: string;
  readonly project: string;
  readonly wave: number;
  /** Folder of this repository, or a chart. */
  readonly source: Folder | Chart;
  /** Namespace for objects that name none; its project must allow it in any case. */
  readonly namespace: string;
  /** Automated sync; without it a person syncs. */
  readonly automated?: { readonly prune: boolean; readonly selfHeal: boolean };
  /** Whether deleting the Application deletes what it deployed. */
  readonly cascade: boolean;
  /** Whether it deploys Applications: a parent. */
  readonly parent?: boolean;
  /** Deployments whose number of pods an autoscaler or Flagger sets. */
  readonly scaled?: readonly ScaledDeployment[];
}

/** A Deployment whose `replicas` in Git count only when it is created. */
export interface ScaledDeployment {
  readonly name: string;
  /** Whether 0 replicas are kept too. An autoscaler never leaves 0; Flagger scales its target to 0. */
  readonly keepsNone: boolean;
}

/** An Application of this cluster: where it reads, where it deploys, how it syncs. */
export function application({ repository }: Pick<Cluster, "repository">, options: ApplicationOptions): Application {
  const { name, source, scaled = [] } = options;
  return new Application({
    metadata: {
      name,
      namespace: argocdNamespace,
      labels: groupLabels(options.project),
      annotations: {
        ...syncWave(options.wave),
        // A webhook refreshes only the Applications whose folder a push has touched.
        ...("path" in source && { "argocd.argoproj.io/manifest-generate-paths": `/${source.path}` }),
        // A server-side diff of Applications is about their status too
        // (https://github.com/argoproj/argo-cd/issues/17394), so parents are compared without one.
        ...(options.parent && { "argocd.argoproj.io/compare-options": "ServerSideDiff=false" }),
      },
      finalizers: options.cascade ? ["resources-finalizer.argocd.argoproj.io/background"] : undefined,
    },
    spec: {
      project: options.project,
      destination: { server: "https://kubernetes.default.svc", namespace: options.namespace },
      ...("path" in source
        ? { source: folderSource(repository, source) }
        : { sources: chartSources(repository, source) }),
      syncPolicy: {
        automated: options.automated && whatIsTrue(options.automated),
        // Pruned in the foreground, a Canary's pods would be gone before Flagger has given their traffic back.
        // FailOnSharedResource: a parent leaves the Applications of others alone, hooks and forced replacements included.
        syncOptions: options.parent
          ? ["PruneLast=true", "FailOnSharedResource=true"]
          : [
              "ServerSideApply=true",
              "PruneLast=true",
              "PrunePropagationPolicy=background",
              ...(scaled.length > 0 ? ["RespectIgnoreDifferences=true"] : []),
            ],
        // `refresh` retries the newest commit and not the one that failed.
        retry: { limit: 10, refresh: true, backoff: { duration: "5s", factor: 2, maxDuration: "3m" } },
      },
      ignoreDifferences: scaled.length > 0 ? scaled.map(ignoredReplicas) : undefined,
      revisionHistoryLimit: 5,
    },
  });
}

/**
 * The live number of pods is neither a difference nor set back: with `RespectIgnoreDifferences` a sync applies the live
 * value in place of Git's
 * (https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#respect-ignore-difference-configs).
 */
function ignoredReplicas({ name, keepsNone }: ScaledDeployment) {
  return {
    group: "apps",
    kind: "Deployment",
    name,
    ...(keepsNone
      ? { jsonPointers: ["/spec/replicas"] }
      : { jqPathExpressions: [".spec | select(.replicas > 0) | .replicas"] }),
  };
}

/**
 * Settings that are off are left out: Argo CD writes an Application without them when it begins a sync, which its parent
 * would see as a difference. Off is their default, `allowEmpty` too: an empty render deletes nothing.
 */
function whatIsTrue(settings: Readonly<Record<string, boolean>>): Record<string, true> {
  return Object.fromEntries(Object.entries(settings).flatMap(([name, on]) => (on ? [[name, true]] : [])));
}

function folderSource({ url, revision }: Cluster["repository"], { path, kustomize }: Folder) {
  return { repoURL: url, targetRevision: revision, path, ...(!kustomize && { directory: { recurse: true } }) };
}

function chartSources({ url, revision }: Cluster["repository"], chart: Chart) {
  return [
    {
      repoURL: chart.repository,
      chart: chart.chart,
      targetRevision: chart.version,
      helm: { releaseName: chart.release, valueFiles: [`$values/${chart.valuesFile}`] },
    },
    { repoURL: url, targetRevision: revision, ref: "values" },
  ];
}
