import type { SimpleGit } from "simple-git";
import { UserError } from "./cli.ts";
import type { Clone, Upstream } from "./clone.ts";

/** Where a branch comes from, and where `git push` takes it: https://git-scm.com/docs/git-push#_description */

const noRemote = "there is no remote to push to; add one with git remote add origin URL";

/** Where `git push` pushes a branch, or why it does not. */
export interface Destination {
  readonly remote?: string;
  readonly branch?: string;
  readonly why?: string;
  /** Whether the clone has no remote at all. */
  readonly isAlone?: true;
}

/** What Git knows of a branch. */
interface Tracking {
  readonly branch: string;
  readonly remotes: readonly string[];
  /** The remote of `branch.<name>.remote`, or `origin`, or the only one. */
  readonly remote: string | undefined;
  /** Its upstream's name there. */
  readonly merge: string | undefined;
  /** The remote that it is pushed to, where that is another one. */
  readonly pushRemote: string;
  /** Where the refspecs of that remote push it. */
  readonly pushRef: string;
  /** The branch of this clone that it follows, in place of a remote's. */
  readonly local: string | undefined;
}

/** The branch that another one follows: its upstream, or the one of its name. None where the clone has no remote. */
export async function upstreamOf(git: SimpleGit, branch: string): Promise<Upstream | undefined> {
  const own = await trackingOf(git, branch);
  const { remote, merge } = own.local ? await trackingOf(git, own.local) : own;
  return remote === undefined ? undefined : { remote, branch: merge ?? own.local ?? branch };
}

/** Where a plain `git push` takes a branch. A branch without an upstream goes to the one of its name, as Git advises. */
export async function destinationOf(git: SimpleGit, branch: string): Promise<Destination> {
  const tracking = await trackingOf(git, branch);
  const { remotes, pushRemote, local } = tracking;
  const remote = pushRemote || tracking.remote;
  if (remotes.length === 0) return { why: noRemote, isAlone: true };
  if (local && !pushRemote)
    return {
      why: `${branch} follows ${local} of this clone, so git push stays here; git config branch.${branch}.pushRemote NAME says where to push`,
    };
  if (!remote)
    return {
      why: `which of ${remotes.join(", ")} to push to is not known; git config remote.pushDefault NAME says it`,
    };
  if (!remotes.includes(remote))
    return {
      why: `git push takes ${branch} to ${withoutUser(remote)}, which has no name here; give it one with git remote add`,
    };
  const refspecs = await configOf(git, `remote.${remote}.push`);
  if (refspecs.length > 0) return { remote, ...byRefspec(tracking, remote, refspecs) };
  const [mode = "simple"] = (await configOf(git, "push.default")).slice(-1);
  return { remote, ...byDefault(tracking, remote, mode) };
}

/** Where a change is pushed. @throws UserError where `git push` would not push it */
export function requireDestination({ destination: { remote, branch, why } }: Clone): Upstream {
  if (remote && branch) return { remote, branch };
  throw new UserError(why ?? noRemote);
}

/** The remote that gets branches. @throws UserError where there is none, or none is chosen */
export function requireRemote({ destination: { remote, why } }: Pick<Clone, "destination">): string {
  if (remote) return remote;
  throw new UserError(why ?? noRemote);
}

async function trackingOf(git: SimpleGit, branch: string): Promise<Tracking> {
  const format = ["upstream:remotename", "upstream:remoteref", "push:remotename", "push:remoteref"];
  const output = await git.raw(
    "for-each-ref",
    `--format=${format.map((field) => `%(${field})`).join("%09")}`,
    `refs/heads/${branch}`,
  );
  const [named = "", ref = "", pushRemote = "", pushRef = ""] = output.replace(/\n.*/s, "").split("\t");
  const remotes = (await git.getRemotes()).map(({ name }) => name);
  // `.` is this clone: a branch that follows another one of it.
  const own = remotes.includes(named) ? named : undefined;
  const remote = own ?? (remotes.length === 1 ? remotes[0] : remotes.find((name) => name === "origin"));
  const merge = own && shortOf(ref);
  const local = named === "." ? shortOf(ref) : undefined;
  return { branch, remotes, remote, merge, pushRemote: pushRemote === "." ? "" : pushRemote, pushRef, local };
}

type Target = Pick<Destination, "branch" | "why">;

/** `remote.<name>.push`; Git resolves patterns itself, and `HEAD` only when it pushes. */
function byRefspec({ branch, pushRef }: Tracking, remote: string, refspecs: readonly string[]): Target {
  const [, to] = refspecs.map((one) => /^\+?(?:HEAD|@)(?::(.+))?$/.exec(one)).find(Boolean) ?? [undefined, ""];
  const ref = pushRef || (to ?? `refs/heads/${branch}`);
  if (!ref) return { why: `remote.${remote}.push does not push ${branch} (${refspecs.join(", ")})` };
  const target = ref.startsWith("refs/") ? shortOf(ref) : ref;
  return target ? { branch: target } : { why: `git push takes ${branch} to ${ref} of ${remote}, which is no branch` };
}

/** `push.default`. */
function byDefault({ branch, remote: followed, merge }: Tracking, remote: string, mode: string): Target {
  const hint = `git config push.default says how git push chooses`;
  if (mode === "nothing") return { why: `push.default is nothing, so git push takes ${branch} nowhere; ${hint}` };
  if (mode === "current" || mode === "matching" || merge === undefined) return { branch };
  if (mode === "upstream" || mode === "tracking") {
    if (remote === followed) return { branch: merge };
    return {
      why: `push.default is upstream, but ${branch} follows ${followed}/${merge} and is pushed to ${remote}; ${hint}`,
    };
  }
  if (remote !== followed || merge === branch) return { branch };
  return {
    why: `git push refuses, because ${branch} follows ${followed}/${merge}, which has another name (push.default is simple); ${hint}`,
  };
}

const shortOf = (ref: string) => /^refs\/heads\/(.+)$/.exec(ref)?.[1];
const withoutUser = (url: string) => url.replace(/(:\/\/)[^/@]+@/, "$1");

async function configOf(git: SimpleGit, key: string): Promise<string[]> {
  const output = await git.raw("config", "--get-all", key).catch(() => "");
  return output.split("\n").filter(Boolean);
}
