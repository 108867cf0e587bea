import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { planRender } from "../scripts/lib/render.ts";

/** Repositories with a change under review, for tests of the diff. */

const identity = { GIT_AUTHOR_NAME: "t", GIT_AUTHOR_EMAIL: "t@example.com" };
const committer = { GIT_COMMITTER_NAME: "t", GIT_COMMITTER_EMAIL: "t@example.com" };
const dates = { GIT_AUTHOR_DATE: "2026-01-01T00:00:00Z", GIT_COMMITTER_DATE: "2026-01-01T00:00:00Z" };
/** The same commits get the same names on every machine. */
export const gitEnvironment = {
  ...process.env,
  ...identity,
  ...committer,
  ...dates,
  NO_COLOR: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
};

export const git = (root: string, ...args: string[]) =>
  execFileSync("git", args, { cwd: root, env: gitEnvironment, encoding: "utf8", maxBuffer: 64e6 }).trim();

/** Texts by path. */
export type Inputs = ReadonlyMap<string, string>;

/** Writes inputs in place of those that are there, and renders them. */
export function renderInputs(root: string, inputs: Inputs): void {
  for (const folder of ["envs", "clusters"]) mkdirSync(join(root, folder), { recursive: true });
  for (const file of git(root, "ls-files", "envs/*.yaml", "clusters/*.yaml").split("\n").filter(isInput))
    if (!inputs.has(file)) rmSync(join(root, file));
  for (const [path, text] of inputs) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  planRender(root).write();
}

const isInput = (path: string) => /^(envs|clusters)\/[^/]+\.yaml$/.test(path);

export function commitAll(root: string, message: string): void {
  git(root, "add", "--all");
  git(root, "commit", "--quiet", "--message", message);
}

/** Makes a repository with rendered inputs on `main`, and the change of them on the branch `change`. */
export function reviewRepository(root: string, before: Inputs, after?: Inputs): string {
  mkdirSync(root, { recursive: true });
  git(root, "init", "--quiet", "--initial-branch=main");
  writeFileSync(join(root, ".gitignore"), ".slipway\n*.slipway-tmp\n");
  renderInputs(root, before);
  commitAll(root, "feat: the platform");
  git(root, "switch", "--quiet", "--create", "change");
  if (after) {
    renderInputs(root, after);
    commitAll(root, "feat: the change");
  }
  return root;
}

/**
 * Replaces texts in one of the inputs, each of which must be there.
 *
 * @returns all inputs, with that one changed
 */
export function edit(inputs: Inputs, file: string, ...replacements: readonly (readonly [old: string, now: string])[]) {
  const text = replacements.reduce((current, [old, now]) => {
    if (!current.includes(old)) throw new Error(`${file} does not hold ${old}`);
    return current.replace(old, now);
  }, inputs.get(file) ?? "");
  return new Map([...inputs, [file, text]]);
}

/** The text of one service of an input, to be replaced or removed. */
export function serviceText(inputs: Inputs, file: string, name: string): string {
  return new RegExp(`^  ${name}:\n(?:(?:    .*)?\n)*`, "m").exec(inputs.get(file) ?? "")?.[0] ?? "";
}
