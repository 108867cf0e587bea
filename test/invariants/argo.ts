/** What Argo CD does by itself, what waits for a person, and what each project and role may. */
import { matchesGlob } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Invariant, id, type RenderedObject, type View } from "./view.ts";

const platformNamespaces = ["argocd", "istio-system", "istio-ingress", "kube-system", "monitoring", "flagger-system"];

const optionsOf = ({ spec }: RenderedObject): string[] => spec.syncPolicy?.syncOptions ?? [];
const waveOf = ({ metadata }: RenderedObject) => Number(metadata?.annotations?.["argocd.argoproj.io/sync-wave"] ?? 0);

/** Applications by what they are. Names are unique in a cluster, and each fixture has one cluster. */
function applications({ of, environments }: View) {
  const names = new Set(environments.map(({ name }) => name));
  const all = of("Application");
  return {
    root: all.filter(({ metadata }) => metadata?.name === "root"),
    parents: all.filter(({ metadata }) => names.has(metadata?.name ?? "")),
    platform: all.filter(({ spec }) => spec.project === "platform"),
    children: all.filter(({ spec }) => names.has(spec.project)),
    all,
  };
}

export const argo: Readonly<Record<string, Invariant>> = {
  *"root and the platform heal themselves; root neither prunes nor takes anything along when it goes"(view) {
    const { root, platform } = applications(view);
    for (const one of root) {
      const { automated } = one.spec.syncPolicy;
      yield [id(one), automated.selfHeal === true && !automated.prune && !automated.allowEmpty];
    }
    for (const one of platform) {
      yield [
        `${id(one)} heals`,
        one.spec.syncPolicy.automated?.selfHeal === true && !one.spec.syncPolicy.automated.allowEmpty,
      ];
      yield [`${id(one)} goes alone`, one.metadata?.finalizers === undefined];
    }
  },
  *"an environment syncs, prunes and heals by itself as its input says, and its parent no more than it"(view) {
    const { children, parents } = applications(view);
    for (const { name, delivery } of view.environments) {
      const own = children.filter(({ spec }) => spec.project === name);
      yield [name, own.length > 0];
      for (const one of [...own, ...parents.filter(({ metadata }) => metadata?.name === name)]) {
        const { automated } = one.spec.syncPolicy;
        const { sync, prune, selfHeal } = delivery;
        // And nothing besides: neither `allowEmpty` nor `enabled: false`.
        const stated = { ...(prune && { prune }), ...(selfHeal && { selfHeal }) };
        yield [id(one), isDeepStrictEqual(automated, sync === "automated" ? stated : undefined)];
      }
    }
  },
  *"a parent that goes leaves its children; a child that goes takes along what it deployed, in the background"(view) {
    const { parents, root, children } = applications(view);
    for (const one of [...root, ...parents]) yield [id(one), one.metadata?.finalizers === undefined];
    for (const one of children) {
      yield [
        id(one),
        isDeepStrictEqual(one.metadata?.finalizers, ["resources-finalizer.argocd.argoproj.io/background"]),
      ];
      yield [`${id(one)} pruning`, optionsOf(one).includes("PrunePropagationPolicy=background")];
    }
  },
  *"a parent leaves the Applications of others alone"(view) {
    const { parents, root } = applications(view);
    for (const one of [...root, ...parents]) yield [id(one), optionsOf(one).includes("FailOnSharedResource=true")];
  },
  *"an Application applies on the server, prunes last, keeps trying the newest commit, and replaces nothing"(view) {
    const { all, children, platform } = applications(view);
    for (const one of all) {
      const { limit, refresh, backoff } = one.spec.syncPolicy.retry ?? {};
      yield [`${id(one)} retry`, limit >= 5 && refresh === true && Boolean(backoff?.maxDuration)];
      yield [`${id(one)} last`, optionsOf(one).includes("PruneLast=true")];
      const risky = [
        "Replace=true",
        "Force=true",
        "Validate=false",
        "CreateNamespace=true",
        "SkipDryRunOnMissingResource=true",
      ];
      yield [`${id(one)} options`, !optionsOf(one).some((option) => risky.includes(option))];
    }
    for (const one of [...children, ...platform])
      if (!one.spec.source?.path.startsWith("argo-apps/"))
        yield [`${id(one)} server`, optionsOf(one).includes("ServerSideApply=true")];
  },
  *"an Application reads the stated repository and branch, or a chart whose version is pinned"({ of, clusters }) {
    const urls = new Set(clusters.map(({ repository: { url, revision } }) => `${url} ${revision}`));
    for (const one of of("Application"))
      for (const source of one.spec.sources ?? [one.spec.source]) {
        const own = urls.has(`${source.repoURL} ${source.targetRevision}`);
        const chart =
          source.chart && source.repoURL.startsWith("https://") && /^\d+\.\d+\.\d+$/.test(source.targetRevision);
        yield [`${id(one)} ${source.repoURL}`, own || Boolean(chart)];
        if (source.path)
          yield [
            `${id(one)} refresh`,
            one.metadata?.annotations?.["argocd.argoproj.io/manifest-generate-paths"] === `/${source.path}`,
          ];
      }
  },
  *"each wave comes after what it needs"(view) {
    const { all, children, parents } = applications(view);
    const wave = (name: string) => {
      const found = all.find(({ metadata }) => metadata?.name === name);
      return found && waveOf(found);
    };
    const before = function* (first: string, second: string): Iterable<readonly [string, boolean]> {
      const [one, other] = [wave(first), wave(second)];
      if (one !== undefined && other !== undefined) yield [`${first} before ${second}`, one < other];
    };
    yield* before("namespaces", "istiod");
    yield* before("istio-base", "istiod");
    yield* before("istiod", "mesh");
    yield* before("istiod", "istio-ingressgateway");
    yield* before("istio-cni", "istio-ingressgateway");
    yield* before("istio-ingressgateway", "flagger");
    for (const chart of ["kube-prometheus-stack", "istio-base"])
      for (const folder of ["monitors", "rules", "interfaces"]) yield* before(chart, folder);
    for (const project of view.of("AppProject"))
      for (const parent of parents)
        if (project.metadata?.annotations?.["argocd.argoproj.io/sync-wave"])
          yield [`${id(project)} before ${id(parent)}`, waveOf(project) < waveOf(parent)];
    for (const parent of parents) yield* before("platform", parent.metadata?.name ?? "");
    for (const { name, services, dataStores } of view.environments) {
      const of = (own: string) => children.find(({ metadata }) => metadata?.name === `${name}-${own}`);
      const order = [["namespaces"], Object.keys(dataStores), Object.keys(services), ["routes"]].map((names) =>
        names.flatMap((own) => of(own) ?? []),
      );
      for (const [index, later] of order.entries())
        for (const one of later)
          for (const earlier of order.slice(0, index).flat())
            yield [`${id(earlier)} before ${id(one)}`, waveOf(earlier) < waveOf(one)];
    }
  },
  *"a project takes its own repository, namespaces and kinds, and the default one takes nothing"({
    of,
    environments,
    clusterOf,
    one,
  }) {
    for (const { spec } of of("AppProject").filter(({ metadata }) => metadata?.name === "default")) {
      yield [
        "default",
        isDeepStrictEqual([spec.sourceRepos, spec.destinations, spec.clusterResourceWhitelist], [[], [], []]),
      ];
      yield [
        "default kinds",
        isDeepStrictEqual(
          spec.namespaceResourceBlacklist?.map((one: any) => ({ ...one })),
          [{ group: "*", kind: "*" }],
        ),
      ];
    }
    for (const environment of environments)
      for (const name of [environment.name, `${environment.name}-parent`]) {
        const { sourceRepos, destinations } = one("AppProject", name, "argocd").spec;
        yield [name, isDeepStrictEqual([...sourceRepos], [clusterOf(environment).repository.url])];
        for (const { server, namespace } of destinations)
          yield [`${name} ${namespace}`, server === "https://kubernetes.default.svc" && namespace !== "*"];
      }
    for (const { spec } of of("AppProject").filter(({ metadata }) => metadata?.name === "platform")) {
      const wild = [...spec.sourceRepos, ...spec.destinations.map(({ namespace }: any) => namespace)].filter((text) =>
        text.includes("*"),
      );
      yield ["platform", wild.length === 0];
      yield [
        "platform kinds",
        spec.clusterResourceWhitelist.every(({ group, kind }: any) => group !== "*" && kind !== "*"),
      ];
    }
  },
  *"an environment's project names its kinds one by one, and no namespace of the platform"({ environments, one }) {
    for (const { name } of environments) {
      const { destinations, clusterResourceWhitelist, namespaceResourceWhitelist } = one(
        "AppProject",
        name,
        "argocd",
      ).spec;
      const kinds = namespaceResourceWhitelist.map(({ group, kind }: any) => group + kind);
      // Roles, Secrets, what runs once, and what istiod reads besides: Ingress and the Gateway API.
      const risky = /\*|Role|Secret|Job|Pod$|DaemonSet|Application|Ingress|Route$|gateway\.|Workload|Wasm/;
      yield [`${name} kinds`, kinds.length > 0 && !kinds.some((kind: string) => risky.test(kind))];
      const clusterKinds = clusterResourceWhitelist.map(({ kind }: any) => kind);
      yield [`${name} cluster`, isDeepStrictEqual(clusterKinds, ["Namespace"])];
      for (const namespace of platformNamespaces)
        yield [`${name} ${namespace}`, !destinations.some((item: any) => matchesGlob(namespace, item.namespace))];
    }
  },
  *"the project of an environment's parent holds Applications alone, and of Applications that parent alone"(view) {
    const { all } = applications(view);
    for (const { name, cluster } of view.environments) {
      const { source, project } = view.one("Application", name, "argocd").spec;
      yield [`${name} source`, source.path === `argo-apps/${cluster}/${name}`];
      const { destinations, ...lists } = view.one("AppProject", project, "argocd").spec;
      const namespaces = destinations.map(({ namespace }: any) => namespace);
      yield [`${name} destinations`, isDeepStrictEqual(namespaces, ["argocd"])];
      const kinds = lists.namespaceResourceWhitelist.map(({ group, kind }: any) => `${group}/${kind}`);
      yield [`${name} kinds`, isDeepStrictEqual(kinds, ["argoproj.io/Application"])];
      yield [`${name} cluster`, lists.clusterResourceWhitelist.length === 0];
      const members = all.filter(({ spec }) => spec.project === project).map(({ metadata }) => metadata?.name);
      yield [`${name} members`, isDeepStrictEqual(members, [name])];
    }
  },
  *"the API server holds every environment to its own Applications, hosts and namespaces"(view) {
    for (const { name, gateway, delivery } of view.environments) {
      const says = (policy: string, text: string) =>
        JSON.stringify(view.one("ValidatingAdmissionPolicy", `slipway-${policy}`).spec).includes(text);
      yield [`${name} parent`, says("applications", `'${name}-parent'`) === (delivery.sync === "manual")];
      for (const policy of [
        "applications",
        "namespaces",
        "services",
        "gateways",
        "virtual-services",
        "service-entries",
      ])
        yield [`${name} ${policy}`, says(policy, `? '${name}' :`)];
      for (const host of gateway?.hosts ?? []) yield [`${name} ${host}`, says("gateways", `'${host}'`)];
    }
  },
  *"deployers are the stated groups, and may look, sync and confirm: in their own projects"({ of, environments }) {
    const known = ["get", "sync", "action/argoproj.io/Application/confirm-deletion"];
    for (const project of of("AppProject")) {
      const name = project.metadata?.name ?? "";
      const owner = environments.find((one) => [one.name, `${one.name}-parent`].includes(name));
      const roles = project.spec.roles ?? [];
      yield [name, roles.length > 0 === (owner?.delivery.deployers !== undefined)];
      for (const { groups, policies } of roles) {
        yield [`${name} groups`, isDeepStrictEqual([...groups], owner?.delivery.deployers)];
        for (const policy of policies) {
          const [p, role, resource, action = "", object, effect] = policy.split(", ");
          const shape =
            p === "p" && role === `proj:${name}:deployer` && resource === "applications" && effect === "allow";
          yield [`${name} ${policy}`, shape && known.includes(action) && object === `${name}/*`];
        }
      }
    }
  },
  *"times in which syncs are allowed or denied are the stated ones, for the environment and its parent"({
    environments,
    one,
  }) {
    for (const { name, delivery } of environments)
      for (const project of [name, `${name}-parent`]) {
        const found = one("AppProject", project, "argocd").spec.syncWindows?.map(({ applications, ...rest }: any) => ({
          ...rest,
          all: applications[0] === "*",
        }));
        yield [
          project,
          isDeepStrictEqual(
            found,
            delivery.windows?.map((window) => ({ ...window, all: true })),
          ),
        ];
      }
  },
  *"whoever is logged in to Argo CD may look, and no more"({ clusters, of }) {
    for (const { name, platform } of clusters) {
      if (platform.argocd.provided) continue;
      const { data } = of("ConfigMap").find(({ metadata }) => metadata?.name === "argocd-rbac-cm") as any;
      yield [name, data["policy.default"] === "role:readonly" && !data["policy.csv"]];
    }
  },
  *"Argo CD tracks by annotation, compares on the server, knows when Applications are healthy, and ends a sync that hangs"({
    of,
    clusters,
  }) {
    for (const { name, platform } of clusters) {
      const data = (map: string) => (of("ConfigMap").find(({ metadata }) => metadata?.name === map) as any)?.data ?? {};
      const [settings, parameters] = [data("argocd-cm"), data("argocd-cmd-params-cm")];
      yield [`${name} tracking`, settings["application.resourceTrackingMethod"] === "annotation"];
      yield [`${name} diff`, parameters["controller.diff.server.side"] === "true"];
      yield [`${name} timeout`, Number(parameters["controller.sync.timeout.seconds"]) > 0];
      for (const kind of ["argoproj.io_Application", "flagger.app_Canary", "monitoring.coreos.com_Alertmanager"])
        yield [`${name} health of ${kind}`, settings[`resource.customizations.health.${kind}`]?.includes("status")];
      if (platform.argocd.provided) continue;
      yield [`${name} override`, settings["application.sync.requireOverridePrivilegeForRevisionSync"] === "true"];
      yield [`${name} anonymous`, settings["users.anonymous.enabled"] === undefined];
    }
  },
  *"admission policies refuse, also when they fail, and each is bound"({ of }) {
    const [policies, bindings] = [of("ValidatingAdmissionPolicy"), of("ValidatingAdmissionPolicyBinding")];
    yield ["bindings", bindings.length === policies.length];
    for (const policy of policies) {
      const { failurePolicy, validations, matchConstraints } = policy.spec;
      yield [`${id(policy)} fails`, failurePolicy === "Fail" && validations.length > 0];
      const [{ apiVersions, scope, operations }] = matchConstraints.resourceRules;
      const writes = operations.includes("DELETE") || (operations.includes("CREATE") && operations.includes("UPDATE"));
      yield [`${id(policy)} matches`, isDeepStrictEqual([...apiVersions], ["*"]) && scope === "*" && writes];
      const bound = bindings.filter(({ spec }) => spec.policyName === policy.metadata?.name);
      const denies = bound.every(
        ({ spec }) => isDeepStrictEqual([...spec.validationActions], ["Deny"]) && !spec.matchResources,
      );
      yield [`${id(policy)} bound`, bound.length === 1 && denies];
    }
  },
};
