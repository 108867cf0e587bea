import { matchesGlob } from "node:path";
import { describe, expect, test } from "vitest";
import { paths } from "../generators/render/paths.ts";
import { filesOf, objectsOf, platformFolders, platformIn, type Rendered } from "./support.ts";

const identity = ({ object }: Rendered) =>
  [object.apiVersion, object.kind, object.metadata?.namespace ?? "", object.metadata?.name].join("/");

/** API groups that only exist once a component is there, with the Application that brings their CRDs. */
const crdOwners: Readonly<Record<string, string>> = {
  "flagger.app": "flagger",
  "networking.istio.io": "istio-base",
  "security.istio.io": "istio-base",
  "telemetry.istio.io": "istio-base",
  "monitoring.coreos.com": "kube-prometheus-stack",
};

const group = (apiVersion: string) => (apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "");
const below = (folder: string, top: string) => folder === top || folder.startsWith(`${top}/`);
/** Whether a project's destinations have a namespace, as Argo CD reads them: any glob that matches, and no denied one. */
function permits({ destinations }: { destinations: readonly { namespace: string }[] }, namespace: string): boolean {
  const matching = destinations.filter((item) => matchesGlob(namespace, item.namespace.replace(/^!/, "")));
  return matching.length > 0 && matching.every((item) => !item.namespace.startsWith("!"));
}

/** Whether the first of two positions, each a wave per level of the tree, comes after the second. */
function isLater(one: readonly number[], other: readonly number[]): boolean {
  const level = one.findIndex((wave, index) => wave !== other[index]);
  return level >= 0 && (one[level] ?? 0) > (other[level] ?? Number.NEGATIVE_INFINITY);
}

describe.each(Object.entries(platformFolders))("%s", (_name, folder) => {
  const platform = platformIn(folder);
  const objects = objectsOf(platform);
  const files = filesOf(platform);
  const ofKind = (kind: string) => objects.filter(({ object }) => object.kind === kind);
  const applications = ofKind("Application").map(({ object }) => object);

  test("every object passes the validation of its model", () => {
    for (const { object } of objects) {
      const { validate } = object as unknown as { validate?: () => void };
      if (validate) expect(() => validate.call(object), identity({ folder, object })).not.toThrow();
    }
    // Flagger's kinds have no models; the API server checks them by their CRDs (test/cluster).
    const without = objects.filter(({ object }) => !("validate" in object)).map(({ object }) => object.apiVersion);
    expect(without.filter((apiVersion) => apiVersion !== "flagger.app/v1beta1")).toEqual([]);
  });

  test("no object is there twice, and none is a Secret", () => {
    const all = objects.map(identity);
    expect(all.filter((one, index) => all.indexOf(one) !== index)).toEqual([]);
    expect(ofKind("Secret")).toEqual([]);
  });

  test("every Application reads a folder that is rendered, and every folder has its Application", () => {
    const sources = applications.flatMap(({ spec }) => (spec.source ? [spec.source.path as string] : []));
    for (const source of sources)
      expect(
        [...files.keys()].some((path) => below(path, source)),
        source,
      ).toBe(true);
    const charts = applications.flatMap(({ spec }) => spec.sources ?? []);
    for (const file of charts.flatMap(({ helm }) => helm?.valueFiles ?? [])) {
      expect(files.has(file.replace("$values/", "")), file).toBe(true);
    }
    const unclaimed = objects.filter(
      (one) => one.object.metadata?.name !== "root" && !sources.some((source) => below(one.folder, source)),
    );
    expect(unclaimed.map(identity)).toEqual([]);
  });

  test("every Application may deploy what its folder holds: namespaces, kinds, repository", () => {
    const projects = new Map(ofKind("AppProject").map(({ object }) => [object.metadata?.name, object.spec]));
    for (const { metadata, spec } of applications) {
      const project = projects.get(spec.project);
      const repositories = (spec.sources ?? [spec.source]).map(({ repoURL }: { repoURL: string }) => repoURL);
      expect(permits(project, spec.destination.namespace), metadata?.name).toBe(true);
      expect(project?.sourceRepos, metadata?.name).toEqual(expect.arrayContaining(repositories));
      for (const { object } of objects.filter((one) => spec.source && below(one.folder, spec.source.path))) {
        const of = { group: group(object.apiVersion), kind: object.kind };
        const clusterScoped = /^(Namespace|ValidatingAdmissionPolicy.*)$/.test(of.kind);
        const namespace = object.metadata?.namespace ?? spec.destination.namespace;
        const whitelist = clusterScoped ? project.clusterResourceWhitelist : project.namespaceResourceWhitelist;
        const allowed = whitelist?.some(
          (item: { group: string; kind: string; name?: string }) =>
            item.group === of.group &&
            ["*", of.kind].includes(item.kind) &&
            (item.name === undefined || matchesGlob(object.metadata?.name ?? "", item.name)),
        );
        // Argo CD lets a project without a whitelist hold every namespaced kind, and no other.
        const unlisted = !clusterScoped && spec.project === "platform";
        expect(allowed ?? unlisted, `${metadata?.name}: ${identity({ folder, object })}`).toBe(true);
        if (clusterScoped) continue;
        expect(permits(project, namespace), `${metadata?.name}: ${identity({ folder, object })}`).toBe(true);
      }
    }
  });

  test("every sync option is one that Argo CD knows: it ignores any other without a word", () => {
    const known =
      /^(FailOnSharedResource=true|ServerSideApply=true|PruneLast=true|PrunePropagationPolicy=background|RespectIgnoreDifferences=true|Prune=(confirm|false)|Delete=(confirm|false))$/;
    const options = [
      ...applications.flatMap(({ spec }) => spec.syncPolicy.syncOptions as string[]),
      ...objects.flatMap(
        ({ object }) => (object.metadata as any)?.annotations?.["argocd.argoproj.io/sync-options"]?.split(",") ?? [],
      ),
    ];
    expect(options.filter((option) => !known.test(option))).toEqual([]);
  });

  test("no Application comes in a wave before the one that brings its CRDs", () => {
    for (const { value: cluster } of platform.clusters) {
      const inCluster = applications.filter((_, index) =>
        ofKind("Application")[index]?.folder.startsWith(`argo-apps/${cluster.name}`),
      );
      const wave = (object: (typeof applications)[number]) =>
        Number((object.metadata as any).annotations["argocd.argoproj.io/sync-wave"]);
      // A child starts in the wave of its parent below root, then in its own.
      const position = (object: (typeof applications)[number]): number[] => {
        const parent = inCluster.find((one) => one.metadata?.name === object.spec.project && one !== object);
        return parent ? [wave(parent), wave(object)] : [wave(object)];
      };
      for (const application of inCluster.filter(({ spec }) => spec.source)) {
        const own = objects.filter(({ folder }) => below(folder, application.spec.source.path));
        for (const owner of new Set(own.flatMap(({ object }) => crdOwners[group(object.apiVersion)] ?? []))) {
          const brings = inCluster.find(({ metadata }) => metadata?.name === owner);
          // Without the Application the cluster is said to have the CRDs already.
          if (brings) expect(isLater(position(application), position(brings)), application.metadata?.name).toBe(true);
        }
      }
    }
  });

  test("an autoscaler starts with its minimum, and Argo CD keeps what it has set", () => {
    for (const { object } of ofKind("HorizontalPodAutoscaler")) {
      const { name } = object.spec.scaleTargetRef;
      const deployment = ofKind("Deployment").find(
        (one) => one.object.metadata?.name === name && one.object.metadata?.namespace === object.metadata?.namespace,
      );
      // Flagger sets the number of its target, which it scales to 0.
      const flagger = ofKind("Canary").some((one) => one.object.spec.targetRef.name === name);
      expect(deployment?.object.spec.replicas).toBe(flagger ? undefined : object.spec.minReplicas);
      const owner = applications.find(({ spec }) => spec.source?.path === deployment?.folder);
      expect(owner?.spec.syncPolicy.syncOptions).toContain("RespectIgnoreDifferences=true");
      expect(owner?.spec.ignoreDifferences).toContainEqual({
        group: "apps",
        kind: "Deployment",
        name,
        ...(flagger
          ? { jsonPointers: ["/spec/replicas"] }
          : { jqPathExpressions: [".spec | select(.replicas > 0) | .replicas"] }),
      });
    }
    const ignoring = applications.flatMap(({ spec }) => (spec.ignoreDifferences ?? []) as object[]);
    expect(ignoring).toHaveLength(ofKind("HorizontalPodAutoscaler").length);
  });

  test("an environment has an Application for each of its workloads, for its namespaces and for its routes", () => {
    for (const { value } of platform.environments) {
      const folder = paths.applications(value.cluster, value.name);
      const children = ofKind("Application").filter((one) => one.folder === folder);
      expect(children.filter(({ object }) => object.spec.project !== value.name)).toEqual([]);
      const names = Object.keys({ ...value.services, ...value.dataStores, namespaces: 0, routes: 0 });
      expect(children.map(({ object }) => object.metadata?.name).sort()).toEqual(
        names.map((name) => `${value.name}-${name}`).sort(),
      );
    }
  });
});
