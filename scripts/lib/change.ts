import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { load } from "js-yaml";
import { GitError } from "simple-git";
import { chalk } from "zx/core";
import { formatPath, type Path } from "../../generators/model/faults.ts";
import type { Platform } from "../../generators/model/platform.ts";
import { UserError } from "./cli.ts";
import { type Clone, openClone, type Upstream } from "./clone.ts";
import { requireDestination, requireRemote } from "./destination.ts";
import { compareValues } from "./diff/compare.ts";
import type { Diff } from "./diff/diff.ts";
import { diffMarkdown } from "./diff/markdown.ts";
import { diffOfRender } from "./diff/planned.ts";
import { diffText } from "./diff/text.ts";
import { describeChange, describeField } from "./diff/words.ts";
import { copyBlock, removeValue, setValue } from "./edit.ts";
import type { Opened } from "./forge/index.ts";
import { blobsAt, commitFiles, fetchBranch, hasBranch, pushTo, readAt, reason, unpushed } from "./git.ts";
import { readInputs } from "./inputs.ts";
import { notePending, undoInterrupted, type WayBack } from "./pending.ts";
import { planRender, type Render, readPlatform } from "./render.ts";
import { findSlot, leaveBranch, publish, requestReview, type Slot } from "./review.ts";
import { replaceFile } from "./tree.ts";
import { inTurn } from "./turn.ts";

/** One value of an input, before and after. `undefined`: not there. */
export interface Edit {
  readonly file: string;
  readonly path: Path;
  readonly from: unknown;
  readonly to: unknown;
  /** For a map: the text that is copied, and the path to it there. */
  readonly block?: { readonly text: string; readonly path: Path };
}

/** A change of the inputs that becomes one commit. */
export interface Change {
  /** `promote(prod): backend 6.14.0 → 6.15.0` */
  readonly subject: string;
  /** The services that it is about. */
  readonly services: readonly string[];
  /** Trailers of the commit: `Promoted-from: staging (1a2b3c4 2026-11-21)`. */
  readonly body?: readonly string[];
  /** A paragraph of the commit's, before the trailers. */
  readonly message?: string;
  readonly edits: readonly Edit[];
  /** What the user should know besides, before it is done. */
  readonly notes?: readonly string[];
}

export interface ChangeOptions {
  readonly "dry-run"?: boolean;
  readonly push?: boolean;
  readonly branch?: string;
  readonly pr?: boolean;
  readonly message?: string;
  readonly trailer?: readonly string[];
  readonly json?: boolean;
}

/** What a change has led to, for `--json`. */
interface Outcome {
  readonly subject: string;
  readonly edits: readonly Pick<Edit, "file" | "path" | "from" | "to">[];
  readonly files: readonly string[];
  readonly diff: Diff["groups"];
  readonly commit?: string;
  readonly branch?: string;
  readonly pushed: boolean;
  readonly pullRequest?: Opened;
}

/** Times a push is tried again after somebody else was faster. */
const attempts = 30;

type Plan = (platform: Platform, clone: Clone, texts: ReadonlyMap<string, string>) => Change | Promise<Change>;

/**
 * Plans a change, shows it, and makes it one commit, which is pushed where that is asked for.
 *
 * @param plan works out the edits from the inputs as they are
 * @throws UserError, InputError where it cannot be done; the clone is then as it was
 */
export async function carryOut(root: string, options: ChangeOptions, plan: Plan): Promise<void> {
  // Ctrl-C ends what Git is doing, and the way back is gone to its end.
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt);
  try {
    await inTurn(root, () => takeChance(root, options, plan, interruption.signal));
  } catch (error) {
    throw error instanceof GitError ? new UserError(`Git failed: ${reason(error)}`) : error;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
  }
}

/** Makes the change, and leaves nothing half done. */
async function takeChance(root: string, options: ChangeOptions, plan: Plan, signal: AbortSignal): Promise<void> {
  const undone = await undoInterrupted(root, options["dry-run"]);
  if (undone) say(options, chalk.yellow(undone));
  if (options["dry-run"]) return makeChange(await openClone(root), options, plan);
  try {
    const clone = await openClone(root, signal);
    const isApart = options.branch !== undefined || options.pr;
    if (options.pr || (isApart && !clone.destination.isAlone)) requireRemote(clone);
    else if (options.push && !isApart) requireDestination(clone);
    await makeChange(isApart ? await leaveBranch(clone, (line) => say(options, line)) : clone, options, plan);
  } finally {
    await undoInterrupted(root);
  }
}

/** Adds what the user wants to be said to a change. @throws UserError where it is no trailer */
function withWords(change: Change, { message, trailer = [] }: ChangeOptions): Change {
  for (const line of trailer)
    if (!/^[A-Za-z0-9-]+: *\S[^\n\r]*$/.test(line))
      throw new UserError(`--trailer ${JSON.stringify(line)}: must be a key and a value, such as "Ticket: ABC-1"`);
  const text = message?.trim();
  return { ...change, ...(text && { message: text }), body: [...(change.body ?? []), ...trailer] };
}

async function makeChange(clone: Clone, options: ChangeOptions, plan: Plan): Promise<void> {
  const { root } = clone;
  const before = readInputs(root);
  const change = withWords(await plan(readPlatform(before), clone, before), options);
  if (change.edits.length === 0) {
    for (const note of change.notes ?? []) say(options, chalk.yellow(note));
    const isPushing = options.push && !options["dry-run"] && !clone.home;
    const pushed = isPushing ? await pushRest(clone, (line) => say(options, line)) : undefined;
    if (options.json)
      console.log(
        JSON.stringify({ subject: change.subject, edits: [], files: [], diff: [], pushed: pushed !== undefined }),
      );
    else console.log(pushed ? `pushed ${pushed}, which was committed before` : `nothing to do: ${change.subject}`);
    return;
  }
  const texts = applyEdits(before, change.edits);
  const render = planRender(root, { texts });
  const { home, upstream } = clone;
  const diff = diffOfRender(
    render,
    home && upstream ? `${upstream.remote}/${upstream.branch}` : "HEAD",
    change.subject,
  );
  for (const edit of change.edits) say(options, describeEdit(edit));
  const along = options.push && !home ? await unpushed(clone, requireDestination(clone)) : [];
  const goingAlong = shortened(along).map((commit) => `goes along, because it was not pushed yet: ${commit}`);
  for (const note of [...(change.notes ?? []), ...goingAlong]) say(options, chalk.yellow(note));
  say(options, `\n${diffText(diff)}\n\n${chalk.bold(change.subject)}`);

  if (clone.signal?.aborted) throw new UserError("interrupted; nothing was changed");
  const work: Work = { change, before, texts, render, diff };
  const outcome = options["dry-run"]
    ? { pushed: false }
    : await (clone.home ? commitApart(clone, options, work) : commitAndPush(clone, options, work));
  if (options["dry-run"]) say(options, "dry run: nothing was written");
  if (!options.json) return;
  const edits = change.edits.map(({ file, path, from, to }) => ({ file, path, from, to }));
  const files = [...touched(render, change.edits).keys()];
  console.log(
    JSON.stringify({ subject: change.subject, edits, files, diff: diff.groups, ...outcome } satisfies Outcome, null, 2),
  );
}

/** A change that has been worked out and not been made. */
interface Work {
  readonly change: Change;
  readonly before: ReadonlyMap<string, string>;
  readonly texts: ReadonlyMap<string, string>;
  readonly render: Render;
  readonly diff: Diff;
}

type Done = Pick<Outcome, "commit" | "branch" | "pushed" | "pullRequest">;

async function commitAndPush(
  clone: Clone,
  options: ChangeOptions,
  { change, before, texts, render }: Work,
): Promise<Done> {
  const { branch } = clone;
  const commit = await writeAndCommit(clone, change, texts, render);
  say(options, `committed ${commit.slice(0, 8)} on ${branch}`);
  if (!options.push) return { commit, branch, pushed: false };
  const destination = requireDestination(clone);
  const pushed = await pushOnto(clone, destination, change, before, commit, (line) => say(options, line));
  say(options, `pushed ${pushed.slice(0, 8)} to ${destination.remote}/${destination.branch}`);
  return { commit: pushed, branch, pushed: true };
}

/** Commits on a branch of the change's own, pushes that, and opens a pull request where that is asked for. */
async function commitApart(clone: Clone, options: ChangeOptions, work: Work): Promise<Done> {
  const { change, texts, render } = work;
  const slot = await findSlot(clone, change, options.branch);
  const commit = await publish(clone, slot, await writeAndCommit(clone, change, texts, render));
  const { remote } = clone.destination;
  const where = remote ? `pushed ${commit.slice(0, 8)} to ${remote}/` : `committed ${commit.slice(0, 8)} on `;
  say(options, `${where}${slot.name}; ${clone.home} is as it was`);
  const done: Done = { commit, branch: slot.name, pushed: remote !== undefined };
  if (!options.pr) return done;
  const pullRequest = await openRequest(clone, slot, work);
  const { state, url, hint, body } = pullRequest;
  say(options, `pull request ${state}${url ? `: ${url}` : ""}${hint ? ` (${hint})` : ""}${body ? `\n\n${body}` : ""}`);
  return { ...done, pullRequest };
}

async function openRequest(clone: Clone, slot: Slot, { change, diff }: Work): Promise<Opened> {
  const message = change.message ? `${change.message}\n${change.body?.length ? "\n" : ""}` : "";
  const lines = message + (change.body ?? []).map((line) => `${line}\n`).join("");
  const body = (limit: number) => `${lines}${lines && "\n"}${diffMarkdown(diff, limit - lines.length - 1)}`;
  // GitHub takes no title of more than 256 characters.
  const { subject } = change;
  return requestReview(clone, slot, { title: subject.length > 250 ? `${subject.slice(0, 249)}…` : subject, body });
}

/** The newest of many commits, and how many more there are. */
function shortened(commits: readonly string[]): readonly string[] {
  const few = 10;
  return commits.length <= few ? commits : [...commits.slice(0, few), `${commits.length - few} more commits`];
}

/** Pushes what an earlier command has committed and could not push. @returns the commit; none where there was nothing */
async function pushRest(clone: Clone, say: (line: string) => void): Promise<string | undefined> {
  const { git } = clone;
  const destination = requireDestination(clone);
  const head = (await git.revparse("HEAD")).trim();
  if (await hasBranch(clone, destination)) await fetchBranch(clone, destination);
  const along = shortened(await unpushed(clone, destination));
  if (along.length === 0) return undefined;
  const [wrong] = planRender(clone.root, { compareAll: true }).differences(await blobsAt(git, head));
  if (wrong)
    throw new UserError(`what is committed here is stale (${wrong}); npm run render, and commit what it changes`);
  for (const commit of along) say(chalk.yellow(`was not pushed yet: ${commit}`));
  if ((await pushTo(clone, destination, head)) === "pushed") return head.slice(0, 8);
  const there = `${destination.remote}/${destination.branch}`;
  throw new UserError(
    [
      `${there} has moved, and has not got what is committed here:`,
      ...along.map((commit) => `  ${commit}`),
      `to make it again on top of what came: git reset --hard ${there}, and the commands again; to keep it: git pull --rebase ${destination.remote} ${destination.branch}, npm run render, git push`,
    ].join("\n"),
  );
}

/**
 * Writes inputs and rendered files and commits exactly those. After a kill the next command puts them back.
 *
 * @param again where it makes a commit again
 */
async function writeAndCommit(
  clone: Clone,
  change: Change,
  texts: ReadonlyMap<string, string>,
  render: Render,
  again?: WayBack["again"],
): Promise<string> {
  const way = clone.home ? { home: clone.home } : {};
  const files = touched(render, change.edits, texts);
  notePending(clone.root, change.subject, files, again ? { ...way, again } : way);
  for (const file of new Set(change.edits.map((edit) => edit.file)))
    replaceFile(join(clone.root, file), texts.get(file) ?? "");
  render.write();
  const paragraphs = [change.subject, change.message ?? "", (change.body ?? []).join("\n")];
  const message = paragraphs.filter(Boolean).join("\n\n");
  const commit = await commitFiles(clone, files, message, render.differences);
  notePending(clone.root, change.subject, new Map(), way);
  return commit;
}

/**
 * Pushes a commit onto a branch that others push to as well. Where somebody was faster, the change is made again on top of
 * what came: its values are set and everything is rendered anew, so that rendered text is never merged.
 *
 * @throws UserError where both sides changed the same value, with both values; the user's commit stays where it is
 */
async function pushOnto(
  clone: Clone,
  upstream: Upstream,
  change: Change,
  before: ReadonlyMap<string, string>,
  first: string,
  say: (line: string) => void,
): Promise<string> {
  let commit = first;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const theirs = await pushOrFetch(clone, upstream, commit);
    if (theirs === undefined) return commit;
    await refuseOthers(clone, upstream, theirs, commit);
    const texts = await inputsAt(clone, theirs);
    const conflicts = change.edits.filter((edit) => !isDeepStrictEqual(valueIn(texts, edit), valueIn(before, edit)));
    if (conflicts.length > 0) throw conflict(conflicts, texts, upstream, commit);
    const edited = applyEdits(texts, change.edits);
    readPlatform(edited);
    say(
      `${upstream.remote}/${upstream.branch} has moved to ${theirs.slice(0, 8)}: the change is made again on top of it`,
    );
    commit = await makeAgain(clone, change, edited, commit, theirs);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 100 * (attempt + 1)));
  }
  throw new UserError(
    `${upstream.remote}/${upstream.branch} moved ${attempts} times in a row; ${commit.slice(0, 8)} is committed here: git pull --rebase ${upstream.remote} ${upstream.branch}, npm run render`,
  );
}

/**
 * Makes the change of a commit on top of another one, in its place. What was edited here meanwhile stays.
 *
 * @param texts the inputs of `onto`, edited
 * @returns the new commit
 * @throws UserError where that fails; the branch then has `commit` again
 */
async function makeAgain(
  clone: Clone,
  change: Change,
  texts: ReadonlyMap<string, string>,
  commit: string,
  onto: string,
): Promise<string> {
  const { git, root } = clone;
  const again = { commit, onto };
  try {
    if ((await git.revparse("HEAD")).trim() !== commit) throw new UserError("the branch has moved here meanwhile");
    notePending(root, change.subject, new Map(), { again });
    await git.raw("reset", "--keep", onto).catch((error: unknown) => {
      throw new UserError(`what was edited here meanwhile is in the way (${reason(error)})`);
    });
    return await writeAndCommit(clone, change, texts, planRender(root, { texts }), again);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${error.message}; the change stays here as ${commit.slice(0, 8)}, and is not pushed`);
  }
}

/**
 * @returns where the remote's branch has moved to, so that it did not take the commit; none where it did
 * @throws UserError where the remote cannot be reached or refuses; it names the commit, which stays
 */
async function pushOrFetch(clone: Clone, upstream: Upstream, commit: string): Promise<string | undefined> {
  try {
    return (await pushTo(clone, upstream, commit)) === "pushed" ? undefined : await fetchBranch(clone, upstream);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${error.message}; the change stays here as ${commit.slice(0, 8)}`);
  }
}

/** Commits of the user's own below ours would have to be rebased as text. */
async function refuseOthers(
  { git }: Clone,
  { remote, branch }: Upstream,
  theirs: string,
  commit: string,
): Promise<void> {
  const own = (await git.raw("rev-list", `${theirs}..${commit}`)).trim().split("\n");
  if (own.length === 1) return;
  throw new UserError(
    `${own.length - 1} more commits here are not in ${remote}/${branch}, which has moved; git pull --rebase ${remote} ${branch} and npm run render, then git push (the change is committed as ${commit.slice(0, 8)})`,
  );
}

async function inputsAt({ git }: Clone, commit: string): Promise<Map<string, string>> {
  const names = (await git.raw("ls-tree", "--name-only", "-z", commit, "envs/", "clusters/")).split("\0");
  const files = names.filter((name) => /\.ya?ml$/.test(name)).sort();
  return new Map(
    await Promise.all(
      files.map(async (file): Promise<[string, string]> => [file, (await readAt(git, commit, file)) ?? ""]),
    ),
  );
}

function conflict(
  edits: readonly Edit[],
  texts: ReadonlyMap<string, string>,
  { remote, branch }: Upstream,
  commit: string,
): UserError {
  const lines = edits.map(
    (edit) =>
      `${edit.file}  ${formatPath(edit.path)}: here ${show(edit.to)}, there ${show(valueIn(texts, edit))} (it was ${show(edit.from)})`,
  );
  return new UserError(
    [
      `${remote}/${branch} has changed the same value; nothing was pushed, and the change stays here as ${commit.slice(0, 8)}`,
      ...lines,
      `to take theirs: git reset --hard ${remote}/${branch}; to insist, do that and run the command again`,
    ].join("\n"),
  );
}

function valueIn(texts: ReadonlyMap<string, string>, { file, path }: Edit): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<string | number, unknown> | undefined)?.[key],
    load(texts.get(file) ?? ""),
  );
}

function applyEdits(texts: ReadonlyMap<string, string>, edits: readonly Edit[]): Map<string, string> {
  const edited = new Map(texts);
  for (const { file, path, to, block } of edits) {
    const text = edited.get(file) ?? "";
    if (block) edited.set(file, copyBlock(text, path, block));
    else if (to === undefined) edited.set(file, removeValue(text, path));
    else edited.set(file, setValue(text, path, to as string | number));
  }
  return edited;
}

/** Every file that the change writes or deletes, with its text. */
function touched(
  render: Render,
  edits: readonly Edit[],
  texts?: ReadonlyMap<string, string>,
): Map<string, string | null> {
  const { create, change, remove } = render.tree;
  return new Map<string, string | null>([
    ...edits.map(({ file }): [string, string] => [file, texts?.get(file) ?? ""]),
    ...[...create, ...change].map(({ path, text }): [string, string] => [path, text]),
    ...remove.map((path): [string, null] => [path, null]),
  ]);
}

function describeEdit({ file, path, from, to, block }: Edit): string {
  if (!block) return `${file}  ${formatPath(path)}: ${show(from)} → ${show(to)}`;
  const fields = compareValues(from as object, to as object).map(describeField);
  return `${file}  ${formatPath(path)}: copied, ${fields.map((field) => `${field.path} ${describeChange(field)}`).join(", ")}`;
}

const show = (value: unknown) =>
  value === undefined ? "nothing" : typeof value === "object" ? JSON.stringify(value) : String(value);

function say({ json }: ChangeOptions, line: string): void {
  if (!json) console.log(line);
}
