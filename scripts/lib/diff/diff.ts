import { load } from "js-yaml";
import type { Environment } from "../../../generators/model/environment.ts";
import { compareValues, type FieldChange } from "./compare.ts";

/** A rendered file on both sides of a change; `undefined` where it is not there. */
export interface FilePair {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What a change does to one object. */
export interface ObjectDiff {
  readonly file: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly action: "created" | "changed" | "removed";
  readonly fields: readonly FieldChange[];
  /** What follows on the cluster: pods restart, a prune, a confirmation. */
  readonly effects: readonly Effect[];
}

export type Effect = "restarts pods" | "is pruned" | "is pruned after confirmation" | "stays until a person prunes it";

/** What a change does to one Application, or to a folder that none deploys. */
export interface ApplicationDiff {
  readonly name: string;
  readonly folder: string;
  readonly objects: readonly ObjectDiff[];
}

/** What a change does to one environment, or to the rest of a cluster. */
export interface GroupDiff {
  /** Name of the environment, or `cluster <name>`. */
  readonly name: string;
  /** How it gets there: by itself, or by a person. */
  readonly sync: "automated" | "manual";
  readonly applications: readonly ApplicationDiff[];
}

export interface Diff {
  /** What is compared, for people: `origin/main (1a2b3c4)`. */
  readonly base: string;
  readonly head: string;
  readonly groups: readonly GroupDiff[];
}

/** The settings of an environment that decide what a change does. */
export type Delivery = Pick<Environment["delivery"], "sync" | "prune">;

/**
 * What changed files mean, by environment, Application and object.
 *
 * @param pairs changed files below envs/, argo-apps/ and clusters/
 * @param deliveries settings by environment
 */
export function diffFiles(pairs: readonly FilePair[], deliveries: ReadonlyMap<string, Delivery>): GroupDiff[] {
  const groups = new Map<
    string,
    { sync: GroupDiff["sync"]; applications: Map<string, ApplicationDiff & { objects: ObjectDiff[] }> }
  >();
  for (const pair of [...pairs].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const place = placeOf(pair.path);
    if (!place) continue;
    const delivery = deliveries.get(place.environment ?? "") ?? { sync: "automated", prune: true };
    const object = diffObject(pair, delivery);
    if (!object) continue;
    const group = groups.get(place.group) ?? { sync: delivery.sync, applications: new Map() };
    groups.set(place.group, group);
    const application = group.applications.get(place.folder) ?? {
      name: place.application,
      folder: place.folder,
      objects: [],
    };
    group.applications.set(place.folder, application);
    application.objects.push(object);
  }
  return [...groups].map(([name, { sync, applications }]) => ({
    name,
    sync,
    applications: [...applications.values()],
  }));
}

/** Which Application a rendered file belongs to. */
function placeOf(
  path: string,
): { group: string; environment?: string; application: string; folder: string } | undefined {
  const [top = "", first = "", second = "", ...rest] = path.split("/");
  if (rest.length === 0 && top === "envs") return undefined;
  const folder = rest.length > 0 ? `${top}/${first}/${second}` : `${top}/${first}`;
  if (top === "envs") return { group: first, environment: first, application: `${first}-${second}`, folder };
  if (top === "argo-apps") return { group: `cluster ${first}`, application: rest.length > 0 ? second : "root", folder };
  if (top === "clusters" && second)
    return { group: `cluster ${first}`, application: rest.length > 0 ? second : first, folder };
  return undefined;
}

function diffObject({ path, before, after }: FilePair, delivery: Delivery): ObjectDiff | undefined {
  const [old, now] = [parse(before), parse(after)];
  const fields = old && now ? compareValues(old, now) : [];
  if (old && now && fields.length === 0) return undefined;
  const object = now ?? old ?? {};
  const action = !old ? "created" : !now ? "removed" : "changed";
  return {
    file: path,
    kind: object.kind ?? path.replace(/^.*\//, ""),
    name: object.metadata?.name ?? "",
    ...(object.metadata?.namespace && { namespace: object.metadata.namespace }),
    action,
    fields,
    effects: effectsOf(object, action, fields, delivery),
  };
}

interface Manifest {
  readonly kind?: string;
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

function parse(text: string | undefined): Manifest | undefined {
  return text === undefined ? undefined : (load(text) as Manifest);
}

function effectsOf(
  object: Manifest,
  action: ObjectDiff["action"],
  fields: readonly FieldChange[],
  delivery: Delivery,
): Effect[] {
  if (action === "removed") {
    if (delivery.sync === "manual" || !delivery.prune) return ["stays until a person prunes it"];
    const guarded = object.metadata?.annotations?.["argocd.argoproj.io/sync-options"]?.includes("Prune=confirm");
    return [guarded ? "is pruned after confirmation" : "is pruned"];
  }
  const runsPods = object.kind === "Deployment" || object.kind === "StatefulSet";
  return runsPods && fields.some(({ path }) => path.startsWith("spec.template")) ? ["restarts pods"] : [];
}
