/** A value of an object that a change touches. */
export interface FieldChange {
  /** Readable path: `spec.template.spec.containers[backend].image`. An item that only comes or goes is at `list[]`. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * The fields in which two objects differ. The order of keys is silent, and so is that of items unless it has a meaning;
 * items of lists are matched by what names them.
 *
 * @returns one entry for the highest value that is only on one side, and for each scalar that differs
 */
export function compareValues(before: unknown, after: unknown, path = ""): FieldChange[] {
  if (Object.is(before, after)) return [];
  if (isList(before) && isList(after)) return compareLists(before, after, path);
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => compareValues(own(before, key), own(after, key), join(path, key)));
  }
  return [{ path, before, after }];
}

/** Weights of the destinations of a route, %, by subset; by host where there are no subsets. */
export type Weights = Readonly<Record<string, number>>;

interface Route {
  readonly destination: { readonly host?: string; readonly subset?: string };
  readonly weight?: number;
}

/** Destinations by what names them; none where it is another list, or where something is named twice. */
function routesOf(list: readonly unknown[]): ReadonlyMap<string, Route> | undefined {
  if (list.length === 0 || !list.every(isRoute)) return undefined;
  const routes = new Map(list.map((route) => [route.destination.subset ?? String(route.destination.host), route]));
  return routes.size === list.length ? routes : undefined;
}

const weightsIn = (routes: ReadonlyMap<string, Route>): Weights =>
  Object.fromEntries([...routes].map(([name, { weight }]) => [name, weight ?? 100]));

/** Weights of the destinations of a route by their names; none where it is something else. */
export function weightsOf(value: unknown): ReadonlyMap<string, number> | undefined {
  const routes = isList(value) ? routesOf(value) : undefined;
  return routes && new Map(Object.entries(weightsIn(routes)));
}

const isRoute = (item: unknown): item is Route => isMap(item) && isMap(item.destination);

function compareLists(before: readonly unknown[], after: readonly unknown[], path: string): FieldChange[] {
  const [oldRoutes, newRoutes] = [routesOf(before), routesOf(after)];
  if (oldRoutes && newRoutes) return compareRoutes(oldRoutes, newRoutes, path);
  const label = labelOf(before, after);
  return label ? compareLabelled(before, after, path, label) : compareItems(before, after, path);
}

/** A change of weights is one thing to say, and not one for each destination. */
function compareRoutes(
  before: ReadonlyMap<string, Route>,
  after: ReadonlyMap<string, Route>,
  path: string,
): FieldChange[] {
  const [old, now] = [weightsIn(before), weightsIn(after)];
  const moved = compareValues(old, now).length > 0;
  const rest = [...after].flatMap(([name, route]) => {
    const other = before.get(name);
    if (!other) return [];
    return compareValues({ ...other, weight: undefined }, { ...route, weight: undefined }, `${path}[${name}]`);
  });
  return [...(moved ? [{ path: `${path}.weight`, before: old, after: now }] : []), ...rest];
}

type Label = (item: unknown) => string;

function compareLabelled(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
  label: Label,
): FieldChange[] {
  const items = (list: readonly unknown[]) => new Map(list.map((item) => [label(item), item]));
  const [old, now] = [items(before), items(after)];
  const keys = [...new Set([...old.keys(), ...now.keys()])];
  const common = (list: readonly string[]) => list.filter((key) => old.has(key) && now.has(key));
  return [
    ...keys.flatMap((key) => compareValues(old.get(key), now.get(key), `${path}[${key}]`)),
    ...compareOrder(common([...old.keys()]), common([...now.keys()]), path),
  ];
}

/** Items that nothing names: the ones on both sides are silent; the others are compared in pairs, or come and go. */
function compareItems(before: readonly unknown[], after: readonly unknown[], path: string): FieldChange[] {
  const [gone, come] = [without(before, after), without(after, before)];
  if (gone.length === 0 && come.length === 0) return compareOrder(before, after, path);
  if (gone.length === come.length)
    return come.flatMap(({ item, index }, at) => compareValues(gone[at]?.item, item, `${path}[${index}]`));
  return [
    ...gone.map(({ item }) => ({ path: `${path}[]`, before: item, after: undefined })),
    ...come.map(({ item }) => ({ path: `${path}[]`, before: undefined, after: item })),
  ];
}

/** Lists whose order has a meaning: the first route that matches wins, arguments have places. */
const ordered = /(^|\.)(http|tls|tcp|command|args|initContainers)$/;

function compareOrder(before: readonly unknown[], after: readonly unknown[], path: string): FieldChange[] {
  if (!ordered.test(path) || canonical(before) === canonical(after)) return [];
  return [{ path: `${path} (order)`, before, after }];
}

/** Items of a list that another has not, or not as often. */
function without(list: readonly unknown[], others: readonly unknown[]): { item: unknown; index: number }[] {
  const left = new Map<string, number>();
  for (const item of others) left.set(canonical(item), (left.get(canonical(item)) ?? 0) + 1);
  return list.flatMap((item, index) => {
    const count = left.get(canonical(item)) ?? 0;
    left.set(canonical(item), count - 1);
    return count > 0 ? [] : [{ item, index }];
  });
}

/** What tells the items of both lists apart, where something does: a name, or the match of a route. */
function labelOf(before: readonly unknown[], after: readonly unknown[]): Label | undefined {
  const all = [...before, ...after];
  if (all.length === 0 || !all.every(isMap)) return undefined;
  const candidates: ((item: Fields) => unknown)[] = [
    ({ name }) => name,
    ({ mountPath }) => mountPath,
    ({ configMapRef, secretRef }) => nameOf(configMapRef) ?? nameOf(secretRef),
    ({ topologyKey }) => topologyKey,
    ({ match, route }) => route && (match ? describeMatch(match) : "default"),
  ];
  for (const candidate of candidates) {
    const label = (item: unknown) => String(candidate(item as Fields));
    const unique = (list: readonly unknown[]) => new Set(list.map(label)).size === list.length;
    if (all.every((item) => typeof candidate(item) === "string") && unique(before) && unique(after)) return label;
  }
  return undefined;
}

const nameOf = (value: unknown) => (isMap(value) ? value.name : undefined);

/** `x-canary: true` for a match by header, `/api` for one by path. */
function describeMatch(match: unknown): string {
  return (isList(match) ? match : [match])
    .map((one) => {
      if (!isMap(one)) return String(one);
      const { uri, headers, ...rest } = one;
      return [
        ...(isMap(uri) ? Object.values(uri).map(String) : []),
        ...(isMap(headers) ? Object.entries(headers).map(([name, value]) => `${name}: ${matched(value)}`) : []),
        ...Object.entries(rest).map(([key, value]) => `${key} ${matched(value)}`),
      ].join(", ");
    })
    .join(" | ");
}

const matched = (value: unknown) => (isMap(value) ? Object.values(value).join() : canonical(value));

type Fields = Readonly<Record<string, unknown>>;

/** Text that is the same for equal values, whatever the order of their keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one) =>
    isMap(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one,
  );
}

const own = (map: Fields, key: string) => (Object.hasOwn(map, key) ? map[key] : undefined);
const join = (path: string, key: string) => (/^[\w-]+$/.test(key) ? `${path}${path && "."}${key}` : `${path}[${key}]`);
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isMap = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
