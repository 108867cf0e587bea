import { hash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Unit } from "../../generators/render/output.ts";

/** What earlier renders wrote: where a unit's key is unchanged and nobody has touched its files, it need not be rendered again. */
export interface State {
  /** Hash of the generators: a change of code makes every unit new. */
  readonly code: string;
  readonly units: Readonly<Record<string, UnitState>>;
}

export interface UnitState {
  /** Hash of everything that the unit's files depend on. */
  readonly key: string;
  readonly files: readonly string[];
  /** When they had been written, by the clock of the file system: a file that changed later is somebody else's doing. */
  readonly at: number;
}

const folder = ".slipway";
const file = `${folder}/units.json`;

/** The state of the last render that ended; none where there is none, or where it is of other code. */
export function readState(root: string): State | undefined {
  try {
    const state = JSON.parse(readFileSync(join(root, file), "utf8")) as State;
    return state.code === codeHash() ? state : undefined;
  } catch {
    // It is only a memory: without it everything is compared.
    return undefined;
  }
}

/** @param units state of each unit, given the time now */
export function writeState(root: string, units: (now: number) => State["units"]): void {
  mkdirSync(join(root, folder), { recursive: true });
  const temporary = join(root, `${file}.tmp`);
  writeFileSync(temporary, "");
  const now = lstatSync(temporary).ctimeMs;
  writeFileSync(temporary, JSON.stringify({ code: codeHash(), units: units(now) } satisfies State));
  renameSync(temporary, join(root, file));
}

/** To be called before the tree is touched: a render that is killed leaves no state, so the next one compares everything. */
export function removeState(root: string): void {
  rmSync(join(root, file), { force: true });
}

export function unitId({ folder, name }: Unit): string {
  return `${folder}#${name}`;
}

export function unitKey({ source, context }: Unit): string {
  return `${source} ${contextHash(context)}`;
}

const hashes = new WeakMap<object, string>();

/** Some units share one context, and it is the large ones that do. */
function contextHash(context: object): string {
  const known = hashes.get(context) ?? hash("sha1", JSON.stringify(context));
  hashes.set(context, known);
  return known;
}

let code: string | undefined;

function codeHash(): string {
  code ??= hash("sha1", sources(join(import.meta.dirname, "../../generators")).join("\n"));
  return code;
}

function sources(root: string): string[] {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  return files.sort().map((name) => `${name}\n${readFileSync(join(root, name), "utf8")}`);
}
