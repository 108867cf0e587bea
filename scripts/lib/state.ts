import { hash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseInput } from "../../generators/model/parse.ts";
import type { Unit } from "../../generators/render/output.ts";

/** What earlier renders wrote: where a unit's key is unchanged and nobody has touched its files, it need not be rendered again. */
export interface State {
  /** Hash of the code that rendered: a change of it makes every unit new. */
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
  const state = readJson<State>(join(root, file));
  return state?.code === codeHash() ? state : undefined;
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

interface ParsedInput {
  /** Hash of the input's text and of the code that read it. */
  readonly key: string;
  readonly value: unknown;
}

/**
 * Reading that remembers: an input that has not changed since the last render is not read and checked again, which takes
 * most of the time of a small change in a large platform.
 *
 * @returns how to read an input, and how to keep what was read, once the tree is written
 */
export function rememberInputs(root: string): { readonly parse: typeof parseInput; readonly keep: () => void } {
  const read = new Map<string, ParsedInput>();
  const path = (file: string) => join(root, folder, file.replace("/", "-").replace(/\.ya?ml$/, ".json"));
  const parse: typeof parseInput = (file, text, schema) => {
    const key = hash("sha1", `${codeHash()}\n${text}`);
    const known = readJson<ParsedInput>(path(file));
    if (known?.key === key) return { value: known.value as never };
    const parsed = parseInput(file, text, schema);
    if ("value" in parsed) read.set(file, { key, value: parsed.value });
    return parsed;
  };
  const keep = () => {
    if (read.size > 0) mkdirSync(join(root, folder), { recursive: true });
    for (const [file, parsed] of read) writeFileSync(path(file), JSON.stringify(parsed));
  };
  return { parse, keep };
}

/** Content of a JSON file that is only a memory: none where it cannot be read, or was not written to its end. */
function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as T;
  } catch {
    return undefined;
  }
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
  code ??= hash("sha1", sources(join(import.meta.dirname, "../..")).join("\n"));
  return code;
}

/** The generators, the versions of what they are built on, and this file, which says what the state means. */
function sources(root: string): string[] {
  const generators = readdirSync(join(root, "generators"), { recursive: true, encoding: "utf8" });
  const files = generators.filter((name) => name.endsWith(".ts")).map((name) => join("generators", name));
  return [...files.sort(), "package-lock.json", "scripts/lib/state.ts"].map(
    (name) => `${name}\n${readFileSync(join(root, name), "utf8")}`,
  );
}
