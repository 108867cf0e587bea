import { loadAll } from "js-yaml";
import { type Applications, type Effect, type Manifest, type Place, placeOf, type Sync, syncOf } from "./argo.ts";
import { compareValues, type FieldChange } from "./compare.ts";
import type { Consequence } from "./consequence.ts";
import { consequencesOf } from "./effects.ts";
import { moveOf } from "./volumes.ts";

/** A rendered file on both sides of a change; `undefined` where it is not there. */
export interface FilePair {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What a change does to one object. */
export interface ObjectDiff {
  readonly file: string;
  /** Kind of the object; name of the file where it holds none: Helm values, or something that is no YAML. */
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly action: "created" | "changed" | "removed";
  readonly fields: readonly FieldChange[];
  /** What follows on the cluster: pods restart, a prune, a confirmation. */
  readonly effects: readonly Effect[];
  /** What Kubernetes does and what a person must do, in sentences. */
  readonly notes: readonly string[];
}

/** What a change does to one Application, or to a folder that none deploys. */
export interface ApplicationDiff {
  readonly name: string;
  readonly folder: string;
  readonly sync: Sync;
  readonly objects: readonly ObjectDiff[];
}

/** What a change does to one environment, or to the rest of a cluster. */
export interface GroupDiff {
  /** Name of the environment, or `cluster <name>`. */
  readonly name: string;
  readonly applications: readonly ApplicationDiff[];
}

export interface Diff {
  /** What is compared, for people: `origin/main (1a2b3c4d)`. */
  readonly base: string;
  readonly head: string;
  readonly groups: readonly GroupDiff[];
  /** What the comparison does not show: inputs that were edited and not rendered. */
  readonly note?: string;
}

/** What surrounds the files that changed. */
export interface Surroundings {
  /** Text of a rendered file that is the same on both sides. */
  readonly unchanged: (path: string) => string | undefined;
  /** Environments of each cluster, in the cluster's order. */
  readonly clusters: ReadonlyMap<string, readonly string[]>;
}

/**
 * What changed files mean, by environment, Application and object. Environments come in the order of their cluster;
 * what belongs to no environment comes last.
 *
 * @param pairs changed files below envs/, argo-apps/ and clusters/
 */
export function diffFiles(pairs: readonly FilePair[], { unchanged, clusters }: Surroundings): GroupDiff[] {
  const names = [
    ...new Set([...clusters.keys(), ...pairs.flatMap(({ path }) => /^argo-apps\/([^/]+)\//.exec(path)?.[1] ?? [])]),
  ];
  const applications = applicationsOf(pairs, unchanged, names);
  const groups = new Map<string, ApplicationDiff[]>();
  const folders = [...foldersOf(pairs, names)];
  const removed = removedByGroup(folders);
  for (const { place, objects } of folders) {
    const gone = removed.get(place.group) ?? [];
    const diffs = [...objects.values()].flatMap((object) => diffObject(object, place, applications, gone) ?? []);
    if (diffs.length === 0) continue;
    const own = groups.get(place.group) ?? [];
    groups.set(place.group, own);
    own.push({ name: place.application, folder: place.folder, sync: syncOf(place, applications), objects: diffs });
  }
  const order = [...clusters.values()].flat();
  const rank = (name: string) =>
    name.startsWith("cluster ") ? Number.POSITIVE_INFINITY : order.includes(name) ? order.indexOf(name) : order.length;
  return [...groups]
    .map(([name, own]) => ({ name, applications: own }))
    .sort((a, b) => (rank(a.name) === rank(b.name) ? compareTexts(a.name, b.name) : rank(a.name) - rank(b.name)));
}

/** Objects that are only on the side before, by environment. */
function removedByGroup(folders: readonly FolderObjects[]): ReadonlyMap<string, Manifest[]> {
  const removed = new Map<string, Manifest[]>();
  for (const { place, objects } of folders) {
    const gone = [...objects.values()].filter((pair) => !("after" in pair)).map(({ before }) => manifestOf(before));
    removed.set(place.group, [...(removed.get(place.group) ?? []), ...gone]);
  }
  return removed;
}

function applicationsOf(
  pairs: readonly FilePair[],
  unchanged: Surroundings["unchanged"],
  clusters: readonly string[],
): Applications {
  const changed = new Map(pairs.map((pair) => [pair.path, pair]));
  const side = (which: "before" | "after") => {
    const known = new Map<string, Manifest | undefined>();
    return (path: string) => {
      if (!known.has(path)) {
        const pair = changed.get(path);
        const [document] = documentsIn(pair ? pair[which] : unchanged(path));
        known.set(path, document === undefined ? undefined : manifestOf(document));
      }
      return known.get(path);
    };
  };
  return { before: side("before"), after: side("after"), clusters };
}

/** An object on both sides of a change, as far as it is there. */
interface ObjectPair {
  readonly file: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

interface FolderObjects {
  readonly place: Place;
  readonly objects: Map<string, ObjectPair>;
}

/** Objects by folder. They are matched by what they are: one that moves to another file of its folder stays the same. */
function foldersOf(pairs: readonly FilePair[], clusters: readonly string[]): Iterable<FolderObjects> {
  const folders = new Map<string, FolderObjects>();
  for (const { path, before, after } of pairs.toSorted((a, b) => compareTexts(a.path, b.path))) {
    const place = placeOf(path, clusters);
    if (!place) continue;
    const folder = folders.get(place.folder) ?? { place, objects: new Map() };
    folders.set(place.folder, folder);
    for (const [side, text] of [
      ["before", before],
      ["after", after],
    ] as const) {
      for (const [index, document] of documentsIn(text).entries()) {
        const key = identity(manifestOf(document)) ?? `${path} ${index}`;
        folder.objects.set(key, { ...folder.objects.get(key), file: path, [side]: document });
      }
    }
  }
  return folders.values();
}

function identity({ apiVersion = "", kind, metadata }: Manifest): string | undefined {
  if (!kind || !metadata?.name) return undefined;
  return [apiVersion.replace(/\/?[^/]*$/, ""), kind, metadata.namespace, metadata.name].join(" ");
}

/** Documents of a file: one for what is rendered. What is no YAML, such as a file of somebody else, is one text. */
function documentsIn(text: string | undefined): unknown[] {
  if (text === undefined) return [];
  try {
    return loadAll(text);
  } catch {
    return [text];
  }
}

const manifestOf = (document: unknown): Manifest =>
  typeof document === "object" && document !== null ? (document as Manifest) : {};

function diffObject(
  { file, ...pair }: ObjectPair,
  place: Place,
  applications: Applications,
  removed: readonly Manifest[],
): ObjectDiff | undefined {
  const action = !("before" in pair) ? "created" : !("after" in pair) ? "removed" : "changed";
  const fields = action === "changed" ? compareValues(pair.before, pair.after) : [];
  if (action === "changed" && fields.length === 0) return undefined;
  const object = manifestOf(pair.after ?? pair.before);
  const side = (which: "before" | "after") => (which in pair ? manifestOf(pair[which]) : undefined);
  const consequences: readonly Consequence[] =
    object.kind && object.metadata
      ? [
          ...consequencesOf({ before: side("before"), after: side("after"), fields, place, applications }),
          ...(action === "created" ? moveOf(object, removed) : []),
        ]
      : [];
  return {
    file,
    kind: object.kind ?? file.replace(/^.*\//, ""),
    name: object.metadata?.name ?? "",
    ...(object.metadata?.namespace && { namespace: object.metadata.namespace }),
    action,
    fields,
    effects: [...new Set(consequences.flatMap(({ effect }) => effect ?? []))],
    notes: consequences.flatMap(({ note }) => note ?? []),
  };
}

const compareTexts = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
