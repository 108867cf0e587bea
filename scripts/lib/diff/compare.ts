/** A value of an object that a change touches. */
export interface FieldChange {
  /** Readable path: `spec.template.spec.containers[backend].image`. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * The fields in which two objects differ. The order of keys is silent; items of lists are matched by what names them.
 *
 * @returns one entry for the highest value that is only on one side, and for each scalar that differs
 */
export function compareValues(before: unknown, after: unknown, path = ""): FieldChange[] {
  if (Object.is(before, after)) return [];
  if (isList(before) && isList(after)) return compareLists(before, after, path);
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => compareValues(before[key], after[key], join(path, key)));
  }
  return [{ path, before, after }];
}

/** Weights of a list of routes by the name of their subset; none where it is another list. */
export function weightsOf(value: unknown): Map<string, number> | undefined {
  if (!isList(value) || value.length === 0) return undefined;
  const weights = new Map<string, number>();
  for (const item of value) {
    const destination = isMap(item) ? item.destination : undefined;
    if (!isMap(item) || !isMap(destination) || typeof destination.subset !== "string") return undefined;
    weights.set(destination.subset, typeof item.weight === "number" ? item.weight : 100);
  }
  return weights;
}

function compareLists(before: readonly unknown[], after: readonly unknown[], path: string): FieldChange[] {
  if (weightsOf(before) && weightsOf(after)) {
    return JSON.stringify(before) === JSON.stringify(after) ? [] : compareRoutes(before, after, path);
  }
  const labels = labelsOf(before, after);
  if (!labels) {
    const length = Math.max(before.length, after.length);
    const scalars = [...before, ...after].every((item) => typeof item !== "object");
    if (scalars) return sameItems(before, after) ? [] : [{ path, before, after }];
    return Array.from({ length }, (_, index) => compareValues(before[index], after[index], `${path}[${index}]`)).flat();
  }
  const items = (list: readonly unknown[]) => new Map(list.map((item) => [labels(item), item]));
  const [old, now] = [items(before), items(after)];
  const keys = [...new Set([...old.keys(), ...now.keys()])];
  return keys.flatMap((key) => compareValues(old.get(key), now.get(key), `${path}[${key}]`));
}

/** A change of weights is one thing to say, and not one for each route. */
function compareRoutes(before: readonly unknown[], after: readonly unknown[], path: string): FieldChange[] {
  const [old, now] = [weightsOf(before), weightsOf(after)];
  const weights = (map: ReadonlyMap<string, number> | undefined) => Object.fromEntries(map ?? []);
  const strip = (list: readonly unknown[]) =>
    new Map(
      list.map((item) => [
        (item as { destination: { subset: string } }).destination.subset,
        { ...(item as object), weight: undefined },
      ]),
    );
  const rest = [...strip(after)].flatMap(([subset, item]) => {
    const other = strip(before).get(subset);
    return other ? compareValues(other, item, `${path}[${subset}]`) : [];
  });
  const moved = JSON.stringify(weights(old)) !== JSON.stringify(weights(now));
  return [...(moved ? [{ path: `${path}.weight`, before: weights(old), after: weights(now) }] : []), ...rest];
}

/** What tells the items of both lists apart, where something does: a name, or the match of a route. */
function labelsOf(before: readonly unknown[], after: readonly unknown[]): ((item: unknown) => string) | undefined {
  const all = [...before, ...after];
  if (all.length === 0 || !all.every(isMap)) return undefined;
  const candidates: ((item: Readonly<Record<string, unknown>>) => unknown)[] = [
    ({ name }) => name,
    ({ mountPath }) => mountPath,
    ({ configMapRef, secretRef }) => nameOf(configMapRef) ?? nameOf(secretRef),
    ({ topologyKey }) => topologyKey,
    ({ match, route }) => route && (match ? describeMatch(match) : "default"),
  ];
  for (const candidate of candidates) {
    const label = (item: unknown) => String(candidate(item as Readonly<Record<string, unknown>>));
    const unique = (list: readonly unknown[]) => new Set(list.map(label)).size === list.length;
    if (all.every((item) => typeof candidate(item) === "string") && unique(before) && unique(after)) return label;
  }
  return undefined;
}

const nameOf = (value: unknown) => (isMap(value) ? value.name : undefined);

/** `x-canary: true` for a match by header, `/api` for one by path. */
function describeMatch(match: unknown): string {
  const parts = (isList(match) ? match : []).map((one) => {
    const { uri, headers, port } = one as { uri?: object; headers?: Record<string, object>; port?: number };
    return [
      ...Object.values(uri ?? {}),
      ...Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${Object.values(value).join()}`),
      ...(port ? [`port ${port}`] : []),
    ].join(", ");
  });
  return parts.join(" | ");
}

const sameItems = (a: readonly unknown[], b: readonly unknown[]) => JSON.stringify(a) === JSON.stringify(b);
const join = (path: string, key: string) => (/^[\w-]+$/.test(key) ? `${path}${path && "."}${key}` : `${path}[${key}]`);
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
