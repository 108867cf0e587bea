import { hash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "./cli.ts";
import { openGit } from "./git.ts";

/** What a command is about to do to the work tree, until it is committed. */
interface Pending {
  readonly process: number;
  readonly command: string;
  /** Hash of what each file will hold; `null` where it is to be deleted. */
  readonly files: Readonly<Record<string, string | null>>;
}

const file = ".slipway/pending.json";

/** Notes what is about to be written, so that a kill can be undone. */
export function notePending(root: string, command: string, files: ReadonlyMap<string, string | null>): void {
  mkdirSync(join(root, ".slipway"), { recursive: true });
  const hashes = [...files].map(([path, text]) => [path, text === null ? null : hash("sha1", text)]);
  const pending: Pending = { process: process.pid, command, files: Object.fromEntries(hashes) };
  writeFileSync(join(root, file), JSON.stringify(pending));
}

export function forgetPending(root: string): void {
  rmSync(join(root, file), { force: true });
}

/**
 * Undoes what a killed command left in the work tree: its files are as in HEAD again. A file that somebody has changed
 * since then is left alone, and is found by the check for uncommitted changes.
 *
 * @returns what was done, for people; none where nothing was left
 * @throws UserError where the other command is still at work
 */
export async function undoInterrupted(root: string): Promise<string | undefined> {
  const path = join(root, file);
  if (!existsSync(path)) return undefined;
  const { process: other, command, files } = readPending(path);
  if (other !== process.pid && isAlive(other))
    throw new UserError(`another command is at work here: ${command} (process ${other})`);
  const git = openGit(root);
  const ours = Object.entries(files).filter(([name, planned]) => isOurs(join(root, name), planned));
  const known = new Set((await git.raw("ls-tree", "-r", "--name-only", "-z", "HEAD")).split("\0"));
  const restored = ours.map(([name]) => name).filter((name) => known.has(name));
  await git.raw("reset", "--quiet");
  if (restored.length > 0) await git.raw("checkout", "--quiet", "HEAD", "--", ...restored);
  for (const [name] of ours) if (!known.has(name)) rmSync(join(root, name), { force: true });
  forgetPending(root);
  return `an interrupted ${command} was undone: its ${ours.length} files are as in HEAD`;
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

function isAlive(id: number): boolean {
  if (id <= 0) return false;
  try {
    process.kill(id, 0);
    return true;
  } catch {
    return false;
  }
}
