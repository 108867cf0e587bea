import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { plan } from "../../generators/index.ts";
import { type OutputFile, renderUnit } from "../../generators/render/output.ts";
import { readPlatform } from "../../scripts/lib/render.ts";
import type { Manifest } from "./helm.ts";
import { repository } from "./input.ts";
import { run, time } from "./process.ts";

/** Writes files below a folder, in the plainest way there is. */
export function writeFiles(root: string, files: readonly OutputFile[]): void {
  const made = new Set<string>();
  for (const { path, text } of files) {
    const folder = join(root, dirname(path));
    if (!made.has(folder)) mkdirSync(folder, { recursive: true });
    made.add(folder);
    writeFileSync(join(root, path), text);
  }
}

const reportMemory =
  "data:text/javascript,process.on('exit',()=>console.error('maxRSS',process.resourceUsage().maxRSS))";

/** A whole process of `npm run render`. @returns its milliseconds, and its peak memory in MB */
export async function render(root: string): Promise<{ elapsed: number; memory: number }> {
  const command = [`--import=${reportMemory}`, join(repository, "scripts/run.js"), "render", "--root", root];
  let memory = Number.NaN;
  const elapsed = await time(async () => {
    const { stderr } = await run(process.execPath, command);
    memory = Number(/maxRSS (\d+)/.exec(stderr)?.[1]) / 1024;
  });
  return { elapsed, memory };
}

type Model = readonly [construct: new (data: object) => object, data: Manifest];

/** All that a render gives, in memory; `manifests` are the objects below envs/ as plain data. */
export interface Rendered {
  readonly files: readonly OutputFile[];
  readonly models: readonly Model[];
  readonly manifests: readonly Manifest[];
}

/** What slipway renders from these inputs. */
export function collect(inputs: readonly OutputFile[]): Rendered {
  const units = plan(readPlatform(new Map(inputs.map(({ path, text }) => [path, text]))));
  const models = units.flatMap(({ folder, generate }) =>
    generate().flatMap((object) => {
      if (!("kind" in object)) return [];
      const data = JSON.parse(JSON.stringify(object)) as Manifest;
      return [{ folder, data, model: [object.constructor as Model[0], data] as const }];
    }),
  );
  return {
    files: units.flatMap(renderUnit),
    models: models.map(({ model }) => model),
    manifests: models.filter(({ folder }) => folder.startsWith("envs/")).map(({ data }) => data),
  };
}

/** Constructs every object with its class of @kubernetes-models. */
export function construct(models: Rendered["models"]): object[] {
  return models.map(([Model, data]) => new Model(data));
}
