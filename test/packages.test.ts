/** What `npm ci` installs: nothing past the lock file, and nothing that runs before its integrity was checked. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "./support.ts";

interface Package {
  readonly version: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly os?: string | readonly string[];
  readonly cpu?: string | readonly string[];
  readonly bin?: Readonly<Record<string, string>>;
}

const read = (file: string) => readFileSync(join(repository, file), "utf8");
const lock = JSON.parse(read("package-lock.json")) as { packages: Readonly<Record<string, Package>> };
const installed = Object.entries(lock.packages).filter(([path, { link }]) => path !== "" && !link);
const pathsOf = (packages: readonly (readonly [string, Package])[]) => packages.map(([path]) => path);

test("every package has an integrity in the lock file", () => {
  expect(installed.length).toBeGreaterThan(100);
  expect(pathsOf(installed.filter(([, { integrity }]) => !integrity?.startsWith("sha512-")))).toEqual([]);
});

test("no package runs a script when it is installed", () => {
  expect(pathsOf(installed.filter(([, { hasInstallScript }]) => hasInstallScript))).toEqual([]);
  // fsevents says nothing of its script, which npm derives from a binding.gyp: the setting holds for all.
  const setting = execFileSync("npm", ["config", "get", "ignore-scripts"], { cwd: repository, encoding: "utf8" });
  expect(setting.trim()).toBe("true");
});

const nodes = installed.filter(([, { bin }]) => bin?.node);

test("Node is pinned for each platform, in one version", () => {
  expect(nodes.map(([, { os, cpu }]) => `${[os].flat()} ${[cpu].flat()}`).sort()).toEqual([
    "darwin arm64",
    "darwin x64",
    "linux arm64",
    "linux x64",
    "win32 x64",
  ]);
  expect(new Set(nodes.map(([, { version }]) => version)).size).toBe(1);
});

test("the Node that npm's scripts run on is the pinned one", () => {
  const own = nodes.find(([, { os, cpu }]) => [os].flat()[0] === process.platform && [cpu].flat()[0] === process.arch);
  if (!own) return expect(Number(process.versions.node.split(".")[0])).toBeGreaterThanOrEqual(24);
  const seen = execFileSync("npm", ["exec", "--call", "node --version"], { cwd: repository, encoding: "utf8" });
  expect(seen.trim()).toBe(`v${own[1].version}`);
});
