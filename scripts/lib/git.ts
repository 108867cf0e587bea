import { existsSync } from "node:fs";
import { GitError, type SimpleGit, simpleGit } from "simple-git";
import { UserError } from "./cli.ts";

/** How long Git may be silent before it is given up: a remote that does not answer must not hang a command. */
const silence = 60_000;

/** A clone that a command may commit to: on a branch, with a commit, with an identity, with nothing uncommitted. */
export interface Clone {
  readonly git: SimpleGit;
  readonly root: string;
  readonly branch: string;
  /** Where the branch is pushed to; none where the clone has no remote. */
  readonly upstream: Upstream | undefined;
}

export interface Upstream {
  readonly remote: string;
  readonly branch: string;
}

/**
 * Opens the clone that a folder is the root of.
 *
 * @throws UserError with what stands in the way of a commit, and the way out
 */
export async function openClone(root: string): Promise<Clone> {
  const git = openGit(root);
  if (!existsSync(`${root}/.git`))
    throw new UserError("this folder is no Git repository; run git init, and commit what is there");
  const branch = await git.raw("symbolic-ref", "--short", "HEAD").then(trim, () => "");
  if (!branch) throw new UserError("HEAD is detached, so a commit would belong to no branch; git switch to one");
  if (!(await succeeds(git, "rev-parse", "--verify", "HEAD"))) {
    throw new UserError(`the branch ${branch} has no commit yet; commit what is there first`);
  }
  for (const operation of ["rebase-merge", "rebase-apply", "MERGE_HEAD", "CHERRY_PICK_HEAD"]) {
    const path = trim(await git.raw("rev-parse", "--git-path", operation));
    if (existsSync(`${root}/${path}`))
      throw new UserError("a merge or rebase is under way; end it first (git status says how)");
  }
  if (!(await succeeds(git, "var", "GIT_COMMITTER_IDENT"))) {
    throw new UserError("Git does not know who you are; set git config user.name and user.email");
  }
  await refuseDirty(git);
  return { git, root, branch, upstream: await upstreamOf(git, branch) };
}

/** Git in a folder: no prompt, because nobody may be there to answer it, and a limit to its silence. */
export function openGit(root: string, additions: Readonly<Record<string, string>> = {}): SimpleGit {
  // Nothing here opens an editor or a pager; every other variable, such as GIT_SSH_COMMAND, is the user's own and counts.
  const { EDITOR, VISUAL, PAGER, GIT_EDITOR, GIT_SEQUENCE_EDITOR, GIT_PAGER, ...inherited } = process.env;
  const environment = { ...inherited, GIT_TERMINAL_PROMPT: "0", LC_ALL: "C", ...additions };
  return simpleGit(root, {
    timeout: { block: silence },
    allowEnvironment: Object.keys(environment),
    unsafe: {
      allowUnsafeAskPass: true,
      allowUnsafeConfigEnvCount: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeSshCommand: true,
    },
  }).env(environment);
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

async function upstreamOf(git: SimpleGit, branch: string): Promise<Upstream | undefined> {
  const tracked = await git.raw(
    "for-each-ref",
    "--format=%(upstream:remotename) %(upstream:lstrip=3)",
    `refs/heads/${branch}`,
  );
  const [remote, remoteBranch] = trim(tracked).split(" ");
  if (remote && remoteBranch) return { remote, branch: remoteBranch };
  const remotes = await git.getRemotes();
  const only = remotes.find(({ name }) => name === "origin") ?? remotes[0];
  return only && { remote: only.name, branch };
}

/** Text of a file in a commit; none where it is not there. */
export async function readAt(git: SimpleGit, commit: string, file: string): Promise<string | undefined> {
  return git.raw("show", `${commit}:${file}`).catch(() => undefined);
}

/**
 * Commits files, and only those.
 *
 * @throws UserError where a hook refuses, with what it said
 */
export async function commitFiles({ git }: Clone, files: readonly string[], message: string): Promise<string> {
  await git.raw("add", "--all", "--", ...files);
  try {
    await git.raw("commit", "--quiet", "--message", message, "--only", "--", ...files);
  } catch (error) {
    // The tree was clean before, so HEAD has what stood there.
    await git.raw("reset", "--quiet", "--", ...files);
    throw new UserError(`Git refused the commit: ${reason(error)}`);
  }
  return trim(await git.revparse("HEAD"));
}

export type PushResult = "pushed" | "rejected";

/**
 * Pushes a commit to a branch.
 *
 * @returns rejected where somebody else was faster
 * @throws UserError where the remote cannot be reached or refuses
 */
export async function pushTo({ git }: Clone, { remote, branch }: Upstream, commit: string): Promise<PushResult> {
  try {
    await git.raw("push", "--quiet", remote, `${commit}:refs/heads/${branch}`);
    return "pushed";
  } catch (error) {
    if (/\[rejected\]|fetch first|non-fast-forward|cannot lock ref|incorrect old value/.test(String(error)))
      return "rejected";
    throw new UserError(`${remote} did not take the push: ${reason(error)}`);
  }
}

/** Fetches a branch and gives the commit it is at. */
export async function fetchBranch({ git }: Clone, { remote, branch }: Upstream): Promise<string> {
  try {
    await git.raw("fetch", "--quiet", remote, `+refs/heads/${branch}:refs/remotes/${remote}/${branch}`);
  } catch (error) {
    throw new UserError(`${remote} cannot be read: ${reason(error)}`);
  }
  return trim(await git.revparse(`refs/remotes/${remote}/${branch}`));
}

/** The line of Git's output that says what went wrong. */
export function reason(error: unknown): string {
  if (!(error instanceof GitError)) throw error;
  const lines = error.message
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const telling = lines.find((line) => /^(fatal|error|remote):/.test(line)) ?? lines[0] ?? "no reason given";
  return telling.replace(/^(fatal|error|remote): */, "");
}

/** Whether Git does it. Not for commands with --quiet: simple-git takes a silent failure for a success. */
export async function succeeds(git: SimpleGit, ...command: string[]): Promise<boolean> {
  return git.raw(...command).then(
    () => true,
    () => false,
  );
}

const trim = (text: string) => text.trim();
