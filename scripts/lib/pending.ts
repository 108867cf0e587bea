import { hash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "./cli.ts";
import { openGit, succeeds } from "./git.ts";
import { replaceFile } from "./tree.ts";

/** What a command is about to do to the work tree, until it is committed. */
interface Pending {
  readonly process: number;
  readonly command: string;
  /** Hash of what each file will hold; `null` where it is to be deleted. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly way?: WayBack;
}

/** Where a command leads back to when it does not come to its end. */
export interface WayBack {
  /** The branch, where the command works apart from it. */
  readonly home?: string;
  /** The commit that is made again on top of another one; until that is done the branch is at `onto` and lacks it. */
  readonly again?: { readonly commit: string; readonly onto: string };
}

const file = ".slipway/pending.json";

/** Notes what is about to be done, so that a kill can be undone. */
export function notePending(
  root: string,
  command: string,
  files: ReadonlyMap<string, string | null>,
  way: WayBack = {},
): void {
  const hashes = [...files].map(([path, text]) => [path, text === null ? null : hash("sha1", text)]);
  const pending: Pending = { process: process.pid, command, files: Object.fromEntries(hashes), way };
  replaceFile(join(root, file), JSON.stringify(pending));
}

/**
 * Undoes what a killed command left, in a turn of its own: its files are as in HEAD again, the branch is the one that it came from, and has its
 * commit. A file that somebody has changed since then is left alone, and is found by the check for uncommitted changes.
 *
 * @param isDryRun whether to change nothing
 * @returns what was done, for people; none where nothing was left
 * @throws UserError where a dry run would have to undo it
 */
export async function undoInterrupted(root: string, isDryRun = false): Promise<string | undefined> {
  const path = join(root, file);
  if (!existsSync(path)) return undefined;
  const { command, files, way: { home, again } = {} } = readPending(path);
  const git = openGit(root);
  const isLeft = home !== undefined || again !== undefined || Object.keys(files).length > 0;
  if (isDryRun && isLeft)
    throw new UserError(`${command} was interrupted here; the next command without --dry-run undoes what it left`);
  if (!isLeft) {
    rmSync(path, { force: true });
    return undefined;
  }
  const ours = Object.entries(files).filter(([name, planned]) => isOurs(join(root, name), planned));
  const known = new Set((await git.raw("ls-tree", "-r", "--name-only", "-z", "HEAD")).split("\0"));
  const restored = ours.map(([name]) => name).filter((name) => known.has(name));
  if (ours.length > 0) await git.raw("reset", "--quiet");
  if (restored.length > 0) await git.raw("checkout", "--quiet", "HEAD", "--", ...restored);
  for (const [name] of ours) if (!known.has(name)) rmSync(join(root, name), { force: true });
  // Who has switched since then wants to be there.
  if (home && !(await succeeds(git, "symbolic-ref", "HEAD"))) await git.raw("switch", "--quiet", home);
  // Who has committed since then wants to keep that.
  const isTaken = again !== undefined && (await git.revparse("HEAD")).trim() === again.onto;
  if (isTaken) await git.raw("reset", "--keep", again.commit);
  rmSync(path, { force: true });
  if (isTaken)
    return `an interrupted ${command} was undone: its commit ${again.commit.slice(0, 8)} is on the branch again`;
  return ours.length === 0
    ? undefined
    : `an interrupted ${command} was undone: its ${ours.length} files are as in HEAD`;
}

function readPending(path: string): Pending {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Pending;
  } catch {
    // Killed while it was written: nothing had been done by then.
    return { process: 0, command: "command", files: {} };
  }
}

/** Whether a file holds what the command was to write, or nothing. */
function isOurs(path: string, planned: string | null): boolean {
  if (!existsSync(path)) return true;
  const text = readFileSync(path, "utf8");
  return text === "" || planned === null || hash("sha1", text) === planned;
}
