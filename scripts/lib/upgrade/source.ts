import { gt, prerelease, valid } from "semver";
import { $ } from "zx/core";
import { UserError } from "../cli.ts";
import type { Clone } from "../clone.ts";
import { readAt, reason, runGit } from "../git.ts";
import type { Package } from "../init/plan.ts";

/** A commit of slipway, and the version that it says it is. */
export interface Release {
  readonly commit: string;
  readonly version: string;
}

/** Where an upgrade begins and ends. */
export interface Range {
  readonly from: string;
  readonly base: Release;
  readonly target: Release;
}

export interface SourceOptions {
  readonly from?: string;
  readonly to?: string;
  readonly base?: string;
}

/** Everything of the source is fetched below this, apart from the clone's own branches and tags. */
const refs = "refs/slipway";

/**
 * Fetches slipway's history into the clone, and finds the commit that the clone is made from and the one to upgrade to.
 *
 * @throws UserError where the source cannot be read, is not slipway, or has not got either commit
 */
export async function findRange(clone: Clone, options: SourceOptions): Promise<Range> {
  const from = options.from ?? (await recordedSource(clone));
  try {
    await fetchSource(clone, from);
    const target = await releaseAt(clone, await targetOf(clone, from, options.to), from);
    const base = await releaseAt(clone, await baseOf(clone, from, target.commit, options.base), from);
    return { from, base, target };
  } finally {
    // What was fetched stays for as long as Git keeps what nothing points to, which is two weeks.
    await removeRefs(clone);
  }
}

async function recordedSource({ git }: Clone): Promise<string> {
  const recorded = (await packageAt({ git }, "HEAD"))?.slipway?.repository;
  if (recorded) return recorded;
  const remotes = (await git.getRemotes(true)).filter(({ name }) => name === "slipway" || name === "upstream");
  const remote = remotes.find(({ name }) => name === "slipway") ?? remotes[0];
  if (remote) return remote.refs.fetch;
  throw new UserError("where slipway comes from is not known here; say --from URL, which is remembered");
}

async function fetchSource(clone: Clone, from: string): Promise<void> {
  const specs = [`+HEAD:${refs}/head`, `+refs/heads/*:${refs}/heads/*`, `+refs/tags/*:${refs}/tags/*`];
  try {
    await runGit(clone, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--end-of-options", from, ...specs);
  } catch (error) {
    throw new UserError(`${from} cannot be read: ${reason(error)}`);
  }
}

async function removeRefs({ root, git }: Clone): Promise<void> {
  const names = (await git.raw("for-each-ref", "--format=delete %(refname)", refs)).trim();
  if (names) await $({ cwd: root, quiet: true, input: `${names}\n` })`git update-ref --stdin`;
}

const resolve = ({ git }: Pick<Clone, "git">, ref: string) =>
  git.raw("rev-parse", "--verify", "--end-of-options", `${ref}^{commit}`).then(
    (text) => text.trim(),
    () => undefined,
  );

/** A ref as the source names it. */
async function inSource(clone: Clone, ref: string): Promise<string | undefined> {
  for (const name of [`${refs}/tags/${ref}`, `${refs}/heads/${ref}`]) {
    const commit = await resolve(clone, name);
    if (commit) return commit;
  }
  const commit = /^[0-9a-f]{7,64}$/.test(ref) ? await resolve(clone, ref) : undefined;
  return commit && (await isInSource(clone, commit)) ? commit : undefined;
}

/** Whether a commit is one of the source's. */
const isInSource = async ({ git }: Clone, commit: string) =>
  (await git.raw("for-each-ref", "--count=1", "--contains", commit, refs).catch(() => "")).trim() !== "";

async function targetOf(clone: Clone, from: string, to?: string): Promise<string> {
  const name = to ?? (await newestTag(clone));
  const commit = name ? await inSource(clone, name) : await resolve(clone, `${refs}/head`);
  if (commit) return commit;
  throw new UserError(`${from} has no ${name ?? "commit"}; --to names a tag, a branch or a commit of it`);
}

async function newestTag({ git }: Clone): Promise<string | undefined> {
  const names = (await git.raw("for-each-ref", "--format=%(refname:lstrip=3)", `${refs}/tags/v*`)).split("\n");
  const versions = names.filter((name) => valid(name) && !prerelease(name));
  return versions.reduce<string | undefined>((best, name) => (!best || gt(name, best) ? name : best), undefined);
}

/**
 * The commit of slipway that a clone is made from: the one that it remembers, the last one of a history that is shared, the
 * one that a template was copied from, or the tag of its version.
 */
async function baseOf(clone: Clone, from: string, target: string, said?: string): Promise<string> {
  const { git } = clone;
  if (said) {
    const commit = await inSource(clone, said);
    if (commit) return commit;
    throw new UserError(`${from} has no ${said}; --base names a tag, a branch or a commit of it`);
  }
  const own = await packageAt(clone, "HEAD");
  const recorded = own?.slipway?.commit;
  if (recorded && (await isInSource(clone, recorded))) return recorded;
  const shared = (await git.raw("merge-base", "HEAD", target).catch(() => "")).trim();
  const found = shared || (await sameTree(clone)) || (own && (await inSource(clone, `v${own.version}`)));
  if (found) return found;
  throw new UserError(
    `which commit of ${from} this clone is made from is not known; say --base, which is remembered: a tag, a branch or a commit`,
  );
}

/** The newest commit here that holds exactly the files of one of the source, as the first one of a template does. */
async function sameTree({ git }: Clone): Promise<string | undefined> {
  const list = async (...which: string[]) =>
    (await git.raw("log", "--format=%T %H", ...which))
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split(" ") as [tree: string, commit: string]);
  const theirs = new Map(await list(`--glob=${refs}/*`));
  const match = (await list("HEAD")).find(([tree]) => theirs.has(tree));
  return match && theirs.get(match[0]);
}

async function releaseAt(clone: Clone, commit: string, from: string): Promise<Release> {
  const found = await packageAt(clone, commit);
  if (found?.name === "slipway") return { commit, version: found.version };
  throw new UserError(
    `${from} is not slipway: package.json of ${commit.slice(0, 8)} ${found ? `is named ${found.name}` : "is not there"}; say --from URL`,
  );
}

/** `package.json` of a commit; none where it is not there or cannot be read. */
export async function packageAt({ git }: Pick<Clone, "git">, commit: string): Promise<Package | undefined> {
  try {
    return JSON.parse((await readAt(git, commit, "package.json")) ?? "") as Package;
  } catch {
    return undefined;
  }
}
