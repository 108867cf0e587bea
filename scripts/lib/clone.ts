import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { GitError, type SimpleGit } from "simple-git";
import { requireOwnRepository, UserError } from "./cli.ts";
import { type Destination, destinationOf, upstreamOf } from "./destination.ts";
import { openGit, reason, succeeds } from "./git.ts";
import { explainUnopened } from "./git-words.ts";

/** A clone that a command may commit to: on a branch, with a commit, with an identity, with nothing uncommitted. */
export interface Clone {
  readonly git: SimpleGit;
  readonly root: string;
  readonly branch: string;
  /** The branch that this one follows, and that a pull request goes to; none where the clone has no remote. */
  readonly upstream: Upstream | undefined;
  /** Where `git push` pushes the branch. */
  readonly destination: Destination;
  /** The branch to go back to, where a command works apart from it. */
  readonly home?: string;
  /** Says that the user has interrupted the command. */
  readonly signal?: AbortSignal;
}

/** A branch of a remote. */
export interface Upstream {
  readonly remote: string;
  readonly branch: string;
}

/**
 * Opens the clone that a folder is the root of.
 *
 * @param signal ends what Git is doing
 * @throws UserError with what stands in the way of a commit, and the way out
 */
export async function openClone(root: string, signal?: AbortSignal): Promise<Clone> {
  return inGitsWords(() => open(root, signal));
}

/** @throws UserError where HEAD of a clone is not all that its files hold */
export async function requireCommitted(root: string): Promise<void> {
  await inGitsWords(async () => {
    const git = openGit(root);
    await requireRepository(git, root);
    await refuseUnfinished(git, root);
    await refuseDirty(git);
  });
}

async function inGitsWords<T>(use: () => Promise<T>): Promise<T> {
  return use().catch((error: unknown) => {
    throw error instanceof GitError ? new UserError(`Git failed: ${reason(error)}`) : error;
  });
}

async function open(root: string, signal?: AbortSignal): Promise<Clone> {
  const git = openGit(root);
  await requireRepository(git, root);
  await refuseUnfinished(git, root);
  const branch = await currentBranch(git, root);
  for (const name of ["GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"])
    if (!(await succeeds(git, "var", name)))
      throw new UserError("Git does not know who you are; set git config user.name and user.email");
  if (trim(await git.raw("config", "--get", "--bool", "core.sparseCheckout").catch(() => "")) === "true")
    throw new UserError("this is a sparse checkout, and a render needs all files; git sparse-checkout disable");
  await refuseDirty(git);
  const [upstream, destination] = [await upstreamOf(git, branch), await destinationOf(git, branch)];
  return { git, root, branch, upstream, destination, ...(signal && { signal }) };
}

/** @throws UserError where the folder is not the top of a repository that Git opens and that has files */
async function requireRepository(git: SimpleGit, root: string): Promise<void> {
  requireOwnRepository(root);
  const answer = await git.raw("rev-parse", "--is-bare-repository", "--is-inside-work-tree").catch((error: unknown) => {
    if (error instanceof GitError) throw new UserError(explainUnopened(root, error.message));
    throw error;
  });
  const [isBare, isInside] = answer.split("\n");
  if (isBare === "true") throw new UserError(`${root} is a bare repository, which has no files; work in a clone of it`);
  if (isInside !== "true") throw new UserError(`${root} is Git's own folder; work in the one that holds your files`);
}

/** Files in Git's folder that say what is under way. */
const unfinished = {
  "rebase-merge": "rebase",
  "rebase-apply": "rebase",
  MERGE_HEAD: "merge",
  CHERRY_PICK_HEAD: "cherry-pick",
  REVERT_HEAD: "revert",
  BISECT_LOG: "bisect",
} as const;

async function refuseUnfinished(git: SimpleGit, root: string): Promise<void> {
  // In a linked worktree the path is an absolute one.
  const pathOf = async (name: string) => resolve(root, trim(await git.raw("rev-parse", "--git-path", name)));
  for (const [name, what] of Object.entries(unfinished))
    if (existsSync(await pathOf(name)))
      throw new UserError(`a ${what} is under way; end it first (git status says how)`);
  const lock = await pathOf("index.lock");
  if (existsSync(lock)) throw new UserError(`another Git command is at work here; if there is none, remove ${lock}`);
}

/** @throws UserError where HEAD is on no branch, or the branch has no commit that can be read */
async function currentBranch(git: SimpleGit, root: string): Promise<string> {
  const branch = await git.raw("symbolic-ref", "--short", "HEAD").then(trim, () => "");
  const head = await git.raw("rev-parse", "--verify", "HEAD^{tree}").then(
    () => undefined,
    (error: unknown) => reason(error),
  );
  if (branch && head === undefined) return branch;
  if (head === undefined)
    throw new UserError("HEAD is detached, so a commit would belong to no branch; git switch to one");
  if (!branch) throw new UserError(`HEAD cannot be read: ${head}; git fsck tells more`);
  const ref = `refs/heads/${branch}`;
  const file = resolve(root, trim(await git.raw("rev-parse", "--git-path", ref)));
  if (existsSync(file) || trim(await git.raw("for-each-ref", ref)) !== "")
    throw new UserError(`the newest commit of ${branch} cannot be read: ${head}; git fsck tells more`);
  throw new UserError(`the branch ${branch} has no commit yet; commit what is there first`);
}

async function refuseDirty(git: SimpleGit): Promise<void> {
  const { files } = await git.status();
  if (files.length === 0) return;
  const shown = files.slice(0, 3).map(({ path }) => path);
  const more = files.length > shown.length ? ` and ${files.length - shown.length} more` : "";
  throw new UserError(
    `there are uncommitted changes (${shown.join(", ")}${more}); commit them, or put them aside with git stash --include-untracked`,
  );
}

const trim = (text: string) => text.trim();
