import { isDeepStrictEqual } from "node:util";
import type { SimpleGit } from "simple-git";
import type { Environment } from "../../generators/model/environment.ts";
import { type Fault, formatFaults, formatPath } from "../../generators/model/faults.ts";
import { effectiveRelease } from "../../generators/model/place.ts";
import type { Input } from "../../generators/model/platform.ts";
import type { Release, Version } from "../../generators/model/service.ts";
import { UserError } from "./cli.ts";
import { isShallow, neverHad, type Origin } from "./history.ts";
import { type Held, hasPlace, type Lost, lostValues, placeLines, placeOf, showValue, valuesOf } from "./kept.ts";
import type { Releasable } from "./releases.ts";

/** What a check before a promotion has found: lines for the commit's body, and for the person. */
export interface Gate {
  readonly trailers: readonly string[];
  readonly notes: readonly string[];
}

/** A release on its way. */
export interface Move {
  readonly from: Releasable;
  readonly to: Releasable;
  /** Where a value of the target counts as one that came with a release. */
  readonly origins: readonly Origin[];
}

/** Why a promotion would do harm, line by line, and how to avoid it. */
export interface Objection {
  readonly faults: readonly Fault[];
  readonly wayOut: readonly string[];
}

/**
 * The values that a promotion would take from its target although no earlier release can have brought them there.
 *
 * @param owner whose values they are, in words: `prod`
 */
export async function objectToLosses(
  git: SimpleGit,
  target: Input<Environment>,
  owner: string,
  moves: readonly Move[],
): Promise<Objection> {
  const found = await Promise.all(
    moves.map(async ({ from, to, origins }) => {
      const version = versionOf(target, to);
      const lost = version ? lostValues(version, from.value as Release) : lostRepository(from, to);
      return { to, version, lost: await neverHad(git, origins, to.name, lost) };
    }),
  );
  const unknown = found.some(({ lost }) => lost.length > 0) && (await isShallow(git));
  return {
    faults: found.flatMap(({ to, lost }) =>
      lost.map(
        ({ path, value, incoming }): Fault => ({
          file: to.file,
          path: [...(to.version === undefined ? to.path.slice(0, -1) : to.path), ...path],
          message: `only ${owner} has ${showValue({ path, value })}; the promotion would ${incoming === undefined ? "drop it" : `make it ${showValue({ path, value: incoming })}`}`,
        }),
      ),
    ),
    wayOut: [
      ...found.flatMap(({ to, version, lost }) => [
        ...(version ? beside(to, version, lost.filter(hasPlace)) : []),
        ...lost
          .filter((one) => !hasPlace(one))
          .map(
            ({ key }) =>
              `${key} of ${to.name} has no place beside a release: bring it with the release, from where that comes`,
          ),
      ]),
      ...(unknown ? ["this clone is shallow, so that older releases are not known: git fetch --unshallow"] : []),
    ],
  };
}

/** The values that a canary was tried with and the primary would not have, because they stand beside one of the two. */
export function objectToTrial(target: Input<Environment>, moves: readonly Move[]): Objection {
  const trials = moves.flatMap(({ from, to }) => {
    const [canary, primary] = [versionOf(target, from), versionOf(target, to)];
    if (!canary || !primary || isDeepStrictEqual(from.value, to.value)) return [];
    const differences = differing(
      valuesOf(effectiveRelease(canary)),
      valuesOf(effectiveRelease({ ...primary, release: canary.release })),
    );
    return [{ from, to, canary, primary, differences }];
  });
  return {
    faults: trials.flatMap(({ from, to, differences }) =>
      differences.map(
        ({ key, tried, planned }): Fault => ({
          file: from.file,
          path: from.path.slice(0, -1),
          atKey: true,
          message: `was tried ${trialWords(key, String(to.version), tried, planned)}`,
        }),
      ),
    ),
    wayOut: trials.flatMap(({ from, to, canary, primary, differences }) => {
      const stated = new Set(valuesOf(placeOf(primary)).map(({ key }) => key));
      const missing = differences.flatMap(({ key, planned }) => (planned && stated.has(key) ? planned : []));
      const untaken = differences.flatMap(({ key, tried }) => (tried && !stated.has(key) ? tried : []));
      return [...beside(from, canary, missing), ...beside(to, primary, untaken)];
    }),
  };
}

/** `without variable A, which stable would have (x)` */
function trialWords(key: string, primary: string, tried: Held | undefined, planned: Held | undefined): string {
  const value = (held: Held) => (key.endsWith(` ${held.value}`) ? "" : ` (${showValue(held)})`);
  if (!tried) return `without ${key}, which ${primary} would have${planned ? value(planned) : ""}`;
  if (!planned) return `with ${key}${value(tried)}, which ${primary} would not have`;
  return `with ${key}${value(tried)}; ${primary} would have another${value(planned)}`;
}

/** Values that two releases do not share, each with both of its sides. */
function differing(tried: readonly Held[], planned: readonly Held[]) {
  const sides = [tried, planned].map((values) => new Map(values.map((held) => [held.key, held])));
  return [...new Set([...tried, ...planned].map(({ key }) => key))]
    .map((key) => ({ key, tried: sides[0]?.get(key), planned: sides[1]?.get(key) }))
    .filter((one) => !isDeepStrictEqual(one.tried?.value, one.planned?.value));
}

function versionOf({ value }: Input<Environment>, { name, version }: Releasable): Version | undefined {
  return version === undefined ? undefined : value.services[name]?.versions[version];
}

function lostRepository(from: Releasable, to: Releasable): Lost[] {
  const [held] = valuesOf({ image: to.image });
  const { repository } = from.image;
  return held && repository !== to.image.repository ? [{ ...held, incoming: repository }] : [];
}

/** What to write beside a release so that the version has these values whatever its release says. */
function beside({ file, name, version }: Releasable, spec: Version, values: readonly Held[]): string[] {
  const lines = placeLines(spec, values);
  if (lines.length === 0) return [];
  const path = formatPath(["services", name, "versions", String(version)]);
  return [`write this beside the release, in ${path} of ${file}:`, ...lines.map((line) => `  ${line}`)];
}

/**
 * Refuses a promotion to which there are objections.
 *
 * @returns what the commit and the person are told where it is forced
 * @throws UserError with all of them
 */
export function settle(objections: readonly Objection[], texts: ReadonlyMap<string, string>, force: boolean): Gate {
  const faults = objections.flatMap((one) => one.faults);
  if (faults.length > 0 && !force) {
    const lines = [formatFaults(faults, texts), ...objections.flatMap(({ wayOut }) => wayOut), "or use --force"];
    throw new UserError(lines.join("\n"));
  }
  const told = faults.map(({ path, message }) => `${formatPath(path)}: ${message}`);
  return {
    trailers: told.map((line) => `Forced: ${line}`),
    notes: told.map((line) => `${line}; promoted all the same (--force)`),
  };
}
