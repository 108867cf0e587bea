import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { GitError, type SimpleGit, simpleGit } from "simple-git";
import { $ } from "zx";
import { UserError } from "./cli.ts";
import { patience } from "./patience.ts";
import { blobId } from "./stamp.ts";

/** A clone that a command may commit to: on a branch, with a commit, with an identity, with nothing uncommitted. */
export interface Clone {
  readonly git: SimpleGit;
  readonly root: string;
  readonly branch: string;
  /** Where the branch is pushed to; none where the clone has no remote. */
  readonly upstream: Upstream | undefined;
  /** The branch to go back to, where a command works apart from it. */
  readonly home?: string;
  /** Says that the user has interrupted the command. */
  readonly signal?: AbortSignal;
}

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
  const git = openGit(root);
  if (!existsSync(`${root}/.git`)) {
    const top = await git.raw("rev-parse", "--show-toplevel").then(trim, () => undefined);
    throw new UserError(
      top
        ? `the commands that commit need a repository of their own, and ${root} is a folder of ${top}`
        : "this folder is no Git repository; run git init, and commit what is there",
    );
  }
  const branch = await git.raw("symbolic-ref", "--short", "HEAD").then(trim, () => "");
  if (!branch) throw new UserError("HEAD is detached, so a commit would belong to no branch; git switch to one");
  if (!(await succeeds(git, "rev-parse", "--verify", "HEAD"))) {
    throw new UserError(`the branch ${branch} has no commit yet; commit what is there first`);
  }
  for (const operation of ["rebase-merge", "rebase-apply", "MERGE_HEAD", "CHERRY_PICK_HEAD"]) {
    const path = trim(await git.raw("rev-parse", "--git-path", operation));
    // In a linked worktree the path is an absolute one.
    if (existsSync(resolve(root, path)))
      throw new UserError("a merge or rebase is under way; end it first (git status says how)");
  }
  const lock = resolve(root, trim(await git.raw("rev-parse", "--git-path", "index.lock")));
  if (existsSync(lock)) throw new UserError(`another Git command is at work here; if there is none, remove ${lock}`);
  if (!(await succeeds(git, "var", "GIT_COMMITTER_IDENT"))) {
    throw new UserError("Git does not know who you are; set git config user.name and user.email");
  }
  if (trim(await git.raw("config", "--get", "--bool", "core.sparseCheckout").catch(() => "")) === "true")
    throw new UserError("this is a sparse checkout, and a render needs all files; git sparse-checkout disable");
  await refuseDirty(git);
  return { git, root, branch, upstream: await upstreamOf(git, branch), ...(signal && { signal }) };
}

/** The user's environment, with no prompt, because nobody may be there to answer it. */
function gitEnvironment(): NodeJS.ProcessEnv {
  // Nothing here opens an editor or a pager; every other variable, such as GIT_SSH_COMMAND, is the user's own and counts.
  const { EDITOR, VISUAL, PAGER, GIT_EDITOR, GIT_SEQUENCE_EDITOR, GIT_PAGER, ...inherited } = process.env;
  return { ...inherited, GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };
}

/**
 * What simple-git refuses in an environment and in settings, because a stranger may have written them. Here both are the
 * user's own, as they are for Git: a hook has GIT_EXEC_PATH, a pipeline `url.….insteadOf` in GIT_CONFIG_COUNT.
 */
const guards =
  "Alias AskPass CommandBinaries ConfigEnvCount ConfigPaths CredentialHelper DiffExternal DiffTextConv Editor Exec Filter FsMonitor GitProxy GpgProgram HooksPath Include MergeDriver Pack Pager ProtocolOverride SshCommand Submodule TemplateDir UrlRewrite".split(
    " ",
  );

/** Git in a folder, with further variables of its environment. */
export function openGit(root: string, additions: Readonly<Record<string, string>> = {}): SimpleGit {
  const environment = { ...gitEnvironment(), ...additions };
  return simpleGit(root, {
    timeout: { block: patience() },
    allowEnvironment: Object.keys(environment),
    unsafe: Object.fromEntries(guards.map((name) => [`allowUnsafe${name}`, true])),
  }).env(environment);
}

/** How long what is asked to end may take for it, ms. */
const grace = 3000;

/**
 * Git with what may wait for somebody else: a remote, a hook, a signature. It ends with all that it has started, which
 * simple-git would leave behind, when it takes too long or the user interrupts it.
 */
export async function runGit({ root, signal }: Clone, ...command: string[]): Promise<string> {
  const running = $({ cwd: root, env: gitEnvironment(), nothrow: true, quiet: true, detached: true })`git ${command}`;
  let why = "";
  const kill = (signal: "SIGTERM" | "SIGKILL") => {
    try {
      // Its process group: what it has started may outlive it.
      if (running.pid) process.kill(-running.pid, signal);
    } catch {
      // All of it has ended in this moment.
    }
  };
  const timers: NodeJS.Timeout[] = [];
  const end = (because: string) => () => {
    why = because;
    kill("SIGTERM");
    timers.push(setTimeout(kill, grace, "SIGKILL"));
  };
  const interrupt = end("interrupted");
  const limit = patience();
  timers.push(setTimeout(end(`no answer for ${limit / 1000} s (SLIPWAY_TIMEOUT)`), limit));
  signal?.addEventListener("abort", interrupt);
  if (signal?.aborted) interrupt();
  const { exitCode, stdout, stderr } = await running;
  for (const timer of timers) clearTimeout(timer);
  signal?.removeEventListener("abort", interrupt);
  if (exitCode === 0) return stdout;
  throw why ? new CutOff(undefined, why) : new GitError(undefined, `${stderr}\n${stdout}`);
}

/** Git was ended before it was done. */
class CutOff extends GitError {}

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

/**
 * The commits here that the remote's branch has not got, as far as it was seen, newest first: `1a2b3c4d weight(prod): …`.
 */
export async function unpushed({ git }: Clone, { remote, branch }: Upstream): Promise<string[]> {
  const there = `refs/remotes/${remote}/${branch}`;
  if (!(await succeeds(git, "rev-parse", "--verify", there))) return [];
  return (await git.raw("log", "--format=%h %s", `${there}..HEAD`)).split("\n").filter(Boolean);
}

/** Text of a file in a commit; none where it is not there. */
export async function readAt(git: SimpleGit, commit: string, file: string): Promise<string | undefined> {
  return git.raw("show", `${commit}:${file}`).catch(() => undefined);
}

/**
 * Commits files, and only those.
 *
 * @param files path and text of each; `null` where it is deleted
 * @param differences where a commit with these contents is not what a clone of it would render
 * @throws UserError where a hook or a signature refuses, with what it said, where a hook changes the files, or where the
 * commit would be stale
 */
export async function commitFiles(
  clone: Clone,
  files: ReadonlyMap<string, string | null>,
  message: string,
  differences: (blobs: ReadonlyMap<string, string>) => readonly string[],
): Promise<string> {
  const { git } = clone;
  const paths = [...files.keys()];
  const head = async () => trim(await git.revparse("HEAD"));
  const before = await head();
  // The tree was clean before: whatever these files hold now is ours, or a hook's.
  const restore = () => git.raw("restore", "--source=HEAD", "--staged", "--worktree", "--", ...paths);
  try {
    await git.raw("add", "--all", "--", ...paths);
    await runGit(clone, "commit", "--quiet", "--message", message, "--only", "--", ...paths);
  } catch (error) {
    // What fails after the commit, such as a post-commit hook, does not undo it.
    if ((await head()) === before) {
      await restore();
      throw new UserError(`Git refused the commit: ${reason(error)}`);
    }
  }
  const blobs = await blobsAt(git, "HEAD", paths);
  const [changed] = [...files].find(([path, text]) => !isBlob(text, blobs.get(path))) ?? [];
  const [stale] = differences(blobs);
  if (!changed && !stale) return head();
  await git.raw("reset", "--quiet", "--soft", "HEAD^");
  await restore();
  throw new UserError(
    changed
      ? `a hook of this repository changes ${changed} when it is committed; exclude slipway's files from it`
      : `a clone of the commit would be stale, because ${stale} is not in Git as it is rendered; look for what hides it (.gitignore, git update-index --assume-unchanged)`,
  );
}

/** Git's name of the content of every file of a commit below the folders of slipway, and of `others`, by path. */
export async function blobsAt(
  git: SimpleGit,
  commit: string,
  others: readonly string[] = [],
): Promise<Map<string, string>> {
  const tops = ["envs", "clusters", "argo-apps"];
  const further = others.filter((path) => !tops.some((top) => path.startsWith(`${top}/`)));
  const listed = await git.raw("ls-tree", "-r", "-z", "--full-tree", commit, "--", ...tops, ...further);
  const lines = listed.split("\0").filter(Boolean);
  return new Map(lines.map((line) => [line.slice(line.indexOf("\t") + 1), line.split(/[ \t]/)[2] ?? ""]));
}

/** Whether Git's name of a file's content is that of a text. */
function isBlob(text: string | null, id: string | undefined): boolean {
  if (text === null || id === undefined) return text === null && id === undefined;
  return id === blobId(text, id.length === 40 ? "sha1" : "sha256");
}

export type PushResult = "pushed" | "rejected";

/**
 * Pushes a commit to a branch.
 *
 * @param expected the commit that the branch is at, which is given up; `""` where there is no such branch. Default: the
 * branch only goes forward
 * @returns rejected where somebody else was faster
 * @throws UserError where the remote cannot be reached or refuses
 */
export async function pushTo(
  clone: Clone,
  { remote, branch }: Upstream,
  commit: string,
  expected?: string,
): Promise<PushResult> {
  const lease = expected === undefined ? [] : [`--force-with-lease=refs/heads/${branch}:${expected}`];
  try {
    await runGit(clone, "push", "--quiet", ...lease, remote, `${commit}:refs/heads/${branch}`);
    return "pushed";
  } catch (error) {
    // A branch `slipway` in the way of `slipway/x` is no race.
    if (/\[rejected\]|cannot lock ref(?!.*cannot create)|incorrect old value/.test(String(error))) return "rejected";
    // A protected branch.
    const hint =
      !lease.length && /\[remote rejected\]/.test(String(error)) ? "; --pr opens a pull request instead" : "";
    const failed = reason(error);
    // It was cut off here, and may have got there.
    if (error instanceof CutOff)
      throw new UserError(`whether ${remote} took the push is not known (${failed}): git fetch tells`);
    throw new UserError(`${remote} did not take the push: ${failed}${hint}`);
  }
}

/** Fetches a branch and gives the commit it is at. */
export async function fetchBranch(clone: Clone, { remote, branch }: Upstream): Promise<string> {
  try {
    await runGit(clone, "fetch", "--quiet", remote, `+refs/heads/${branch}:refs/remotes/${remote}/${branch}`);
  } catch (error) {
    if (/couldn't find remote ref/.test(String(error)))
      throw new UserError(`${remote} has no branch ${branch}; push it first: git push ${remote} ${branch}`);
    throw new UserError(`${remote} cannot be read: ${reason(error)}`);
  }
  return trim(await clone.git.revparse(`refs/remotes/${remote}/${branch}`));
}

/** Whether a remote has a branch. */
export async function hasBranch(clone: Clone, { remote, branch }: Upstream): Promise<boolean> {
  try {
    return trim(await runGit(clone, "ls-remote", remote, `refs/heads/${branch}`)) !== "";
  } catch (error) {
    throw new UserError(`${remote} cannot be read: ${reason(error)}`);
  }
}

/** What Git's output says went wrong, in one line and without passwords. @throws what is no error of Git's */
export function reason(error: unknown): string {
  if (!(error instanceof GitError)) throw error;
  // A token may stand in the place of the user, whose name Git shows.
  const lines = error.message
    .split("\n")
    .map((line) => line.trim().replaceAll(/(:\/\/)[^/@\s]+@/g, "$1"))
    .filter(Boolean);
  // What a hook says is worth more than that it refused; a server writes empty lines and rules, too.
  const remote = lines.filter((line) => /^remote: .*\w/.test(line));
  const own = lines.filter((line) => !/^(hint:|To |! |error: failed to push some refs)/.test(line));
  const telling = remote.length > 0 ? remote : [own.find((line) => /^(fatal|error):/.test(line)) ?? own[0] ?? ""];
  return telling.map((line) => line.replace(/^((fatal|error|remote): *)+/, "").trim()).join(" ") || "no reason given";
}

/** Whether Git does it. Not for commands with --quiet: simple-git takes a silent failure for a success. */
export async function succeeds(git: SimpleGit, ...command: string[]): Promise<boolean> {
  return git.raw(...command).then(
    () => true,
    () => false,
  );
}

const trim = (text: string) => text.trim();
