import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { plan } from "../../generators/index.ts";
import { type KubernetesObject, type OutputFile, renderUnit } from "../../generators/render/output.ts";
import { readPlatform } from "../../scripts/lib/render.ts";
import type { Manifest } from "./helm.ts";
import { repository } from "./input.ts";
import { run } from "./process.ts";

/** Writes files below a folder, in the plainest way there is. */
export function writeFiles(root: string, files: Iterable<readonly [path: string, text: string]>): void {
  const made = new Set<string>();
  for (const [path, text] of files) {
    const folder = join(root, dirname(path));
    if (!made.has(folder)) mkdirSync(folder, { recursive: true });
    made.add(folder);
    writeFileSync(join(root, path), text);
  }
}

const reportMemory =
  "data:text/javascript,process.on('exit',()=>console.error('maxRSS',process.resourceUsage().maxRSS))";

/** A whole process of `npm run render`. @returns its peak memory in MB */
export async function render(root: string): Promise<number> {
  const command = [join(repository, "scripts/run.js"), "render", "--root", root];
  const { stderr } = await run(process.execPath, [`--import=${reportMemory}`, ...command]);
  return Number(/maxRSS (\d+)/.exec(stderr)?.[1]) / 1024;
}

/** All that a render gives, in memory. */
export interface Rendered {
  readonly files: readonly OutputFile[];
  /** Class and data of each object of Kubernetes. */
  readonly models: readonly (readonly [new (data: object) => object, Manifest])[];
  /** The objects below envs/, as plain data. */
  readonly manifests: readonly Manifest[];
}

/** What slipway renders from these inputs. */
export function collect(texts: ReadonlyMap<string, string>): Rendered {
  const units = plan(readPlatform(texts));
  const generated = units.map((unit) => ({
    folder: unit.folder,
    models: unit.generate().flatMap((object) => ("kind" in object ? [modelOf(object)] : [])),
  }));
  return {
    files: units.flatMap(renderUnit),
    models: generated.flatMap(({ models }) => models),
    manifests: generated
      .filter(({ folder }) => folder.startsWith("envs/"))
      .flatMap(({ models }) => models.map(([, data]) => data)),
  };
}

function modelOf(object: KubernetesObject) {
  return [object.constructor as new (data: object) => object, JSON.parse(JSON.stringify(object)) as Manifest] as const;
}

/** Constructs every object with its class of @kubernetes-models. */
export function construct(models: Rendered["models"]): object[] {
  return models.map(([Model, data]) => new Model(data));
}
