import { isDeepStrictEqual } from "node:util";
import { load } from "js-yaml";
import type { SimpleGit } from "simple-git";
import type { Path } from "../../generators/model/faults.ts";
import { type Release, release as releaseSchema } from "../../generators/model/service.ts";
import { readAt } from "./git.ts";
import { type Held, keyed, mapOf, valuesOf } from "./kept.ts";

/** A commit in which an input was seen. */
export interface Seen {
  readonly commit: string;
  readonly short: string;
  readonly subject: string;
  /** Day of the commit, 2026-11-21. */
  readonly date: string;
}

/**
 * The commit that brought an image to a service or data store of an environment, at the earliest.
 *
 * @param ref whose history is looked at
 * @param file the environment's input
 * @param image its repository, tag and digest, as the input has them
 */
export async function firstSeen(
  git: SimpleGit,
  ref: string,
  file: string,
  name: string,
  image: Release["image"],
): Promise<Seen | undefined> {
  const has = async ({ commit }: Seen) =>
    releasesIn(await inputAt(git, commit, file), name).some(({ release }) => {
      const other = mapOf(mapOf(release).image);
      return other.repository === image.repository && other.tag === image.tag && other.digest === image.digest;
    });
  // Most often it came with a commit that changes how often the tag or digest stands in the file; all others are slower.
  for (const filter of [[`-S${image.digest ?? image.tag}`], []]) {
    for (const seen of (await commitsOf(git, ref, file, ...filter)).reverse()) if (await has(seen)) return seen;
  }
  return undefined;
}

/** Where releases of a service or data store are looked for: an environment's input, and a version where only that counts. */
export interface Origin {
  readonly file: string;
  readonly version?: string;
}

/**
 * The ones among some values that no release of a service or data store has ever had, as far as this clone knows the
 * history of HEAD.
 */
export async function neverHad<T extends Held>(
  git: SimpleGit,
  origins: readonly Origin[],
  name: string,
  values: readonly T[],
): Promise<T[]> {
  let missing = [...values];
  for (const { file, version } of origins) {
    for (const { commit } of missing.length > 0 ? await commitsOf(git, "HEAD", file) : []) {
      const releases = releasesIn(await inputAt(git, commit, file), name)
        .filter((one) => version === undefined || one.version === version)
        .map(({ release }) => new Map(valuesOf(complete(release)).map(keyed)));
      missing = missing.filter(({ key, value }) => !releases.some((had) => isDeepStrictEqual(had.get(key), value)));
      if (missing.length === 0) break;
    }
  }
  return missing;
}

/** A release with its defaults filled in, so that it compares to one of today; as it is, where it has an older form. */
function complete(release: unknown): unknown {
  const parsed = releaseSchema.safeParse(release);
  return parsed.success ? parsed.data : release;
}

/**
 * A release as it was before it was last changed, the text of the input that held it, and the commit that changed it.
 *
 * @param path of the release, or of a data store's image
 * @param isSame whether two of them come to the same in the environment as it is now
 */
export async function beforeLastRelease(
  git: SimpleGit,
  file: string,
  path: Path,
  isSame: (one: unknown, other: unknown) => boolean,
): Promise<{ seen: Seen; text: string; value: unknown } | undefined> {
  const release = async (commit: string) =>
    path.reduce<unknown>((value, key) => own(value, String(key)), await inputAt(git, commit, file));
  const now = await release("HEAD");
  for (const seen of await commitsOf(git, "HEAD", file)) {
    const parent = `${seen.commit}^`;
    const before = await release(parent);
    if (before === undefined || isSame(before, now)) continue;
    const text = await readAt(git, parent, file);
    return text === undefined ? undefined : { seen, text, value: before };
  }
  return undefined;
}

/** Whether the clone lacks the beginning of the history. */
export async function isShallow(git: SimpleGit): Promise<boolean> {
  return (await git.raw("rev-parse", "--is-shallow-repository")).trim() === "true";
}

async function commitsOf(git: SimpleGit, ref: string, file: string, ...filter: string[]): Promise<Seen[]> {
  const log = await git.raw("log", "--format=%H%x09%h%x09%cs%x09%s", ...filter, ref, "--", file);
  return log
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [commit = "", short = "", date = "", subject = ""] = line.split("\t");
      return { commit, short, date, subject };
    });
}

/** An input at a commit; nothing where it was not there or could not be read, so that it brought nothing. */
async function inputAt(git: SimpleGit, commit: string, file: string): Promise<unknown> {
  const text = await readAt(git, commit, file);
  try {
    return text === undefined ? undefined : load(text);
  } catch {
    return undefined;
  }
}

/** The releases of a service by version, or the image of a data store as one; other keys are not looked at. */
function releasesIn(input: unknown, name: string): { readonly version?: string; readonly release: unknown }[] {
  const store = own(own(input, "dataStores"), name);
  const versions = mapOf(own(own(own(input, "services"), name), "versions"));
  return [
    ...Object.entries(versions).map(([version, spec]) => ({ version, release: own(spec, "release") })),
    ...(store === undefined ? [] : [{ release: { image: own(store, "image") } }]),
  ];
}

const own = (value: unknown, key: string): unknown => {
  const map = mapOf(value);
  return Object.hasOwn(map, key) ? map[key] : undefined;
};
