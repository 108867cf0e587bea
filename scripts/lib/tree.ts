import {
  type Dirent,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { isRendered, type OutputFile } from "../../generators/render/output.ts";

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
 */
export function listTree(root: string): Set<string> {
  const files = new Set<string>();
  const visit = (folder: string, entries: readonly Dirent[]) => {
    for (const entry of entries) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(path, list(join(root, path)));
      else files.add(path);
    }
  };
  for (const top of ["envs", "clusters"]) {
    const entries = list(join(root, top));
    visit(
      top,
      entries.filter((entry) => entry.isDirectory()),
    );
    for (const { name } of entries)
      if (name.endsWith(".schema.json") || name.endsWith(temporary)) files.add(`${top}/${name}`);
  }
  visit("argo-apps", list(join(root, "argo-apps")));
  return files;
}

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
 */
export function planTree(
  root: string,
  rendered: readonly OutputFile[],
  kept: ReadonlySet<string>,
  onDisk: ReadonlySet<string>,
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
    const text = readFileSync(join(root, file.path), "utf8");
    if (text === file.text) continue;
    if (isRendered(text)) plan.change.push(file);
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

/** Carries out a plan. A file is replaced in one step, so that a reader sees the old one or the new one, also after a kill. */
export function writeTree(root: string, { create, change, remove }: TreePlan): void {
  const made = new Set<string>();
  for (const { path, text } of create) {
    const folder = join(root, dirname(path));
    if (!made.has(folder)) mkdirSync(folder, { recursive: true });
    made.add(folder);
    writeFileSync(join(root, path), text, { flag: "wx", encoding: "utf8" });
  }
  for (const { path, text } of change) replaceFile(join(root, path), text);
  for (const path of remove) {
    rmSync(join(root, path), { force: true });
    removeEmptyFolders(root, dirname(path));
  }
}

/** Replaces a file in one step. */
export function replaceFile(path: string, text: string): void {
  writeFileSync(path + temporary, text);
  renameSync(path + temporary, path);
}

function removeEmptyFolders(root: string, folder: string): void {
  // envs/, clusters/ and argo-apps/ themselves stay.
  for (let current = folder; current.includes("/"); current = dirname(current)) {
    try {
      rmdirSync(join(root, current));
    } catch {
      return;
    }
  }
}

/**
 * The file system's clock stands still for some milliseconds: a file that was written in the same moment as the state may
 * have been written after it, and is looked at again (what Git calls racily clean).
 */
const clockTick = 20;

/** Whether a file is there and has neither been written nor replaced since `at`, by the clock of the file system. */
export function isUntouched(root: string, path: string, at: number): boolean {
  const stat = lstatSync(`${root}/${path}`, { throwIfNoEntry: false });
  return stat !== undefined && stat.ctimeMs < at - clockTick;
}
