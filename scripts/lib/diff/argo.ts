/** Where rendered files are deployed from, and what Argo CD does to what is not rendered any more. */

import { fileName } from "../../../generators/render/output.ts";

/** A rendered object, as far as the diff looks into it by name. */
export interface Manifest {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
  };
  readonly spec?: Fields & { readonly syncPolicy?: { readonly automated?: { readonly prune?: boolean } } };
  /** Of a ConfigMap or Secret. */
  readonly immutable?: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** How an Application's objects get to the cluster: by themselves, by a person who presses Sync, or not by Argo CD. */
export type Sync = "automated" | "manual" | "none";

/** The folder that a rendered file belongs to. */
export interface Place {
  /** Name of the environment, or `cluster <name>`. */
  readonly group: string;
  readonly application: string;
  readonly folder: string;
  /** Where that Application itself is rendered: below one of the clusters. Empty where no Application deploys the folder. */
  readonly definitions: readonly string[];
}

/** @returns the place of a file in the rendered folders; none for inputs and other files */
export function placeOf(path: string, clusters: readonly string[]): Place | undefined {
  const [top = "", first = "", second = "", ...rest] = path.split("/");
  if (second === "") return undefined;
  const group = `cluster ${first}`;
  if (rest.length === 0)
    return top === "envs"
      ? undefined
      : { group, application: `bootstrap of ${first}`, folder: `${top}/${first}`, definitions: [] };
  const folder = `${top}/${first}/${second}`;
  if (top === "envs") {
    const application = `${first}-${second}`;
    const definitions = clusters.map((cluster) => `argo-apps/${cluster}/${first}/application-${application}.yaml`);
    return { group: first, application, folder, definitions };
  }
  if (top === "clusters")
    return {
      group,
      application: second,
      folder,
      definitions: [`argo-apps/${first}/platform/application-${second}.yaml`],
    };
  if (second === "root")
    return { group, application: second, folder, definitions: [`argo-apps/${first}/application-root.yaml`] };
  const definitions = [`argo-apps/${first}/root/application-${second}.yaml`];
  return { group: second === "platform" ? group : second, application: second, folder, definitions };
}

/** The Applications on both sides of a change, by the path they are rendered to. */
export interface Applications {
  readonly before: (path: string) => Manifest | undefined;
  readonly after: (path: string) => Manifest | undefined;
  /** Names of the clusters. */
  readonly clusters: readonly string[];
}

export function syncOf({ definitions }: Place, { before, after }: Applications): Sync {
  const application = find(definitions, after) ?? find(definitions, before);
  if (!application) return "none";
  return application.manifest.spec?.syncPolicy?.automated ? "automated" : "manual";
}

/** What becomes of objects that are not rendered to a folder any more. */
export type Removal = "pruned" | "deleted" | "left to prune" | "left to delete" | "left alone";

/**
 * An Application that stays prunes, where it is told to. One that goes is itself an object of its parent, and takes what it
 * has deployed along where it has the finalizer for that.
 */
export function removalFrom({ definitions }: Place, applications: Applications): Removal {
  const now = find(definitions, applications.after);
  if (now) return now.manifest.spec?.syncPolicy?.automated?.prune ? "pruned" : "left to prune";
  const old = find(definitions, applications.before);
  const parent = old && placeOf(old.path, applications.clusters);
  if (!parent) return "left alone";
  const own = removalFrom(parent, applications);
  if (own !== "pruned" && own !== "deleted") return "left to delete";
  const cascades = old.manifest.metadata?.finalizers?.some((name) => name.startsWith("resources-finalizer.argocd."));
  return cascades ? "deleted" : "left alone";
}

function find(paths: readonly string[], side: Applications["before"]) {
  for (const path of paths) {
    const manifest = side(path);
    if (manifest) return { path, manifest };
  }
  return undefined;
}

export type Effect =
  | "restarts pods"
  | "starts a rollout by Flagger"
  | "is refused"
  | "starts empty"
  | "grows the volume"
  | "adds pods"
  | "removes pods"
  | "removes all pods"
  | "is scaled by its autoscaler"
  | "is no longer scaled by its autoscaler"
  | "is pruned"
  | "is pruned after confirmation"
  | "is deleted with its Application"
  | "is deleted with its Application after confirmation"
  | "stays until a person prunes it"
  | "stays until a person prunes its Application"
  | "stays, and no Application has it";

/** Effects that a reviewer must not miss, whatever else is said of the object. */
export const graveEffects: readonly Effect[] = ["is refused", "starts empty", "removes pods", "removes all pods"];

/** What follows for the pods of a workload whose template changes: where the folder holds its Canary, Flagger moves them. */
export function podsEffect({ metadata, kind }: Manifest, { folder }: Place, { after }: Applications): Effect {
  const canary = fileName({ kind: "Canary", metadata: { name: metadata?.labels?.["app.kubernetes.io/name"] ?? "" } });
  return kind === "Deployment" && after(`${folder}/${canary}`) ? "starts a rollout by Flagger" : "restarts pods";
}

/** What follows for an object that is not rendered any more. */
export function removalEffect({ metadata }: Manifest, removal: Removal): Effect {
  const options = metadata?.annotations?.["argocd.argoproj.io/sync-options"]?.split(",") ?? [];
  if (removal === "left to prune") return "stays until a person prunes it";
  if (removal === "left to delete") return "stays until a person prunes its Application";
  const keep = removal === "pruned" ? "Prune=false" : "Delete=false";
  if (removal === "left alone" || options.includes(keep)) return "stays, and no Application has it";
  const confirmed = options.includes(removal === "pruned" ? "Prune=confirm" : "Delete=confirm");
  const effect = removal === "pruned" ? "is pruned" : "is deleted with its Application";
  return confirmed ? `${effect} after confirmation` : effect;
}
