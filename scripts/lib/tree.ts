import {
  type Dirent,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { InputError } from "../../generators/model/faults.ts";
import { isRendered, type OutputFile } from "../../generators/render/output.ts";
import { type Stamp, stampOf } from "./stamp.ts";

/** Ending of a file that is being written; Argo CD does not read it, and the next render removes what a kill left. */
const temporary = ".slipway-tmp";

/** What must be done so that the tree on disk is the rendered one. */
export interface TreePlan {
  readonly create: readonly OutputFile[];
  readonly change: readonly OutputFile[];
  /** Rendered before, not any more. */
  readonly remove: readonly string[];
  /** Files of somebody else where rendered ones belong. */
  readonly foreign: readonly string[];
}

/**
 * All files below the rendered folders: everything in argo-apps/ and in the folders below envs/ and clusters/.
 *
 * @returns paths relative to `root`
 * @throws InputError with every symbolic link, device and the like: a render neither reads nor writes through one
 */
export function listTree(root: string): Set<string> {
  const files = new Set<string>();
  const odd: string[] = [];
  const visit = (path: string, entry: Dirent, isWanted: (path: string) => boolean = () => true) => {
    if (entry.isDirectory()) for (const inner of list(join(root, path))) visit(`${path}/${inner.name}`, inner);
    else if (!entry.isFile()) odd.push(path);
    else if (isWanted(path)) files.add(path);
  };
  for (const top of list(root)) {
    if (!tops.includes(top.name)) continue;
    if (!top.isDirectory()) odd.push(top.name);
    else
      for (const entry of list(join(root, top.name)))
        visit(
          `${top.name}/${entry.name}`,
          entry,
          (path) => top.name === "argo-apps" || path.endsWith(".schema.json") || path.endsWith(temporary),
        );
  }
  if (odd.length > 0)
    throw new InputError(
      odd.map((file) => ({ file, path: [], message: notRegular })),
      new Map(),
    );
  return files;
}

const tops: readonly string[] = ["envs", "clusters", "argo-apps"];

/** What is wrong with a symbolic link, a socket or a device where a file or a folder belongs. */
export const notRegular =
  "is a symbolic link or a special file, and slipway neither reads nor writes through one; put the file or folder itself here";

function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/**
 * Compares what is rendered with what is on disk.
 *
 * @param rendered files whose text is known
 * @param kept paths of further files that are known to be right
 * @param onDisk what `listTree` gave
 * @param stamps gets the stamps of the files that are as they should be
 */
export function planTree(
  root: string,
  rendered: readonly OutputFile[],
  kept: ReadonlySet<string>,
  onDisk: ReadonlySet<string>,
  stamps: Map<string, Stamp>,
): TreePlan {
  const plan = {
    create: [] as OutputFile[],
    change: [] as OutputFile[],
    remove: [] as string[],
    foreign: [] as string[],
  };
  const expected = new Set(rendered.map(({ path }) => path));
  const twice = rendered.find(({ path }) => !expected.delete(path));
  if (twice) throw new Error(`two objects at ${twice.path}`);
  for (const { path } of rendered) expected.add(path);
  for (const file of rendered) {
    if (!onDisk.has(file.path)) {
      plan.create.push(file);
      continue;
    }
    // Before the file is read: a change in this moment must not be taken for what was read.
    const stamp = stampOf(root, file.path);
    const text = readFileSync(join(root, file.path), "utf8");
    if (text === file.text) {
      if (stamp) stamps.set(file.path, stamp);
    } else if (isRendered(text)) plan.change.push(file);
    else plan.foreign.push(file.path);
  }
  for (const path of onDisk) {
    if (expected.has(path) || kept.has(path)) continue;
    if (path.endsWith(temporary) || isRendered(readFileSync(join(root, path), "utf8"))) plan.remove.push(path);
    // Argo CD reads these endings; any other file disturbs nobody.
    else if (/\.(ya?ml|json)$/.test(path)) plan.foreign.push(path);
  }
  return plan;
}

/** Whether a plan changes anything: the tree is stale. */
export function isStale({ create, change, remove }: TreePlan): boolean {
  return create.length + change.length + remove.length > 0;
}

/**
 * Carries out a plan. Every file is written beside its place first, where a full disk or a closed folder shows, and then
 * replaced in one step: a reader sees the old one or the new one, also after a kill.
 *
 * @returns the stamps of the written files
 * @throws what the file system refuses; the tree is then as it was
 */
export function writeTree(root: string, { create, change, remove }: TreePlan): Map<string, Stamp> {
  const stamps = new Map<string, Stamp>();
  const wayBack: (() => void)[] = [];
  const replace = ({ path }: OutputFile) => {
    renameSync(join(root, path + temporary), join(root, path));
    const stamp = stampOf(root, path);
    if (stamp) stamps.set(path, stamp);
  };
  const keep = (path: string) => {
    const text = readFileSync(join(root, path), "utf8");
    wayBack.push(() => replaceFile(join(root, path), text));
  };
  try {
    for (const { path, text } of [...create, ...change]) {
      wayBack.push(() => removeFile(root, path + temporary));
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeNew(join(root, path + temporary), text);
    }
    // Where no file can be made, none can be removed either.
    for (const folder of new Set(remove.map(dirname))) {
      writeNew(join(root, folder, temporary), "");
      rmSync(join(root, folder, temporary));
    }
    for (const file of create) {
      wayBack.push(() => removeFile(root, file.path));
      replace(file);
    }
    for (const file of change) {
      keep(file.path);
      replace(file);
    }
    for (const path of remove) {
      // What a killed render left beside a file that is written again is gone already.
      if (!path.endsWith(temporary)) keep(path);
      removeFile(root, path);
    }
  } catch (error) {
    for (const step of wayBack.reverse()) attempt(step);
    throw error;
  }
  return stamps;
}

/** What leads back goes as far as it can: the first failure is the one to tell. */
function attempt(step: () => void): void {
  try {
    step();
  } catch {}
}

/** Replaces a file in one step. */
export function replaceFile(path: string, text: string): void {
  try {
    writeNew(path + temporary, text);
    renameSync(path + temporary, path);
  } catch (error) {
    attempt(() => rmSync(path + temporary, { force: true }));
    throw error;
  }
}

/**
 * Writes a file that was not there: a link of that name is not followed.
 *
 * @throws what the file system refuses, with the path, which Node leaves out where the disk is full
 */
export function writeNew(path: string, text: string): void {
  rmSync(path, { force: true });
  try {
    writeFileSync(path, text, { flag: "wx" });
  } catch (error) {
    if (!(error instanceof Error) || "path" in error) throw error;
    throw Object.assign(error, { message: `${error.message} '${path}'`, path });
  }
}

/** Removes a file, and the folders that it leaves empty. */
function removeFile(root: string, path: string): void {
  rmSync(join(root, path), { force: true });
  // envs/, clusters/ and argo-apps/ themselves stay.
  for (let current = dirname(path); current.includes("/"); current = dirname(current)) {
    try {
      rmdirSync(join(root, current));
    } catch {
      return;
    }
  }
}
