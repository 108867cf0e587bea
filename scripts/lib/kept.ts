import { isDeepStrictEqual } from "node:util";
import { stringify } from "yaml";
import { isSecret, secretIn } from "../../generators/analysis/secrecy.ts";
import type { Path } from "../../generators/model/faults.ts";
import { type PlaceKey, placeKeys } from "../../generators/model/place.ts";
import type { Release, Version } from "../../generators/model/service.ts";

/** One value of a release. */
export interface Held {
  /** What it is, in any release: `variable PAY_HOST`, `secret pay-live`, `args`. */
  readonly key: string;
  /** Where it stands below the release. */
  readonly path: Path;
  readonly value: unknown;
}

/** A value that a promotion would take away from its target, and the one that it would bring: undefined for none. */
export interface Lost extends Held {
  readonly incoming: unknown;
}

/**
 * The values of a release that a promotion can take away: all but the tag and digest, which it is there to replace. A
 * variable is the same one in `env` and in `config`; ports and probes count as a whole.
 *
 * @param release a release, also of an older form, or a part of one
 */
export function valuesOf(release: unknown): Held[] {
  const { image, env, config, calls, secrets, ports, probes, ...rest } = mapOf(release);
  const variables = (map: unknown, of: PlaceKey) =>
    Object.entries(mapOf(map)).map(([name, value]) => ({ key: `variable ${name}`, path: [of, name], value }));
  const entries = (list: unknown, of: PlaceKey, what: string) =>
    (Array.isArray(list) ? list : []).map((value, index) => ({
      key: `${what} ${nameOf(value)}`,
      path: [of, index],
      value,
    }));
  const members = (map: unknown, of: string) =>
    Object.entries(mapOf(map)).map(([name, value]) => ({ key: `${of}.${name}`, path: [of, name], value }));
  const { repository } = mapOf(image);
  const all: Held[] = [
    ...(repository === undefined
      ? []
      : [{ key: "image.repository", path: ["image", "repository"], value: repository }]),
    ...variables(config, "config"),
    // In a pod it beats the configuration.
    ...variables(env, "env"),
    ...entries(calls, "calls", "call"),
    ...entries(secrets, "secrets", "secret"),
    ...members(ports, "ports"),
    ...members(probes, "probes"),
    ...Object.entries(rest).map(([key, value]) => ({ key, path: [key], value })),
  ];
  return [...new Map(all.filter(({ value }) => value !== undefined).map((one) => [one.key, one])).values()];
}

/** For a Map of values by what they are. */
export const keyed = ({ key, value }: Held): [string, unknown] => [key, value];

/** The map that a value of any kind is, or an empty one. */
export const mapOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** A call is named by its host and port, a Secret by its name. */
const nameOf = (entry: unknown): string => {
  const { host, port } = mapOf(entry);
  return host === undefined ? String(entry) : `${host}:${port}`;
};

/**
 * The values of a version's release that another release would drop or change. What stands beside the release stays and
 * wins, so the release's own value of that name counts for nothing.
 */
export function lostValues({ release, ...place }: Pick<Version, "release" | PlaceKey>, incoming: Release): Lost[] {
  const stays = new Set(valuesOf(placeOf(place)).map(({ key }) => key));
  const comes = new Map(valuesOf(incoming).map(keyed));
  return valuesOf(release)
    .filter(({ key, value }) => !stays.has(key) && !isDeepStrictEqual(value, comes.get(key)))
    .map((held) => ({ ...held, incoming: comes.get(held.key) }));
}

/** What a version states beside its release, under the keys that the release has too. */
export function placeOf(version: Pick<Version, PlaceKey>): Pick<Version, PlaceKey> {
  return Object.fromEntries(placeKeys.flatMap((key) => (version[key] ? [[key, version[key]]] : [])));
}

/** Whether a value can stand beside a release, so that a promotion leaves it alone. */
export const hasPlace = ({ path: [key] }: Held): boolean => placeKeys.includes(key as PlaceKey);

/** The lines to write beside a version's release, so that it keeps values: what stands there already, and the values. */
export function placeLines(version: Pick<Version, PlaceKey>, values: readonly Held[]): string[] {
  return placeKeys.flatMap((of) => {
    const added = values.filter(({ path: [key] }) => key === of);
    if (added.length === 0) return [];
    const isMap = of === "env" || of === "config";
    const lines = isMap
      ? { ...version[of], ...Object.fromEntries(added.map(({ path, value }) => [path[1], value])) }
      : [...(version[of] ?? []), ...added.map(({ value }) => value)];
    return [`${of}: ${stringify(lines, { collectionStyle: "flow", lineWidth: 0 }).trimEnd()}`];
  });
}

/** A value for a message. What looks like a secret is not shown. */
export function showValue({ path, value }: Pick<Held, "path" | "value">): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "string" && /^[^\s\p{C}]+$/u.test(value) ? value : JSON.stringify(value);
  return isSecret(String(path.at(-1)), text) || secretIn(text) ? "a value that is not shown" : text;
}
