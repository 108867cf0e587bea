import { analyse } from "../../generators/analysis/index.ts";
import { plan } from "../../generators/index.ts";
import { InputError } from "../../generators/model/faults.ts";
import type { parseInput } from "../../generators/model/parse.ts";
import { type Platform, parsePlatform } from "../../generators/model/platform.ts";
import { type OutputFile, renderUnit, type Unit } from "../../generators/render/output.ts";
import { readInputs } from "./inputs.ts";
import { blobId, type Stamp } from "./stamp.ts";
import {
  isUntouched,
  readState,
  rememberInputs,
  removeState,
  type State,
  sealBlobs,
  type UnitState,
  unitId,
  unitKey,
  unitState,
  writeState,
} from "./state.ts";
import { isStale, listTree, planTree, type TreePlan, writeTree } from "./tree.ts";

/** A render that has been worked out and not been written. */
export interface Render {
  readonly root: string;
  readonly platform: Platform;
  readonly tree: TreePlan;
  /** Number of files of the whole tree. */
  readonly total: number;
  /** Writes the tree. */
  readonly write: () => void;
  /**
   * Where a commit is not what a clone of it would render.
   *
   * @param blobs Git's name of the content of every file of the commit below the rendered folders, by path
   * @returns paths of inputs and rendered files that differ, lack or are left over
   */
  readonly differences: (blobs: ReadonlyMap<string, string>) => string[];
}

export interface RenderOptions {
  /** Trusts no memory: every input is checked, every unit is rendered, and every file of the tree is read. */
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
  const onDisk = listTree(root);
  const memory = compareAll ? undefined : rememberInputs(root);
  const platform = readPlatform(texts, memory?.parse);
  const state = compareAll ? undefined : readState(root);
  const stamps = new Map<string, Stamp>();
  const units = plan(platform).map((unit) => remember(root, unit, state, onDisk));
  const rendered = units.flatMap(({ rendered }) => rendered ?? []);
  const kept = new Set(units.flatMap(({ known }) => known?.files ?? []));
  const tree = planTree(root, rendered, kept, onDisk, stamps);
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
      write(root, tree, units, stamps);
      memory?.keep();
    },
    differences: (blobs) => differences(blobs, texts, units),
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
  readonly unit: Unit;
  readonly key: string;
  /** State of the unit, where its files need no look. */
  readonly known?: UnitState;
  readonly rendered?: readonly OutputFile[];
}

function remember(root: string, unit: Unit, state: State | undefined, onDisk: ReadonlySet<string>): Remembered {
  const key = unitKey(unit);
  const known = state?.[unitId(unit)];
  const untouched = known?.key === key && known.files.every((path) => onDisk.has(path)) && isUntouched(root, known);
  return untouched ? { unit, key, known } : { unit, key, rendered: renderUnit(unit) };
}

function write(root: string, tree: TreePlan, units: readonly Remembered[], compared: ReadonlyMap<string, Stamp>): void {
  const changes = isStale(tree);
  if (changes) removeState(root);
  const stamps = new Map([...compared, ...writeTree(root, tree)]);
  if (!changes && units.every(({ known }) => known)) return;
  writeState(root, (now) =>
    Object.fromEntries(
      units.flatMap(({ unit, key, known, rendered = [] }) => {
        const state = known ?? unitState(key, rendered, stamps, now);
        return state ? [[unitId(unit), state]] : [];
      }),
    ),
  );
}

/** Inputs, and files that Argo CD reads. */
const read = /^(envs|clusters)\/[^/]+\.ya?ml$|^(argo-apps|envs\/[^/]+|clusters\/[^/]+)\/.*\.(ya?ml|json)$/;

function differences(
  blobs: ReadonlyMap<string, string>,
  texts: ReadonlyMap<string, string>,
  units: readonly Remembered[],
): string[] {
  const algorithm = [...blobs.values()][0]?.length === 64 ? "sha256" : "sha1";
  const isOther = ({ path, text }: OutputFile) => blobs.get(path) !== blobId(text, algorithm);
  const isSame = ({ files, blobs: sealed }: UnitState) =>
    sealed === sealBlobs(files.map((path) => [path, blobs.get(path)]));
  const files = [
    ...Array.from(texts, ([path, text]) => ({ path, text })),
    ...units.flatMap(({ unit, known, rendered = [] }) => (known && !isSame(known) ? renderUnit(unit) : rendered)),
  ];
  const expected = new Set([...files.map(({ path }) => path), ...units.flatMap(({ known }) => known?.files ?? [])]);
  const leftOver = [...blobs.keys()].filter((path) => read.test(path) && !expected.has(path));
  return [...files.filter(isOther).map(({ path }) => path), ...leftOver].sort();
}
