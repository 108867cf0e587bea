import { hash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { withoutPrototypes } from "../../generators/model/content.ts";
import { parseInput } from "../../generators/model/parse.ts";
import type { OutputFile, Unit } from "../../generators/render/output.ts";
import { blobId, type Stamp, sealStamps, stampOf } from "./stamp.ts";
import { replaceFile } from "./tree.ts";

/*
 * The memory of a clone: what earlier renders read and wrote. It only saves time. Each entry holds the stamps of files of
 * this clone, so that a memory which comes from elsewhere, such as a commit, is of no use here.
 */

/** Units of earlier renders by `unitId`. */
export type State = Readonly<Record<string, UnitState>>;

export interface UnitState {
  /** Hash of everything that the unit's files depend on. */
  readonly key: string;
  readonly files: readonly string[];
  /** Stamps of the files, sealed, when they held what was rendered. */
  readonly stamps: string;
  /** `sealBlobs` of the files. */
  readonly blobs: string;
}

const folder = ".slipway";
const file = `${folder}/units.json`;

/** The state of the last render that ended; none where there is none, or where it is of other code. */
export function readState(root: string): State | undefined {
  return readMemory<State>(root, file);
}

/** @param units state of each unit, given the time now by the clock of the file system */
export function writeState(root: string, units: (now: number) => State): void {
  mkdirSync(join(root, folder), { recursive: true });
  writeMemory(root, file, {});
  writeMemory(root, file, units(lstatSync(join(root, file)).ctimeMs));
}

/** @param stamps of the files, as they were when their content was known */
export function unitState(
  key: string,
  files: readonly OutputFile[],
  stamps: ReadonlyMap<string, Stamp>,
  now: number,
): UnitState | undefined {
  const sealed = sealStamps(
    files.map(({ path }) => stamps.get(path)),
    now,
  );
  if (sealed === undefined) return undefined;
  const blobs = sealBlobs(files.map(({ path, text }) => [path, blobId(text)]));
  return { key, files: files.map(({ path }) => path), stamps: sealed, blobs };
}

/** Whether the files of a unit are as they were when it was recorded. */
export function isUntouched(root: string, { files, stamps }: UnitState): boolean {
  return sealStamps(files.map((path) => stampOf(root, path))) === stamps;
}

/** One text for the names that Git gives to the content of files. */
export function sealBlobs(blobs: readonly (readonly [path: string, id: string | undefined])[]): string {
  return hash("sha1", blobs.map((blob) => blob.join(" ")).join("\n"));
}

interface ParsedInput {
  /** Hash of the input's text. */
  readonly key: string;
  /** The stamp of the input's file. */
  readonly stamp: string;
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
  const path = (file: string) => `${folder}/${file.replace("/", "-").replace(/\.ya?ml$/, ".json")}`;
  const parse: typeof parseInput = (file, text, schema) => {
    const key = hash("sha1", text);
    const stamp = stampOf(root, file)?.text ?? "";
    const known = readMemory<ParsedInput>(root, path(file));
    if (known?.key === key && known.stamp === stamp) return { value: withoutPrototypes(known.value as never) };
    const parsed = parseInput(file, text, schema);
    if ("value" in parsed) read.set(file, { key, stamp, value: parsed.value });
    return parsed;
  };
  const keep = () => {
    if (read.size > 0) mkdirSync(join(root, folder), { recursive: true });
    for (const [file, parsed] of read) writeMemory(root, path(file), parsed);
  };
  return { parse, keep };
}

/** A memory of this code that is whole: none where it cannot be read, or is of another version. */
function readMemory<T>(root: string, path: string): T | undefined {
  try {
    const text = readFileSync(join(root, path), "utf8");
    const end = text.indexOf("\n");
    const body = text.slice(end + 1);
    return text.slice(0, end) === hash("sha1", codeHash() + body) ? (JSON.parse(body) as T) : undefined;
  } catch {
    return undefined;
  }
}

function writeMemory(root: string, path: string, content: object): void {
  const body = JSON.stringify(content);
  replaceFile(join(root, path), `${hash("sha1", codeHash() + body)}\n${body}`);
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
  code ??= hash("sha1", [process.version, ...sources(join(import.meta.dirname, "../.."))].join("\n"));
  return code;
}

/** The generators, the versions of what they are built on, and this file, which says what the state means. */
function sources(root: string): string[] {
  const generators = readdirSync(join(root, "generators"), { recursive: true, encoding: "utf8" });
  const files = generators.filter((name) => name.endsWith(".ts")).map((name) => join("generators", name));
  return [...files.sort(), "package-lock.json", "scripts/lib/state.ts", "scripts/lib/stamp.ts"].map(
    (name) => `${name}\n${readFileSync(join(root, name), "utf8")}`,
  );
}
