import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { requireOwnRepository, UserError } from "../cli.ts";
import { explainUnopened, telling } from "../git-words.ts";
import { type Diff, diffFiles, type FilePair } from "./diff.ts";
import { type Git, GitFailure, gitIn, trim } from "./git.ts";

/** A diff with the texts it was made from. */
export interface Comparison {
  readonly diff: Diff;
  readonly pairs: readonly FilePair[];
  /** Inputs of the base, for what is drawn from them: environments with a change. */
  readonly inputsBefore: () => Promise<Map<string, string>>;
}

/**
 * The rendered diff between a commit and the work tree, with all that is not committed yet. It reads the files that Git says
 * differ, and renders nothing: the rendered tree is in Git.
 *
 * @param ref what to compare with. Default: where this branch left the default branch
 * @throws UserError where there is no such commit
 */
export async function compareWith(root: string, ref: string | undefined): Promise<Comparison> {
  requireOwnRepository(root);
  const git = gitIn(root);
  return compare(root, git, ref).catch((error: unknown) => {
    if (!(error instanceof GitFailure)) throw error;
    const isUnopened = /not a git repository|dubious ownership|ENOENT/i.test(error.message);
    throw new UserError(isUnopened ? explainUnopened(root, error.message) : `Git failed: ${telling(error.message)}`);
  });
}

async function compare(root: string, git: Git, ref: string | undefined): Promise<Comparison> {
  const { name, commit, changes, head } =
    ref === undefined ? await changesOfBranch(git) : await changesSinceRef(git, ref);
  const deployed = changes.filter(({ path }) => isDeployed(path));
  const before = await textsOf(git, deployed);
  const note = await describeStale(
    root,
    changes.map(({ path }) => path),
  );
  const pairs = deployed.map(({ path }) => ({ path, before: before.get(path), after: textAt(join(root, path)) }));
  return {
    diff: {
      base: name === commit ? short(commit) : `${name} (${short(commit)})`,
      head: `the work tree on ${short(head)}`,
      groups: diffFiles(pairs, { unchanged: (path) => textAt(join(root, path)), clusters: clustersIn(root) }),
      ...(note && { note }),
    },
    pairs,
    inputsBefore: () => inputsAt(git, commit),
  };
}

const folders = ["envs", "clusters", "argo-apps"];
const short = (commit: string) => commit.slice(0, 8);

/** A file that differs, with the object that Git keeps of the base's text; none where it is new. */
interface Change {
  readonly path: string;
  readonly object?: string;
}

/** A file that Argo CD reads, below the folder of an environment or a cluster. */
const isDeployed = (path: string) => /\.(ya?ml|json)$/.test(path) && path.split("/").length > 2;

/** A file that people write, and that is rendered. */
const isInput = (path: string) => /^(envs|clusters)\/[^/]+\.ya?ml$/.test(path);

/**
 * Looks whether inputs that differ are rendered.
 *
 * @returns what to do where they are not
 */
async function describeStale(root: string, changed: readonly string[]): Promise<string | undefined> {
  const inputs = changed.filter(isInput);
  if (inputs.length === 0 || isRenderedSince(root, inputs)) return undefined;
  // Loaded late: most often it is not needed.
  const { planRender } = await import("../render.ts");
  const { InputError } = await import("../../../generators/model/faults.ts");
  try {
    const { create, change, remove } = planRender(root).tree;
    const count = create.length + change.length + remove.length;
    if (count === 0) return undefined;
    return `the rendered files are not what the inputs say (${count} would change); npm run render, and look again`;
  } catch (error) {
    if (error instanceof InputError)
      return "the rendered files may not be what the inputs say, which have faults; npm run render tells them";
    throw error;
  }
}

/** Whether the last render ended after all of some files were written. */
function isRenderedSince(root: string, files: readonly string[]): boolean {
  const timeOf = (path: string) => lstatSync(join(root, path), { throwIfNoEntry: false })?.ctimeMs;
  const rendered = timeOf(".slipway/units.json");
  return rendered !== undefined && files.every((file) => (timeOf(file) ?? Number.POSITIVE_INFINITY) < rendered);
}

/** What a comparison is about. */
interface Range {
  readonly name: string;
  readonly commit: string;
  readonly head: string;
  readonly changes: readonly Change[];
}

async function changesSinceRef(git: Git, name: string): Promise<Range> {
  const [commit, head] = await Promise.all([commitOf(git, name), commitOf(git, "HEAD")]);
  return { name, commit, head, changes: await changesSince(git, commit) };
}

async function changesSince(git: Git, commit: string): Promise<Change[]> {
  // One thread for each of the two: with more for the first they take longer together.
  const one = ["-c", "core.preloadIndex=false"];
  const [listed, untracked] = await Promise.all([
    git(...one, "diff", "--raw", "--no-renames", "--no-abbrev", "--relative", "-z", commit, "--", ...folders),
    git("ls-files", "--others", "--exclude-standard", "-z", "--", ...folders),
  ]);
  // :100644 100644 <object before> <object after> M NUL path NUL
  const tracked = [...listed.toString().matchAll(/:\d+ \d+ (\w+) \w+ \w+\0([^\0]+)\0/g)];
  return [
    ...tracked.map(([, object = "", path = ""]) => ({ path, ...(/[^0]/.test(object) && { object }) })),
    ...untracked
      .toString()
      .split("\0")
      .map((path) => ({ path })),
  ].filter(({ path }) => isDeployed(path) || isInput(path));
}

/**
 * What a branch changes since it left the default branch. On the default branch itself: what it adds to the remote's, or
 * what is not committed, or the last commit.
 */
async function changesOfBranch(git: Git): Promise<Range> {
  const names = ["remotes/origin/HEAD", "remotes/origin/main", "remotes/origin/master", "heads/main", "heads/master"];
  const format = "--format=%(objectname) %(refname)";
  const [head, refs] = await Promise.all([
    commitOf(git, "HEAD"),
    git("for-each-ref", format, ...names.map((name) => `refs/${name}`)),
  ]);
  const since = async (name: string, commit: string) => ({
    name,
    commit,
    head,
    changes: await changesSince(git, commit),
  });
  const tips = new Map(
    refs
      .toString()
      .split("\n")
      .map((line) => [line.slice(line.indexOf(" refs/") + 6), line.slice(0, line.indexOf(" "))]),
  );
  for (const name of names) {
    const tip = tips.get(name);
    if (!tip || tip === head) continue;
    const shown = name.replace(/^\w+\//, "");
    const commit = await git("merge-base", tip, head).then(trim, async () => {
      const way = (await isShallow(git)) ? "git fetch --unshallow brings the history, or name" : "name";
      throw new UserError(`${shown} and HEAD have no common commit here; ${way} a ref to compare with`);
    });
    if (commit !== head) return since(shown, commit);
  }
  const uncommitted = await since("HEAD", head);
  if (uncommitted.changes.length > 0) return uncommitted;
  const parent = await commitOf(git, "HEAD^").catch(() => undefined);
  if (parent) return since("HEAD^", parent);
  if (!(await isShallow(git))) return uncommitted;
  throw new UserError(
    "this clone holds one commit of a longer history; git fetch --unshallow brings it, or name a ref to compare with",
  );
}

const isShallow = async (git: Git) => trim(await git("rev-parse", "--is-shallow-repository")) === "true";

/** @throws UserError where there is no such commit */
async function commitOf(git: Git, ref: string): Promise<string> {
  return git("rev-parse", "--verify", "--end-of-options", `${ref}^{commit}`).then(trim, (error) => {
    if (!(error instanceof GitFailure) || !/Needed a single revision|unknown revision/.test(error.message)) throw error;
    throw new UserError(
      ref === "HEAD"
        ? "there is no commit yet; commit what is there first"
        : `there is no commit ${ref}; git fetch brings the ones of the remote`,
    );
  });
}

/** Texts of files on the base's side, in one call of Git. */
async function textsOf(git: Git, changes: readonly Change[]): Promise<Map<string, string>> {
  const tracked = changes.filter(({ object }) => object);
  const texts = new Map<string, string>();
  if (tracked.length === 0) return texts;
  const output = await git.input(tracked.map(({ object }) => `${object}\n`).join(""), "cat-file", "--batch");
  let offset = 0;
  for (const { path } of tracked) {
    const end = output.indexOf("\n", offset);
    const head = output.toString("utf8", offset, end);
    // <object> blob <size>, or <object> missing.
    const size = Number(head.split(" ")[2]);
    if (Number.isNaN(size)) throw new GitFailure(`${path} cannot be read: ${head}; git fsck tells more`);
    texts.set(path, output.toString("utf8", end + 1, end + 1 + size));
    offset = end + 1 + size + 1;
  }
  return texts;
}

async function inputsAt(git: Git, commit: string): Promise<Map<string, string>> {
  const listed = (await git("ls-tree", "-z", commit, "envs/", "clusters/")).toString().split("\0");
  const changes = listed.flatMap((line) => {
    const [, object, path] = /^\d+ blob (\w+)\t(.*\.ya?ml)$/.exec(line) ?? [];
    return object && path ? [{ object, path }] : [];
  });
  return textsOf(git, changes);
}

/** A link is what it says, as in Git, and not what it leads to: that may be any file of this machine. */
function textAt(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink()) return readlinkSync(path);
  return stat?.isFile() ? readFileSync(path, "utf8") : undefined;
}

/** Environments of each cluster. Inputs may be wrong, and the rendered files still be compared: then by name. */
function clustersIn(root: string): Map<string, readonly string[]> {
  const names = existsSync(join(root, "argo-apps")) ? readdirSync(join(root, "argo-apps")).sort() : [];
  return new Map(
    names.map((name) => {
      try {
        const { environments } = load(textAt(join(root, `clusters/${name}.yaml`)) ?? "") as { environments: string[] };
        return [name, environments.map(String)];
      } catch {
        return [name, []];
      }
    }),
  );
}
