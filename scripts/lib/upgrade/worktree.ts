import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SimpleGit } from "simple-git";
import type { Clone } from "../clone.ts";
import { openGit, readAt, reason } from "../git.ts";
import { format, manual } from "../init/plan.ts";
import { type Clash, installsSame, type Lock, mergeJson } from "./packages.ts";
import type { Range } from "./source.ts";

/** Where an upgrade is made ready: a linked worktree, which Git ignores. The clone stays as it is until all is done. */
export const workFolder = ".slipway/upgrade";
const lockFile = "package-lock.json";
const stateFile = ".slipway/upgrade.json";

/** Folders that are the team's: inputs, and what is rendered from them. */
const ownFolders = ["envs", "clusters", "argo-apps"];

/** An upgrade under way: `head` is the commit that it is for. */
export interface State extends Range {
  readonly head: string;
}

/** The state of an upgrade that waits for a person; none where none does. */
export function readWaiting(root: string): State | undefined {
  const path = join(root, stateFile);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as State) : undefined;
}

export function writeWaiting(root: string, state: State): void {
  writeFileSync(join(root, stateFile), format(state));
}

/** Makes the worktree at HEAD. */
export async function makeWorktree({ git, root }: Clone): Promise<string> {
  await removeWorktree(root, git);
  mkdirSync(join(root, ".slipway"), { recursive: true });
  await git.raw("worktree", "add", "--quiet", "--detach", workFolder, "HEAD");
  return join(root, workFolder);
}

/** Removes the worktree, also one that a kill left, and what is known of its upgrade. */
export async function removeWorktree(root: string, git: SimpleGit): Promise<void> {
  const folder = join(root, workFolder);
  const packages = join(folder, "node_modules");
  // What a link leads to is the clone's.
  if (lstatSync(packages, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(packages);
  rmSync(folder, { recursive: true, force: true });
  rmSync(join(root, stateFile), { force: true });
  await git.raw("worktree", "prune");
}

/** What a merge left for a person. */
export interface Merge {
  /** Files with conflicts, and values of package.json that both sides changed. */
  readonly conflicts: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Merges what slipway changed between two commits into a worktree: everything but the team's inputs and what is rendered.
 * Nothing is committed.
 */
export async function mergeInto(clone: Clone, folder: string, range: Range): Promise<Merge> {
  const work = openGit(folder);
  const base = await commitTree(clone, await codeTree(clone, range.base.commit));
  const target = await commitTree(clone, await codeTree(clone, range.target.commit), base);
  // A pick merges by the pick's own parent, so that it does not matter whether the histories are shared.
  const failed = await work.raw("cherry-pick", "--no-commit", target).then(() => "", reason);
  const unmerged = new Map<string, string[]>();
  for (const line of (await work.raw("ls-files", "--unmerged", "-z")).split("\0").filter(Boolean)) {
    const [, stage = "", path = ""] = /^\d+ \w+ (\d)\t(.*)$/s.exec(line) ?? [];
    unmerged.set(path, [...(unmerged.get(path) ?? []), stage]);
  }
  if (failed && unmerged.size === 0) throw new Error(`git cherry-pick: ${failed}`);
  // A file that the team has removed, such as the pipelines of another forge, stays away.
  const gone = [...unmerged]
    .filter(([, stages]) => !stages.includes("2") && stages.includes("1"))
    .map(([path]) => path);
  if (gone.length > 0) await work.raw("rm", "--quiet", "--force", "--", ...gone);
  const clashes = await mergePackage(clone, folder, range);
  return {
    conflicts: [...[...unmerged.keys()].filter((path) => !gone.includes(path)).sort(), ...clashes.map(describeClash)],
    notes: gone.map((path) => `${path} was removed here and changed by slipway: it stays away`),
  };
}

const describeClash = ({ path, base, ours, theirs }: Clash) =>
  `package.json ${path}: here ${JSON.stringify(ours)}, slipway ${JSON.stringify(theirs)} (it was ${JSON.stringify(base)}); it has yours now`;

/**
 * A tree with the code of a commit of slipway, and the team's own inputs, rendered files and package files, so that these
 * are the same on both sides of a merge.
 */
async function codeTree({ git, root }: Clone, commit: string): Promise<string> {
  const index = join(root, `.slipway/upgrade-index`);
  const own = openGit(root, { GIT_INDEX_FILE: index });
  const blob = async (name: string) => (await git.raw("rev-parse", "--verify", name).catch(() => "")).trim();
  const put = async (path: string, object: string) => {
    if (object) await own.raw("update-index", "--add", "--cacheinfo", `100644,${object},${path}`);
  };
  try {
    rmSync(index, { force: true });
    await own.raw("read-tree", commit);
    const hasManual = await blob(`HEAD:${manual}`);
    const files = ["package.json", lockFile, ...(hasManual ? ["README.md"] : [])];
    await own.raw("rm", "-r", "--cached", "--force", "--quiet", "--ignore-unmatch", "--", ...ownFolders, ...files);
    for (const folder of ownFolders)
      if (await blob(`HEAD:${folder}`)) await own.raw("read-tree", `--prefix=${folder}/`, `HEAD:${folder}`);
    for (const file of files) await put(file, await blob(`HEAD:${file}`));
    if (hasManual) await put(manual, await blob(`${commit}:README.md`));
    return (await own.raw("write-tree")).trim();
  } finally {
    rmSync(index, { force: true });
  }
}

async function commitTree({ git }: Clone, tree: string, ...parents: string[]): Promise<string> {
  const options = parents.flatMap((parent) => ["-p", parent]);
  return (await git.raw("commit-tree", tree, ...options, "-m", "slipway")).trim();
}

/** Merges package.json by keys, because both sides change neighbouring lines, and takes the lock file that fits it. */
async function mergePackage({ git }: Clone, folder: string, { from, base, target }: Range): Promise<Clash[]> {
  const commits = [base.commit, "HEAD", target.commit];
  const three = (file: string) => Promise.all(commits.map((commit) => readJson(git, commit, file)));
  const [before = {}, ours = {}, theirs = {}] = await three("package.json");
  const { merged, clashes } = mergeJson(before, ours, theirs);
  const slipway = { repository: from, commit: target.commit };
  writeFileSync(join(folder, "package.json"), format({ ...merged, slipway }));
  const [locks, own, next] = (await three(lockFile)) as unknown as [Lock, Lock, Lock];
  const lock = installsSame(locks, next) ? own : next;
  const root = { ...lock.packages[""], ...rootOfLock(merged) };
  writeFileSync(
    join(folder, lockFile),
    format({ ...lock, name: merged.name, version: merged.version, packages: { ...lock.packages, "": root } }),
  );
  return clashes;
}

/**
 * What must be done for the packages of a worktree: nothing, where its lock file installs the same as the clone's; a lock
 * file made anew, where both the team and slipway changed it.
 */
export async function packagesOf(
  { git, root }: Clone,
  { base, target, head }: State,
): Promise<"same" | "changed" | "both changed"> {
  const read = async (commit: string) => (await readJson(git, commit, lockFile)) as unknown as Lock;
  const [before, own, next] = await Promise.all([base.commit, head, target.commit].map(read));
  const made = JSON.parse(readFileSync(join(root, workFolder, lockFile), "utf8")) as Lock;
  if (!before || !own || !next || installsSame(own, made)) return "same";
  return installsSame(before, own) || installsSame(before, next) ? "changed" : "both changed";
}

async function readJson(git: SimpleGit, commit: string, file: string): Promise<Record<string, unknown>> {
  return JSON.parse((await readAt(git, commit, file)) ?? "{}");
}

/** What a lock file repeats of package.json. */
const rootOfLock = ({
  name,
  version,
  dependencies,
  devDependencies,
  optionalDependencies,
}: Record<string, unknown>) => ({
  name,
  version,
  ...(dependencies !== undefined && { dependencies }),
  ...(devDependencies !== undefined && { devDependencies }),
  ...(optionalDependencies !== undefined && { optionalDependencies }),
});
