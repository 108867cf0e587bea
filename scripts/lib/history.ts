import { load } from "js-yaml";
import type { SimpleGit } from "simple-git";
import type { Environment } from "../../generators/model/environment.ts";
import { readAt } from "./git.ts";

/** A commit in which an input was seen. */
export interface Seen {
  readonly commit: string;
  readonly short: string;
  readonly subject: string;
  /** Day of the commit, 2026-11-21. */
  readonly date: string;
}

/** What the history of an input says of a service's images; other keys are not looked at, older forms may differ. */
type Versions = Readonly<
  Record<string, { readonly release?: { readonly image?: Readonly<Record<string, unknown>> } } | undefined>
>;

/**
 * The commit that brought an image to a service of an environment, at the earliest.
 *
 * @param ref whose history is looked at
 * @param file the environment's input
 * @param image its repository, tag and digest, as the input has them
 */
export async function firstSeen(
  git: SimpleGit,
  ref: string,
  file: string,
  service: string,
  image: Environment["services"][string]["versions"][string]["release"]["image"],
): Promise<Seen | undefined> {
  const has = async ({ commit }: Seen) =>
    Object.values(await versionsAt(git, commit, file, service)).some((version) => {
      const other = version?.release?.image;
      return other?.repository === image.repository && other?.tag === image.tag && other?.digest === image.digest;
    });
  // Most often it came with a commit that changes how often the tag or digest stands in the file; all others are slower.
  for (const filter of [[`-S${image.digest ?? image.tag}`], []]) {
    for (const seen of (await commitsOf(git, ref, file, ...filter)).reverse()) if (await has(seen)) return seen;
  }
  return undefined;
}

/** Text of an input before a version's release was last changed, and the commit that changed it. */
export async function beforeLastRelease(
  git: SimpleGit,
  file: string,
  service: string,
  version: string,
): Promise<{ seen: Seen; text: string } | undefined> {
  const release = async (commit: string) =>
    JSON.stringify((await versionsAt(git, commit, file, service))[version]?.release);
  const now = await release("HEAD");
  for (const seen of await commitsOf(git, "HEAD", file)) {
    const parent = `${seen.commit}^`;
    const before = await release(parent);
    if (before === undefined || before === now) continue;
    const text = await readAt(git, parent, file);
    return text === undefined ? undefined : { seen, text };
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

async function versionsAt(git: SimpleGit, commit: string, file: string, service: string): Promise<Versions> {
  const text = await readAt(git, commit, file);
  if (text === undefined) return {};
  try {
    const input = load(text) as { services?: Readonly<Record<string, { versions?: Versions } | undefined>> };
    return input?.services?.[service]?.versions ?? {};
  } catch {
    // A commit whose input cannot be read has brought nothing.
    return {};
  }
}
