/** What the invariants look at: a platform's inputs, and everything that is rendered from them. */
import { join } from "node:path";
import type { Cluster } from "../../generators/model/cluster.ts";
import type { Environment } from "../../generators/model/environment.ts";
import type { Platform } from "../../generators/model/platform.ts";
import type { DataStore, Service, Version } from "../../generators/model/service.ts";
import type { Manifest } from "../../scripts/lib/diff/argo.ts";
import { outputsOf, platformFolders, platformIn, type Rendered } from "../support.ts";

/** A rendered object, as far as the invariants look into it by name. */
export type RenderedObject = Rendered["object"] & Pick<Manifest, "metadata">;

/** Something that an invariant is about, and whether it holds there. */
export type Case = readonly [subject: string, holds: boolean];

/** Yields each subject of a platform. */
export type Invariant = (view: View) => Iterable<Case>;

/** One version of a service, with what was rendered for it. */
export interface VersionView {
  readonly environment: Environment;
  readonly service: string;
  readonly spec: Service;
  readonly name: string;
  readonly version: Version;
  readonly namespace: string;
  readonly deployment: RenderedObject;
}

/** A data store, with what was rendered for it. */
export interface StoreView {
  readonly environment: Environment;
  readonly name: string;
  readonly spec: DataStore;
  readonly namespace: string;
  readonly statefulSet: RenderedObject;
}

/** A pod template and the object that makes pods of it. */
export interface PodView {
  readonly owner: RenderedObject;
  readonly id: string;
  readonly spec: any;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface View {
  readonly clusters: readonly Cluster[];
  readonly environments: readonly Environment[];
  /** Of the environments, and not of the platform. */
  readonly namespaces: readonly RenderedObject[];
  readonly versions: readonly VersionView[];
  readonly stores: readonly StoreView[];
  readonly pods: readonly PodView[];
  readonly of: (kind: string, namespace?: string) => readonly RenderedObject[];
  /** @throws where it is not rendered */
  readonly one: (kind: string, name: string, namespace?: string) => RenderedObject;
  /** What is rendered besides objects, by path; none where it is not. */
  readonly document: (path: string) => any;
  readonly clusterOf: (environment: Environment) => Cluster;
}

export const id = ({ kind, metadata }: RenderedObject) => `${kind} ${metadata?.namespace ?? ""}/${metadata?.name}`;

/** The environment that an object belongs to, or `platform`, as its label says. */
export const partOf = (metadata: RenderedObject["metadata"]) => metadata?.labels?.["app.kubernetes.io/part-of"] ?? "";

/** Where a workload lives: stated here a second time, so that a slip in the model shows. */
export function namespaceOf({ name, namespaces }: Environment, workload: string): string {
  return namespaces.layout === "shared" ? (namespaces.name ?? name) : `${name}-${workload}`;
}

const podOwners = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"];

export function viewOf(platform: Platform): View {
  const { objects, documents } = outputsOf(platform);
  const clusters = platform.clusters.map(({ value }) => value);
  const environments = platform.environments.map(({ value }) => value);
  const of = (kind: string, namespace?: string) =>
    objects
      .map(({ object }): RenderedObject => object)
      .filter(
        (object) => object.kind === kind && (namespace ?? object.metadata?.namespace) === object.metadata?.namespace,
      );
  const one = (kind: string, name: string, namespace?: string) => {
    const found = of(kind, namespace).find(({ metadata }) => metadata?.name === name);
    if (!found) throw new Error(`there is no ${kind} ${namespace ?? ""}/${name}`);
    return found;
  };
  const clusterOf = ({ cluster }: Environment) => {
    const found = clusters.find(({ name }) => name === cluster);
    if (!found) throw new Error(`there is no cluster ${cluster}`);
    return found;
  };
  const versions = environments.flatMap((environment) =>
    Object.entries(environment.services).flatMap(([service, spec]) =>
      Object.entries(spec.versions).map(([name, version]): VersionView => {
        const namespace = namespaceOf(environment, service);
        const deployment = one("Deployment", `${service}-${name}`, namespace);
        return { environment, service, spec, name, version, namespace, deployment };
      }),
    ),
  );
  const stores = environments.flatMap((environment) =>
    Object.entries(environment.dataStores).map(([name, spec]): StoreView => {
      const namespace = namespaceOf(environment, name);
      return { environment, name, spec, namespace, statefulSet: one("StatefulSet", name, namespace) };
    }),
  );
  const pods = podOwners
    .flatMap((kind) => of(kind))
    .map((owner): PodView => {
      const { metadata, spec } = owner.spec.jobTemplate?.spec.template ?? owner.spec.template;
      const { labels = {}, annotations = {} } = metadata ?? {};
      return { owner, id: id(owner), spec, labels, annotations };
    });
  const names = new Set(environments.map(({ name }) => name));
  const namespaces = of("Namespace").filter(({ metadata }) => names.has(partOf(metadata)));
  const document = (path: string) => documents.get(path);
  return { clusters, environments, namespaces, versions, stores, pods, of, one, document, clusterOf };
}

/** What the invariants must hold for: every platform of the fixtures, and one of what none of those states. */
export function allViews(): { readonly name: string; readonly view: View }[] {
  const folders = { ...platformFolders, corners: join(import.meta.dirname, "corners") };
  return Object.entries(folders).map(([name, folder]) => ({ name, view: viewOf(platformIn(folder)) }));
}

/** The subjects for which an invariant does not hold. One without any subject in all views shows nothing, so it fails too. */
export function failuresOf(invariant: Invariant, views: ReturnType<typeof allViews>): string[] {
  const cases = views.flatMap(({ name, view }) =>
    [...invariant(view)].map(([subject, holds]) => ({ subject: `${name}: ${subject}`, holds })),
  );
  if (cases.length === 0) return ["it has no subject"];
  return cases.filter(({ holds }) => !holds).map(({ subject }) => subject);
}
