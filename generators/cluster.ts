import type { Boundary } from "./admission/boundary.ts";
import { admissionPolicies } from "./admission/index.ts";
import { environmentProject, type ProjectNamespaces, parentProject, parentProjectName } from "./argo/app-project.ts";
import { type ApplicationOptions, application, argocdNamespace } from "./argo/application.ts";
import { waves } from "./argo/waves.ts";
import { type EnvironmentApplication, environmentApplications } from "./environment.ts";
import type { Cluster } from "./model/cluster.ts";
import type { Environment } from "./model/environment.ts";
import type { Input } from "./model/platform.ts";
import { monitoringOf, namespacePattern, type ResolvedEnvironment } from "./model/resolve.ts";
import { argocd } from "./platform/argocd.ts";
import { clusterConfiguration } from "./platform/cluster-configuration.ts";
import { type Component, components } from "./platform/components.ts";
import { type Folder, folders } from "./platform/folders.ts";
import { interfaceUrl } from "./platform/interfaces.ts";
import { platformNamespace, platformNamespaces } from "./platform/namespaces.ts";
import { type KubernetesObject, type Unit, unit } from "./render/output.ts";
import { paths } from "./render/paths.ts";

/** Everything of a cluster but the manifests of its environments: Applications, projects, platform components. */
export function clusterUnits(
  { file, value: cluster }: Input<Cluster>,
  environments: readonly ResolvedEnvironment[],
): Unit[] {
  const { name, repository, provider } = cluster;
  const charts = components(cluster);
  const plain = folders(file, cluster, windowsOf(environments));
  const { made, used, taken } = platformNamespaces(cluster, plain);
  const scrapers = monitoringOf(cluster)?.namespace;
  const settings = {
    settings: cluster.platform.argocd,
    url: interfaceUrl(cluster, "argocd"),
    repositories: [repository.url, ...new Set(charts.map(({ chart }) => chart.repository))],
    namespaces: used,
  };
  const parents = environments.map(({ input }) => input.value);
  return [
    unit(paths.cluster(name), file, "configuration", { name, provider }, clusterConfiguration),
    unit(paths.component(name, "argocd"), file, "argocd", settings, argocd),
    ...made.map((namespace) =>
      unit(paths.component(name, "namespaces"), file, namespace, { namespace, scrapers }, (own) =>
        platformNamespace(own.namespace, own.scrapers),
      ),
    ),
    ...plain.map((folder) => folder.unit),
    ...charts.map((chart) =>
      unit(paths.component(name, chart.name), file, "values", chart.values, (values) => [
        { file: "values.yaml", content: values },
      ]),
    ),
    unit(paths.root(name), file, "root", { repository, name }, rootApplication),
    unit(
      paths.applications(name, "root"),
      file,
      "parents",
      { repository, name, environments: projectsOf(environments, taken) },
      parentApplications,
    ),
    unit(
      paths.applications(name, "root"),
      file,
      "admission",
      {
        repository,
        boundaries: boundariesOf(environments, taken),
        components: {
          istio: cluster.platform.istio !== undefined,
          flagger: cluster.platform.flagger !== undefined,
        },
      },
      admissionPolicies,
    ),
    unit(
      paths.applications(name, "platform"),
      file,
      "platform",
      {
        name,
        repository,
        charts,
        folders: plain.map(({ name, namespace, wave }) => ({ name, namespace, wave })),
        kustomize: !cluster.platform.argocd.provided,
        hasNamespaces: made.length > 0,
      },
      platformApplications,
    ),
    ...environments.map((environment, index) =>
      unit(
        paths.applications(name, parents[index]?.name ?? ""),
        file,
        "applications",
        {
          repository,
          environment: parents[index]?.name ?? "",
          delivery: environment.input.value.delivery,
          applications: environmentApplications(environment),
        },
        childApplications,
      ),
    ),
  ];
}

/** Windows over which objectives count their budgets. */
function windowsOf(environments: readonly ResolvedEnvironment[]): string[] {
  const objectives = environments.flatMap(({ services }) => services.flatMap(({ spec }) => spec.slo ?? []));
  return [...new Set(objectives.map(({ window }) => window))].sort();
}

type Repository = Pick<Cluster, "repository">;

interface ProjectContext extends ProjectNamespaces {
  readonly environment: Pick<Environment, "name" | "delivery">;
}

/** What each environment of a cluster has to itself. */
function boundariesOf(environments: readonly ResolvedEnvironment[], platform: readonly string[]): Boundary[] {
  return projectsOf(environments, platform).map(({ environment, ...namespaces }, index) => {
    const { hosts = [], tls } = environments[index]?.input.value.gateway ?? {};
    return { name: environment.name, sync: environment.delivery.sync, namespaces, hosts, secret: tls?.secret };
  });
}

/** A project of its own for each environment of a cluster. */
function projectsOf(environments: readonly ResolvedEnvironment[], platform: readonly string[]): ProjectContext[] {
  const patterns = environments.map(({ input }) => namespacePattern(input.value));
  return environments.map(({ input: { value } }, index): ProjectContext => {
    const own = patterns[index] ?? "";
    const others = [...patterns, ...platform].filter(
      (other) => other !== own && own.endsWith("*") && other.startsWith(own.slice(0, -1)),
    );
    return { environment: { name: value.name, delivery: value.delivery }, own, others };
  });
}

/** The Application that everything else follows from. It neither prunes nor cascades: an empty render deletes nothing. */
function rootApplication({ name, ...cluster }: Repository & { name: string }): KubernetesObject[] {
  return [
    application(cluster, {
      name: "root",
      project: "platform",
      wave: 0,
      source: { path: paths.applications(name, "root") },
      namespace: argocdNamespace,
      automated: { prune: false, selfHeal: true },
      cascade: false,
      parent: true,
    }),
  ];
}

/** Children of the root: the projects of the environments, the platform, and one parent per environment. */
function parentApplications({
  name,
  environments,
  ...cluster
}: Repository & { name: string; environments: readonly ProjectContext[] }): KubernetesObject[] {
  const parent = (child: string, own: Pick<ApplicationOptions, "project" | "wave" | "automated">) =>
    application(cluster, {
      ...own,
      name: child,
      source: { path: paths.applications(name, child) },
      namespace: argocdNamespace,
      cascade: false,
      parent: true,
    });
  return [
    ...environments.flatMap(({ environment, ...namespaces }) => [
      environmentProject(environment, cluster.repository.url, namespaces),
      parentProject(environment, cluster.repository.url),
    ]),
    parent("platform", {
      project: "platform",
      wave: waves.root.platform,
      automated: { prune: true, selfHeal: true },
    }),
    ...environments.map(({ environment: { name: environment, delivery } }) =>
      parent(environment, {
        project: parentProjectName(environment),
        wave: waves.root.environments,
        automated: automatedSync(delivery),
      }),
    ),
  ];
}

function platformApplications({
  name,
  charts,
  folders,
  kustomize,
  hasNamespaces,
  ...cluster
}: Repository & {
  name: string;
  charts: readonly Component[];
  folders: readonly Pick<Folder, "name" | "namespace" | "wave">[];
  kustomize: boolean;
  hasNamespaces: boolean;
}): KubernetesObject[] {
  const common = { project: "platform", automated: { prune: true, selfHeal: true }, cascade: false };
  const folder = (child: string, wave: number, namespace: string, kustomize = false) =>
    application(cluster, {
      ...common,
      name: child,
      wave,
      source: { path: paths.component(name, child), kustomize },
      namespace,
    });
  return [
    folder("argocd", waves.platform.foundations, argocdNamespace, kustomize),
    ...(hasNamespaces ? [folder("namespaces", waves.platform.namespaces, argocdNamespace)] : []),
    ...folders.map(({ name: child, wave, namespace }) => folder(child, wave, namespace)),
    ...charts.map(({ name: child, namespace, wave, chart }) =>
      application(cluster, {
        ...common,
        name: child,
        wave,
        namespace,
        source: {
          repository: chart.repository,
          chart: chart.name,
          version: chart.version,
          release: child,
          valuesFile: `${paths.component(name, child)}/values.yaml`,
        },
      }),
    ),
  ];
}

interface ChildrenContext extends Repository {
  readonly environment: string;
  readonly delivery: Environment["delivery"];
  readonly applications: readonly EnvironmentApplication[];
}

/** How Argo CD syncs an environment by itself, its parent included: an Application decides how its objects are synced. */
function automatedSync({ sync, prune, selfHeal }: Environment["delivery"]): ApplicationOptions["automated"] {
  return sync === "automated" ? { prune, selfHeal } : undefined;
}

/** One Application per folder of an environment. One that is pruned takes what it has deployed along. */
function childApplications({ environment, delivery, applications, ...cluster }: ChildrenContext): KubernetesObject[] {
  return applications.map(({ name, namespace, wave, scaled }) =>
    application(cluster, {
      name: `${environment}-${name}`,
      project: environment,
      wave,
      namespace,
      source: { path: paths.environment(environment, name) },
      automated: automatedSync(delivery),
      cascade: true,
      scaled,
    }),
  );
}
