import { chalk } from "zx/core";
import { UserError } from "./cli.ts";
import type { Clone } from "./clone.ts";
import { requireRemote } from "./destination.ts";
import { type Opened, openPullRequest, type PullRequest } from "./forge/index.ts";
import { fetchBranch, hasBranch, pushTo, reason, succeeds } from "./git.ts";
import { notePending } from "./pending.ts";

/** A change that goes to a branch of its own, for a pull request: the branch that its user is on stays as it is. */

/** What tells one change from another, for the name of its branch. */
export interface Subject {
  /** `promote(prod): backend 6.14.0 → 6.15.0` */
  readonly subject: string;
  readonly services: readonly string[];
}

/**
 * Leaves the branch for the newest commit of the remote's, without a branch of its own; `undoInterrupted` leads back.
 *
 * @param say shows a line
 * @throws UserError where the remote cannot be reached or has no such branch
 */
export async function leaveBranch(clone: Clone, say: (line: string) => void): Promise<Clone> {
  const { git, upstream, branch, root } = clone;
  const base = upstream ? await fetchBranch(clone, upstream) : (await git.revparse("HEAD")).trim();
  const name = upstream && `${upstream.remote}/${upstream.branch}`;
  const own = Number(await git.raw("rev-list", "--count", `${base}..HEAD`));
  if (own > 0)
    say(
      chalk.yellow(
        `this starts from ${name}, without the ${own === 1 ? "commit" : `${own} commits`} that ${branch} has more`,
      ),
    );
  notePending(root, "change on a branch", new Map(), { home: branch });
  await git.raw("switch", "--quiet", "--detach", base);
  return { ...clone, home: branch };
}

/** A branch that a change may take. */
export interface Slot {
  readonly name: string;
  /** The remote's commit of that name, which is given up; `""` where there is none. */
  readonly replaces: string;
}

/**
 * Finds the branch for a change. One that is there is taken only if it is the same change, made by the same person: its
 * one commit is replaced.
 *
 * @param name what the user has chosen. Default: from the change, `slipway/weight-prod-backend`
 * @throws UserError where the branch is somebody else's, or another change's
 */
export async function findSlot(clone: Clone, change: Subject, name?: string): Promise<Slot> {
  const { git, upstream, home, destination } = clone;
  const [, verb, environment] = /^(\w+)\((.+?)\)/.exec(change.subject) ?? [];
  const branch = name ?? `slipway/${verb}-${environment}-${change.services.join("-")}`;
  if (!(await succeeds(git, "check-ref-format", "--branch", branch)))
    throw new UserError(`--branch ${branch}: Git does not take this name for a branch`);
  if (branch === upstream?.branch)
    throw new UserError(`--branch ${branch} is where the change is to be merged into; choose another name`);
  if (branch === home) throw new UserError(`--branch ${branch} is the branch that you are on; choose another name`);
  const isSame = (subject: string) =>
    subject === change.subject || (!name && subject.startsWith(`${verb}(${environment}): `));
  const local = await commitAt(clone, `refs/heads/${branch}`);
  if (local) await refuseForeign(clone, local, `the branch ${branch} here`, isSame);
  const there = destination.remote ? { remote: destination.remote, branch } : undefined;
  if (!there || !(await hasBranch(clone, there))) return { name: branch, replaces: "" };
  const replaces = await fetchBranch(clone, there);
  await refuseForeign(clone, replaces, `${there.remote}/${branch}`, isSame);
  return { name: branch, replaces };
}

async function commitAt({ git }: Clone, ref: string): Promise<string | undefined> {
  return git.raw("rev-parse", "--verify", `${ref}^{commit}`).then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** Refuses a branch that has more than one commit on top of where it left, or one that this command would not have made. */
async function refuseForeign(
  { git }: Clone,
  commit: string,
  what: string,
  isSame: (subject: string) => boolean,
): Promise<void> {
  const log = await git.raw("log", "--format=%ce%x09%cn%x09%s", `HEAD..${commit}`);
  const commits = log.split("\n").filter(Boolean);
  const [email, person, subject = ""] = (commits[0] ?? "").split("\t");
  const me = await git.raw("var", "GIT_COMMITTER_IDENT");
  if (commits.length === 0 || (commits.length === 1 && me.includes(`<${email}>`) && isSame(subject))) return;
  throw new UserError(
    `${what} has ${commits.length === 1 ? "a commit" : `${commits.length} commits`} of ${person} (${subject}); choose another name with --branch`,
  );
}

/**
 * Gives the branch its commit, here and on the remote.
 *
 * @returns the commit that the branch is at: the one that was there, where it is the same change on the same base
 */
export async function publish(clone: Clone, slot: Slot, made: string): Promise<string> {
  const { git, destination } = clone;
  const content = (commit: string) => git.raw("show", "--no-patch", "--format=%T %P %B", commit);
  const isThere = slot.replaces !== "" && (await content(slot.replaces)) === (await content(made));
  const commit = isThere ? slot.replaces : made;
  try {
    await git.raw("branch", "--quiet", "--force", "--no-track", slot.name, commit);
  } catch (error) {
    throw new UserError(`the branch ${slot.name} cannot be made: ${reason(error)}`);
  }
  if (!destination.remote || isThere) return commit;
  const where = { remote: destination.remote, branch: slot.name };
  try {
    if ((await pushTo(clone, where, commit, slot.replaces)) === "pushed") return commit;
  } catch (error) {
    if (error instanceof UserError)
      throw new UserError(`${error.message}; the change is on the branch ${slot.name} here`);
    throw error;
  }
  throw new UserError(`${where.remote}/${slot.name} has changed meanwhile; run the command again`);
}

/** Opens the pull request of a branch that is pushed, in the repository of the branch it goes to. @throws UserError where the forge refuses */
export async function requestReview(
  clone: Clone,
  { name }: Slot,
  { title, body }: Pick<PullRequest, "title" | "body">,
): Promise<Opened> {
  const { git, upstream, branch } = clone;
  const remote = requireRemote(clone);
  const urlOf = async (...options: string[]) => (await git.raw("remote", "get-url", ...options)).split("\n")[0] ?? "";
  const from = await urlOf("--push", remote);
  const to = upstream && upstream.remote !== remote ? await urlOf(upstream.remote) : from;
  return openPullRequest({ from, to }, { title, body, branch: name, base: upstream?.branch ?? branch });
}
