import { linkSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { commandName, UserError } from "./cli.ts";
import { patience } from "./patience.ts";
import { writeNew } from "./tree.ts";

/** Who changes a clone at the moment. */
interface Holder {
  readonly id: string;
  readonly host: string;
  readonly process: number;
  /** When the process began, where the system says so: numbers of processes are given again. */
  readonly born: string;
  readonly command: string;
}

const file = ".slipway/turn.json";

/**
 * Does something that changes the clone, when no other command does. A command that was killed holds up nobody.
 *
 * @throws UserError where the other one takes longer than `SLIPWAY_TIMEOUT`
 */
export async function inTurn<T>(root: string, work: () => T | Promise<T>): Promise<T> {
  const end = await takeTurn(root);
  try {
    return await work();
  } finally {
    end();
  }
}

/**
 * Waits for the turn of this command.
 *
 * @returns ends the turn
 */
export async function takeTurn(root: string): Promise<() => void> {
  const path = join(root, file);
  const own = holderOf(process.pid);
  const whole = `${path}.${own.id}`;
  const limit = patience();
  const start = performance.now();
  mkdirSync(dirname(path), { recursive: true });
  try {
    // A link appears with its whole text, and only where nothing is: nobody reads half of it.
    writeNew(whole, JSON.stringify(own));
    let told: string | undefined;
    while (!isLinked(whole, path)) {
      const holder = readHolder(path);
      if (!holder) continue;
      if (isGone(holder)) {
        takeAway(path, holder, `${whole}.gone`);
        continue;
      }
      const who = `${holder.command} (process ${holder.process}${holder.host === own.host ? "" : ` on ${holder.host}`})`;
      if (performance.now() - start > limit)
        throw new UserError(
          `${who} is at work here for more than ${limit / 1000} s (SLIPWAY_TIMEOUT); if there is no such process, remove ${path}`,
        );
      if (told !== holder.id) console.error(`waiting for ${who}, at most ${limit / 1000} s`);
      told = holder.id;
      await pause(50);
    }
  } finally {
    rmSync(whole, { force: true });
  }
  return () => {
    if (readHolder(path)?.id === own.id) rmSync(path, { force: true });
  };
}

function holderOf(process: number): Holder {
  const id = `${process}-${Math.random().toString(36).slice(2)}`;
  return { id, host: hostname(), process, born: birthOf(process), command: commandName() };
}

/** When a process began, in ticks since the machine did; nothing where the system does not tell. */
function birthOf(process: number): string {
  try {
    // The name, which may hold blanks, stands in parentheses; 20 fields later comes the time.
    const stat = readFileSync(`/proc/${process}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Who holds the turn; none where it has just ended. What is no such file is of nobody. */
function readHolder(path: string): Holder | undefined {
  try {
    const text = readFileSync(path, "utf8");
    const { id, host, process, born, command } = JSON.parse(text) as Holder;
    return {
      id: String(id),
      host: String(host),
      process: Number(process),
      born: String(born),
      command: String(command),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    return { id: "", host: hostname(), process: 0, born: "", command: "" };
  }
}

/** Whether the process has ended. One of another machine, which shares the folder, may be alive. */
function isGone({ host, process: id, born }: Holder): boolean {
  if (host !== hostname()) return false;
  if (!Number.isInteger(id) || id <= 0) return true;
  try {
    process.kill(id, 0);
  } catch (error) {
    // Another user's process is one, too.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return true;
  }
  return birthOf(id) !== born;
}

/** Takes away the turn of one who is gone, and of nobody who came meanwhile. */
function takeAway(path: string, { id }: Holder, aside: string): void {
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return;
  }
  if (readHolder(aside)?.id !== id) isLinked(aside, path);
  rmSync(aside);
}
