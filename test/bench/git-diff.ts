/**
 * The least that a diff of rendered objects can take, as a process of its own like `npm run diff`: `git diff`, and parsing the
 * changed files on both sides with the same parser.
 *
 *     node test/bench/git-diff.ts ROOT REF
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import module from "node:module";
import { join } from "node:path";

module.enableCompileCache(join(import.meta.dirname, "../../node_modules/.cache/slipway"));
const { load } = await import("js-yaml");

const [root = "", ref = ""] = process.argv.slice(2);
const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 2 ** 30 });

const patch = git("diff", ref);
const paths = [...patch.matchAll(/^\+\+\+ b\/(envs\/.+\/.+)$/gm)].map(([, path = ""]) => path);
const before = git("show", ...paths.map((path) => `${ref}:${path}`)).split(/^(?=# Code generated)/m);
const objects = [...before, ...paths.map((path) => readFileSync(join(root, path), "utf8"))].map((text) => load(text));
console.log(patch, objects.length);
