import { hash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Unit } from "../../generators/render/output.ts";

/** What the last render wrote: where a unit's key and its files' stamps are unchanged, it need not be rendered again. */
export interface State {
  /** Hash of the generators: a change of code makes every unit new. */
  readonly code: string;
  readonly units: Readonly<Record<string, UnitState>>;
}

export interface UnitState {
  /** Hash of everything that the unit's files depend on. */
  readonly key: string;
  /** Stamp of each file by path. */
  readonly files: Readonly<Record<string, string>>;
}

const folder = ".slipway";
const file = `${folder}/render.json`;

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

export function writeState(root: string, units: State["units"]): void {
  mkdirSync(join(root, folder), { recursive: true });
  const temporary = join(root, `${file}.tmp`);
  writeFileSync(temporary, JSON.stringify({ code: codeHash(), units } satisfies State));
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
  return hash("sha1", `${source}\n${JSON.stringify(context)}`);
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
