import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../cli.ts";
import { readInputs } from "../inputs.ts";
import { planRender, type Render, readPlatform } from "../render.ts";
import { inputsOf } from "./inputs.ts";
import { readmeOf } from "./readme.ts";
import { type Settings, settingsOf } from "./settings.ts";

/** slipway's own README in a team's clone: links in it stay right, because it stays at the top. */
export const manual = "SLIPWAY.md";
const readme = "README.md";

/** Files of a clone that `init` looks at. */
export interface Present {
  readonly root: string;
  readonly packageText: string;
  readonly inputs: ReadonlyMap<string, string>;
  /** Settings that the clone was made from; none before the first `init`. */
  readonly settings?: Settings;
}

/** @throws UserError where it is no clone of slipway */
export function readPresent(root: string): Present {
  const path = join(root, "package.json");
  if (!existsSync(path)) throw new UserError(`${root} is no clone of slipway: it has no package.json`);
  const packageText = readFileSync(path, "utf8");
  const { name, slipway } = JSON.parse(packageText) as Package;
  const inputs = readInputs(root);
  const from = slipway?.repository;
  const settings =
    name === "slipway" ? undefined : settingsOf({ name, ...(from && { slipway: from }) }, readPlatform(inputs));
  return { root, packageText, inputs, ...(settings && { settings }) };
}

/** What makes a clone follow from settings. */
export interface InitPlan {
  readonly settings: Settings;
  /** Text of each file that is not rendered and changes; `null` where it goes. */
  readonly files: ReadonlyMap<string, string | null>;
  readonly render: Render;
  /** Inputs that somebody has edited, and that the plan would overwrite or remove. */
  readonly edited: readonly string[];
  readonly notes: readonly string[];
}

/** What `package.json` says. */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  /** The slipway that a team's clone is made from: where it came from, and the commit that it has. */
  readonly slipway?: { readonly repository?: string; readonly commit: string };
}

/**
 * Works out what makes a clone follow from settings. A file changes only where the settings that it follows from do: what
 * a team has edited in the others stays.
 *
 * @param head the commit that the clone is at
 * @throws InputError where the analysis refuses the new inputs
 */
export function planInit(present: Present, settings: Settings, head: string): InitPlan {
  const { root, inputs } = present;
  const before = present.settings ? inputsOf(present.settings) : shippedInputs(root, inputs);
  const after = inputsOf(settings);
  const files = new Map<string, string | null>();
  const texts = new Map(inputs);
  const edited: string[] = [];
  for (const file of new Set([...inputs.keys(), ...after.keys()])) {
    const text = after.get(file);
    if (text === inputs.get(file) || (present.settings && text === before.get(file) && inputs.has(file))) continue;
    if (inputs.has(file) && inputs.get(file) !== before.get(file)) edited.push(file);
    files.set(file, text ?? null);
    if (text === undefined) texts.delete(file);
    else texts.set(file, text);
  }
  const notes = planReadme(present, settings, files);
  planPackage(present, settings, head, files);
  const sorted = new Map([...texts].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { settings, files, render: planRender(root, { texts: sorted }), edited, notes };
}

/** The inputs that slipway ships with, where those are here: one of the platforms that it is tested with. */
function shippedInputs(root: string, inputs: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const folder = join(root, "test/fixtures/valid");
  const platforms = existsSync(folder) ? readdirSync(folder).map((name) => readInputs(join(folder, name))) : [];
  const names = [...inputs.keys()].join();
  return platforms.find((platform) => [...platform.keys()].join() === names) ?? new Map();
}

function planReadme(
  { root, settings: before }: Present,
  settings: Settings,
  files: Map<string, string | null>,
): string[] {
  const path = join(root, readme);
  const text = existsSync(path) ? readFileSync(path, "utf8") : undefined;
  const wanted = readmeOf(settings);
  if (text === wanted) return [];
  const isSlipways = text?.startsWith("# slipway\n") && !existsSync(join(root, manual));
  if (isSlipways) files.set(manual, text ?? "");
  if (isSlipways || text === undefined || (before && text === readmeOf(before))) {
    files.set(readme, wanted);
    return [];
  }
  return before && wanted === readmeOf(before) ? [] : [`${readme} is your own, and stays as it is`];
}

/** The name of the package, here and in the lock file, and where slipway came from. */
function planPackage(
  { root, packageText, settings: before }: Present,
  settings: Settings,
  head: string,
  files: Map<string, string | null>,
): void {
  const content = JSON.parse(packageText) as Package;
  const description = (name: string) => `The platform ${name}, rendered by slipway and followed by Argo CD.`;
  const isOwn = before && content.description !== description(before.name);
  const changed = {
    ...content,
    name: settings.name,
    ...(!isOwn && { description: description(settings.name) }),
    slipway: { ...(settings.slipway && { repository: settings.slipway }), commit: content.slipway?.commit ?? head },
  };
  const put = (file: string, text: string, now: string) => text !== now && files.set(file, text);
  put("package.json", format(changed), packageText);
  const lock = join(root, "package-lock.json");
  if (!existsSync(lock)) return;
  const lockText = readFileSync(lock, "utf8");
  const locked = JSON.parse(lockText) as { name: string; packages: Record<string, { name?: string }> };
  locked.name = settings.name;
  if (locked.packages[""]) locked.packages[""].name = settings.name;
  put("package-lock.json", format(locked), lockText);
}

/** JSON as npm writes it. */
export const format = (content: unknown) => `${JSON.stringify(content, null, 2)}\n`;
