import { existsSync, lstatSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { $ } from "zx/core";
import { UserError } from "../cli.ts";
import { type Clone, openClone } from "../clone.ts";
import { compareWith } from "../diff/revisions.ts";
import { diffText } from "../diff/text.ts";
import { openGit, reason, runGit } from "../git.ts";
import { notePending } from "../pending.ts";
import { packagesOf, type State, workFolder } from "./worktree.ts";

/** Something that a person must settle in the worktree before an upgrade goes on. */
export class Stopped extends UserError {
  override name = "Stopped";
}

/** How long each step may take. */
const limits = { install: "15m", render: "10m", types: "10m" } as const;

export interface Work {
  readonly clone: Clone;
  readonly folder: string;
  readonly state: State;
  readonly say: (line: string) => void;
}

/** Makes the merged worktree complete: packages, rendered files, types. @throws Stopped where a person must settle it */
export async function makeReady(work: Work): Promise<void> {
  const { clone, folder, state, say } = work;
  const packages = await packagesOf(clone, state);
  const own = join(clone.root, "node_modules");
  const linked = join(folder, "node_modules");
  if (packages === "both changed") {
    say(`packages: both sides changed them, so the lock file is made again (npm install, at most ${limits.install})`);
    await run(work, limits.install, "npm install", ["npm", "install", "--package-lock-only", "--ignore-scripts"]);
  }
  if (packages === "same" && existsSync(own)) {
    if (!existsSync(linked)) symlinkSync(own, linked, "junction");
  } else {
    say(`packages: npm ci (at most ${limits.install})`);
    if (isLink(linked)) rmSync(linked);
    await run(work, limits.install, "npm ci", ["npm", "ci", "--prefer-offline"]);
  }
  say("render");
  await run(work, limits.render, "the inputs do not fit this version of slipway", ["npm", "run", "--silent", "render"]);
  say("types");
  await run(work, limits.types, "the code does not fit together", [join(linked, ".bin/tsc"), "--project", "."]);
}

/** Runs a program in the worktree. @throws Stopped with what it said, where it fails or takes too long */
async function run({ folder, clone, say }: Work, timeout: string, what: string, command: string[]): Promise<void> {
  const options = { cwd: folder, quiet: true, nothrow: true, timeout: timeout as `${number}m` };
  const { signal } = clone;
  const result = await $({ ...options, ...(signal && { signal }) })`${command}`;
  if (signal?.aborted) throw new UserError("interrupted; nothing was changed");
  if (result.exitCode === 0) return;
  if (result.signal) throw new Stopped(`${command.slice(0, 3).join(" ")} took longer than ${timeout}`);
  const said = (result.stderr.trim() || result.stdout.trim()).split("\n");
  for (const line of said.slice(0, 50)) say(`  ${line}`);
  if (said.length > 50) say(`  … and ${said.length - 50} lines more`);
  throw new Stopped(what);
}

/** The rendered diff between the clone and the worktree, for people. */
export async function reviewOf({ folder }: Work): Promise<string> {
  return diffText((await compareWith(folder, "HEAD")).diff);
}

/** First line of the commit of an upgrade. */
export const subjectOf = ({ base, target }: State) =>
  `chore(slipway): upgrade ${base.version} → ${target.version}${base.version === target.version ? ` (${target.commit.slice(0, 8)})` : ""}`;

/** The trailer by which `--undo` knows it. */
export const trailer = "Slipway-Commit";

/**
 * Commits the worktree, and brings the clone's branch there.
 *
 * @returns the commit
 * @throws UserError where the branch has moved meanwhile, or Git refuses; the clone is then as it was
 */
export async function finish(work: Work): Promise<string> {
  const { clone, folder, state } = work;
  const git = openGit(folder);
  const message = [
    subjectOf(state),
    "",
    `From ${state.base.commit.slice(0, 8)} to ${state.target.commit.slice(0, 8)} of ${state.from}.`,
    "",
    `${trailer}: ${state.target.commit}`,
  ].join("\n");
  // A link is not what .gitignore means by a folder.
  if (isLink(join(folder, "node_modules"))) rmSync(join(folder, "node_modules"));
  await git.raw("add", "--all");
  try {
    await runGit({ ...clone, git, root: folder }, "commit", "--quiet", "--message", message);
  } catch (error) {
    throw new Stopped(`Git refused the commit: ${reason(error)}`);
  }
  const commit = (await git.revparse("HEAD")).trim();
  await forward(work, commit).catch(async (error) => {
    await git.raw("reset", "--quiet", "--soft", state.head);
    throw error;
  });
  adoptPackages(work);
  return commit;
}

/** Brings the branch and the work tree to the commit, all of it or nothing: after a kill the next command undoes it. */
async function forward({ clone, folder, state }: Work, commit: string): Promise<void> {
  const { git, root, branch } = clone;
  const now = await openClone(root);
  if (now.branch !== branch || (await git.revparse("HEAD")).trim() !== state.head)
    throw new UserError(`${branch} has moved meanwhile; nothing was changed: run npm run upgrade again`);
  const changed = (await git.raw("diff", "--name-only", "--no-renames", "-z", state.head, commit)).split("\0");
  const files = changed.filter(Boolean).map((path): [string, string | null] => {
    const file = join(folder, path);
    return [path, existsSync(file) ? readFileSync(file, "utf8") : null];
  });
  notePending(root, "upgrade", new Map(files));
  try {
    await git.raw("merge", "--quiet", "--ff-only", commit);
  } catch (error) {
    throw new UserError(`Git did not bring ${branch} to the upgrade: ${reason(error)}`);
  }
  notePending(root, "upgrade", new Map());
}

/** The packages that were installed in the worktree become the clone's. */
function adoptPackages({ clone: { root }, folder, say }: Work): void {
  const made = join(folder, "node_modules");
  const own = join(root, "node_modules");
  if (!existsSync(made)) return;
  try {
    if (isLink(own)) throw new Error("it is another clone's");
    const old = join(root, ".slipway/node_modules.old");
    rmSync(old, { recursive: true, force: true });
    if (existsSync(own)) renameSync(own, old);
    renameSync(made, own);
    rmSync(old, { recursive: true, force: true });
  } catch {
    say("node_modules could not be replaced: npm ci");
  }
}

const isLink = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;

/** Where a person goes on after a stop. */
export const wayOn = [
  `settle it in ${workFolder}, then npm run upgrade -- --continue`,
  "or give it up: npm run upgrade -- --undo",
].join("\n");
