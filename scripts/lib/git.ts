import { GitError, type SimpleGit, simpleGit } from "simple-git";
import { $ } from "zx/core";
import { UserError } from "./cli.ts";
import type { Clone, Upstream } from "./clone.ts";
import { gitEnvironment, telling } from "./git-words.ts";
import { patience } from "./patience.ts";
import { blobId } from "./stamp.ts";

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

/**
 * The commits here that a remote's branch has not got, as far as it was seen, newest first: `1a2b3c4d weight(prod): …`. A
 * branch that was never seen has all that the other branches of its remote have.
 *
 * @param base a branch of another remote, whose commits are pushed by others
 */
export async function unpushed({ git, upstream }: Clone, { remote, branch }: Upstream): Promise<string[]> {
  const tracking = (at: Upstream) => `refs/remotes/${at.remote}/${at.branch}`;
  const there = tracking({ remote, branch });
  const seen = (await succeeds(git, "rev-parse", "--verify", there)) ? [there] : [`--remotes=${remote}`];
  const base = upstream && upstream.remote !== remote ? tracking(upstream) : undefined;
  const others = base && (await succeeds(git, "rev-parse", "--verify", base)) ? [base] : [];
  return (await git.raw("log", "--format=%h %s", "HEAD", "--not", ...seen, ...others)).split("\n").filter(Boolean);
}

/**
 * Text of a file in a commit.
 *
 * @returns none where there is no such file or commit
 * @throws UserError where Git cannot read it: a damaged object, or one that a partial clone has to fetch and cannot
 */
export async function readAt(git: SimpleGit, commit: string, file: string): Promise<string | undefined> {
  try {
    return await git.raw("show", `${commit}:${file}`);
  } catch (error) {
    if (/does not exist in|exists on disk, but not in|invalid object name|unknown revision/.test(String(error)))
      return undefined;
    throw new UserError(`${file} of ${commit.slice(0, 8)} cannot be read: ${reason(error)}`);
  }
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
      ? `a hook or a filter of this repository changes ${changed} when it is committed; exclude slipway's files from it`
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
    // A protected branch, in the words of each forge, or a hook of the server's.
    const isProtected = /hook declined|protected|TF402455|not allowed to push/i.test(String(error));
    const hint =
      !lease.length && isProtected ? "; where the branch is protected, --pr opens a pull request instead" : "";
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
  return telling(error.message);
}

/** Whether Git does it. Not for commands with --quiet: simple-git takes a silent failure for a success. */
export async function succeeds(git: SimpleGit, ...command: string[]): Promise<boolean> {
  return git.raw(...command).then(
    () => true,
    () => false,
  );
}

const trim = (text: string) => text.trim();
