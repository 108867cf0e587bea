/** What Git sets for hooks, `rebase --exec` and worktrees leads neither tests, nor the tour, nor a command to the repository around. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { environment, git, prepareTemplate, remote, slipwayWith, subjects } from "../clones.ts";
import { repository } from "../support.ts";

const folder = mkdtempSync(join(tmpdir(), "slipway-sandbox-"));
const clone = join(folder, "clone");
const script = join(folder, "script");

/** A repository with the files of this one as they are now, and a script that runs what makes repositories in it. */
beforeAll(() => {
  const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: repository,
  });
  for (const file of files
    .toString()
    .split("\0")
    .filter((path) => path && existsSync(join(repository, path))))
    cpSync(join(repository, file), join(clone, file));
  symlinkSync(join(repository, "node_modules"), join(clone, "node_modules"));
  git(clone, "init", "--quiet", "--initial-branch=main");
  writeFileSync(join(clone, ".git/info/exclude"), "node_modules\n");
  for (const message of ["one", "two"]) {
    writeFileSync(join(clone, "count"), message);
    git(clone, "add", "--all");
    git(clone, "commit", "--quiet", "--message", message);
  }
  writeFileSync(
    script,
    `#!/usr/bin/env bash
state() {
  export GIT_OPTIONAL_LOCKS=0
  git for-each-ref
  git status --porcelain
  for file in HEAD index config; do cat "$(git rev-parse --git-path $file)"; done
}
state > ${folder}/before 2>&1
(
  cd ${clone} || exit
  ${process.execPath} node_modules/vitest/vitest.mjs run test/diff.test.ts --testNamePattern 'order of keys'
  [ -n "$NO_TOUR" ] || ${process.execPath} scripts/run.js tour
) > ${folder}/output 2>&1
state > ${folder}/after 2>&1
exit 1
`,
  );
  chmodSync(script, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Makes a hook of the script. It ends with 1, so that the commit or the push that has called it changes nothing either. */
function hook(gitFolder: string, name: string): void {
  mkdirSync(join(gitFolder, "hooks"), { recursive: true });
  symlinkSync(script, join(gitFolder, "hooks", name));
}

/** Runs a program that calls the script, and so fails. @returns what the script has printed */
function output(cwd: string, [program = "", ...args]: readonly string[], variables: NodeJS.ProcessEnv = {}): string {
  const outer = Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("VITEST")));
  const { status, stderr } = spawnSync(program, args, { cwd, env: { ...outer, ...variables }, encoding: "utf8" });
  expect(status, stderr).toBe(1);
  return readFileSync(join(folder, "output"), "utf8");
}

const expectUntouched = () => expect(readFileSync(join(folder, "after"))).toEqual(readFileSync(join(folder, "before")));

const limit = { timeout: 300_000 };

describe("tests and the tour leave the repository as it is that Git names", () => {
  test("to a hook of a linked worktree, with a setting of git -c", limit, () => {
    const linked = join(folder, "linked");
    hook(join(clone, ".git"), "pre-commit");
    git(clone, "worktree", "add", "--quiet", "-b", "feature", linked);
    const said = output(linked, ["git", "-c", "core.editor=true", "commit", "--allow-empty", "--message", "three"]);
    expect(said).toMatch(/Tests .*1 passed/);
    expect(said).toContain("What Git remembers");
    expectUntouched();
  });

  test("to git rebase --exec", limit, () => {
    expect(output(clone, ["git", "rebase", "--exec", script, "HEAD~1"])).toMatch(
      /Tests .*1 passed[\s\S]*What Git remembers/,
    );
    expectUntouched();
    git(clone, "rebase", "--abort");
  });

  test("to a pre-receive hook, while the push is in quarantine", limit, () => {
    const bare = join(folder, "bare.git");
    git(folder, "init", "--quiet", "--bare", bare);
    hook(bare, "pre-receive");
    expect(output(clone, ["git", "push", bare, "main"], { NO_TOUR: "1" })).toMatch(/Tests .*1 passed/);
    expectUntouched();
  });

  test("by every variable that ties it to a repository", limit, () => {
    const at = (path: string) => join(clone, ".git", path);
    const tied = {
      GIT_DIR: at(""),
      GIT_COMMON_DIR: at(""),
      GIT_WORK_TREE: clone,
      GIT_INDEX_FILE: at("index"),
      GIT_OBJECT_DIRECTORY: at("objects"),
      GIT_PREFIX: "envs/",
    };
    expect(output(clone, [script], { ...tied, NO_TOUR: "1" })).toMatch(/Tests .*1 passed/);
    expectUntouched();
  });
});

test("every configuration of tests has left the repository around", () => {
  const configurations = globSync(["vitest.config.ts", "test/*/vitest.config.ts"], { cwd: repository });
  expect(configurations.length).toBeGreaterThan(5);
  for (const file of configurations)
    expect(readFileSync(join(repository, file), "utf8"), file).toMatch(/^import "\.{1,2}\/(test\/)?sandbox\.ts";$/m);
});

prepareTemplate();

test("a command commits where it is told, with the settings of the environment", async () => {
  const { clone, bare } = remote();
  const [root, other] = [clone("a", "https://git.example.com/platform.git"), clone("b")];
  const result = await slipwayWith(
    {
      GIT_DIR: join(other, ".git"),
      GIT_WORK_TREE: other,
      GIT_INDEX_FILE: join(other, ".git/index"),
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: `url.${bare}.insteadOf`,
      GIT_CONFIG_VALUE_0: "https://git.example.com/platform.git",
    },
    root,
    "weight",
    "ml",
    "--env",
    "dev",
    "canary=40",
    "--push",
  );
  expect(result.stderr).toBe("");
  expect(subjects(bare, "main")[0]).toBe("weight(dev): ml canary 10 → 40");
  expect(subjects(other)).toEqual(["feat: the platform"]);
  expect(git(other, "status", "--porcelain")).toBe("");
});
