import { analyse } from "../../generators/analysis/index.ts";
import { plan } from "../../generators/index.ts";
import { InputError } from "../../generators/model/faults.ts";
import type { parseInput } from "../../generators/model/parse.ts";
import { type Platform, parsePlatform } from "../../generators/model/platform.ts";
import { type OutputFile, renderUnit, type Unit } from "../../generators/render/output.ts";
import { readInputs } from "./inputs.ts";
import {
  readState,
  rememberInputs,
  removeState,
  type State,
  type UnitState,
  unitId,
  unitKey,
  writeState,
} from "./state.ts";
import { isStale, isUntouched, listTree, planTree, type TreePlan, writeTree } from "./tree.ts";

/** A render that has been worked out and not been written. */
export interface Render {
  readonly root: string;
  readonly platform: Platform;
  readonly tree: TreePlan;
  /** Number of files of the whole tree. */
  readonly total: number;
  /** Writes the tree. */
  readonly write: () => void;
}

export interface RenderOptions {
  /** Reads every file of the tree, and not only those of units that changed. */
  readonly compareAll?: boolean;
  /** Text of the inputs, where it is not the one on disk. */
  readonly texts?: ReadonlyMap<string, string>;
}

/**
 * Works out what a render would write.
 *
 * @param root the repository's root, with the inputs in envs/ and clusters/
 * @throws InputError where the inputs are wrong, or files of somebody else stand where rendered ones belong
 */
export function planRender(root: string, { compareAll = false, texts = readInputs(root) }: RenderOptions = {}): Render {
  const memory = rememberInputs(root);
  const platform = readPlatform(texts, memory.parse);
  const state = compareAll ? undefined : readState(root);
  const onDisk = listTree(root);
  const units = plan(platform).map((unit) => remember(root, unit, state, onDisk));
  const rendered = units.flatMap(({ rendered }) => rendered ?? []);
  const kept = new Set(units.flatMap(({ known }) => known?.files ?? []));
  const tree = planTree(root, rendered, kept, onDisk);
  if (tree.foreign.length > 0) {
    const message =
      "was not rendered by slipway, but Argo CD would deploy it from here; move it out of the rendered folders";
    throw new InputError(
      tree.foreign.map((file) => ({ file, path: [], message })),
      new Map(),
    );
  }
  return {
    root,
    platform,
    tree,
    total: kept.size + rendered.length,
    write: () => {
      write(root, tree, units);
      memory.keep();
    },
  };
}

/**
 * Reads and analyses the inputs.
 *
 * @throws InputError with every fault of every file
 */
export function readPlatform(texts: ReadonlyMap<string, string>, parse?: typeof parseInput): Platform {
  const { platform, faults } = parsePlatform(texts, parse);
  // What could be read is analysed beside what could not, unless that would only repeat it.
  const all = [...faults, ...analyse(platform, faults.length === 0)];
  if (all.length > 0) throw new InputError(all, texts);
  return platform;
}

interface Remembered {
  readonly id: string;
  readonly key: string;
  /** State of the unit, where its files need no look. */
  readonly known?: UnitState;
  readonly rendered?: readonly OutputFile[];
}

function remember(root: string, unit: Unit, state: State | undefined, onDisk: ReadonlySet<string>): Remembered {
  const id = unitId(unit);
  const key = unitKey(unit);
  const known = state?.units[id];
  const untouched =
    known?.key === key && known.files.every((path) => onDisk.has(path) && isUntouched(root, path, known.at));
  return untouched ? { id, key, known } : { id, key, rendered: renderUnit(unit) };
}

function write(root: string, tree: TreePlan, units: readonly Remembered[]): void {
  const changes = isStale(tree);
  if (changes) removeState(root);
  writeTree(root, tree);
  if (!changes && units.every(({ known }) => known)) return;
  writeState(root, (at) =>
    Object.fromEntries(
      units.map(({ id, key, known, rendered = [] }) => [
        id,
        known ?? { key, at, files: rendered.map(({ path }) => path) },
      ]),
    ),
  );
}
