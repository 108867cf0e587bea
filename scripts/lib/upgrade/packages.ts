import { isDeepStrictEqual } from "node:util";

type Json = Readonly<Record<string, unknown>>;

/** Two sides that changed one value. */
export interface Clash {
  readonly path: string;
  readonly base: unknown;
  readonly ours: unknown;
  readonly theirs: unknown;
}

/**
 * Merges three versions of a JSON object key by key. Where both sides changed a value, ours is kept, and it is reported.
 * Keys are in the order of theirs.
 */
export function mergeJson(base: Json, ours: Json, theirs: Json, path = ""): { merged: Json; clashes: Clash[] } {
  const clashes: Clash[] = [];
  const merged: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
    const [before, own, other] = [base[key], ours[key], theirs[key]];
    const at = path ? `${path}.${key}` : key;
    let value = own;
    if (isDeepStrictEqual(own, before)) value = other;
    else if (isMap(own) && isMap(other)) {
      const inner = mergeJson(isMap(before) ? before : {}, own, other, at);
      value = inner.merged;
      clashes.push(...inner.clashes);
    } else if (!isDeepStrictEqual(other, before) && !isDeepStrictEqual(own, other))
      clashes.push({ path: at, base: before, ours: own, theirs: other });
    if (value !== undefined) merged[key] = value;
  }
  return { merged, clashes };
}

const isMap = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/** A lock file, as far as it matters here. */
export interface Lock {
  readonly name: string;
  readonly packages: Readonly<Record<string, Json>>;
}

/** Whether two lock files install the same. */
export function installsSame(one: Lock, other: Lock): boolean {
  const packages = ({ packages }: Lock) => ({ ...packages, "": {} });
  return isDeepStrictEqual(packages(one), packages(other));
}
