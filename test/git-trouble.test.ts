/** What stands in the way of the commands that make commits, against real Git: clones of a bare remote. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { environment, git, isFresh, prepareTemplate, remote, slipway, slipwayWith, subjects } from "./clones.ts";
import { repository } from "./support.ts";

prepareTemplate();

describe("what stands in the way is one line, and nothing is lost", () => {
  test.each<[string, (root: string) => void, string[], RegExp]>([
    [
      "uncommitted changes",
      (root) => writeFileSync(join(root, "mine.txt"), "x"),
      ["weight", "ml", "--env", "dev", "canary=1"],
      /^there are uncommitted changes \(mine\.txt\)/,
    ],
    [
      "a detached head",
      (root) => git(root, "switch", "--quiet", "--detach"),
      ["weight", "ml", "--env", "dev", "canary=1"],
      /^HEAD is detached/,
    ],
    [
      "an unknown service",
      () => {},
      ["weight", "bakend", "--env", "dev", "canary=1"],
      /no service bakend; did you mean "backend"\?/,
    ],
    [
      "an unknown environment",
      () => {},
      ["weight", "ml", "--env", "pord", "canary=1"],
      /no environment pord; did you mean "prod"\?/,
    ],
    [
      "an unknown version",
      () => {},
      ["weight", "ml", "--env", "dev", "canry=1"],
      /no version canry in dev; did you mean "canary"\?/,
    ],
    [
      "weights beyond 100",
      () => {},
      ["weight", "ml", "--env", "dev", "canary=101"],
      /must be a whole number from 0 to 100/,
    ],
    [
      "the weight of the primary",
      () => {},
      ["weight", "ml", "--env", "dev", "stable=50"],
      /stable is the primary of ml/,
    ],
    ["a wrong option", () => {}, ["weight", "ml", "--evn", "dev", "canary=1"], /^Unknown option '--evn'/],
    [
      "a remote that is away",
      (root) => git(root, "remote", "set-url", "origin", "/nowhere.git"),
      ["weight", "ml", "--env", "dev", "canary=1", "--push"],
      /^origin did not take the push/,
    ],
    [
      "a hook that refuses",
      (root) => hook(root, "pre-commit", "echo 'error: not today' >&2; exit 1"),
      ["weight", "ml", "--env", "dev", "canary=1"],
      /^Git refused the commit: not today/,
    ],
    [
      "a hook that changes what is committed",
      (root) => hook(root, "pre-commit", `for f in $(${staged}); do echo '# tidy' >> $f; git add $f; done`),
      ["weight", "ml", "--env", "dev", "canary=1"],
      /^a hook of this repository changes envs\/dev\.yaml when it is committed/,
    ],
    [
      "a hook that changes files and refuses",
      (root) => hook(root, "pre-commit", `for f in $(${staged}); do echo '# tidy' >> $f; done; echo tidied; exit 1`),
      ["weight", "ml", "--env", "dev", "canary=1", "--branch", "other"],
      /^Git refused the commit: tidied/,
    ],
    [
      "a hook that does not come to an end",
      (root) => hook(root, "pre-commit", "sleep 1000"),
      ["weight", "ml", "--env", "dev", "canary=1"],
      /^Git refused the commit: no answer for 5 s \(SLIPWAY_TIMEOUT\)/,
    ],
    [
      "a signature that fails",
      (root) => {
        git(root, "config", "commit.gpgsign", "true");
        git(root, "config", "gpg.program", "false");
      },
      ["weight", "ml", "--env", "dev", "canary=1"],
      /^Git refused the commit: gpg failed to sign the data/,
    ],
    [
      "another Git at work",
      (root) => writeFileSync(join(root, ".git/index.lock"), ""),
      ["weight", "ml", "--env", "dev", "canary=1"],
      /^another Git command is at work here; if there is none, remove .*index\.lock/,
    ],
    [
      "a sparse checkout",
      (root) => git(root, "sparse-checkout", "set", "--cone", "envs"),
      ["weight", "ml", "--env", "dev", "canary=1"],
      /^this is a sparse checkout/,
    ],
    [
      "a server's hook that refuses",
      (root) => hook(git(root, "remote", "get-url", "origin"), "hooks/pre-receive", "echo 'main is protected'; exit 1"),
      ["weight", "ml", "--env", "dev", "canary=1", "--push"],
      /^origin did not take the push: main is protected; --pr opens a pull request instead; the change stays here as \w{8}/,
    ],
    [
      "two weights in one",
      () => {},
      ["weight", "ml", "--env", "dev", "canary=1=2"],
      /^canary=1=2: the weight must be a whole number/,
    ],
    [
      "no remote",
      (root) => git(root, "remote", "remove", "origin"),
      ["weight", "ml", "--env", "dev", "canary=1", "--push"],
      /^there is no remote to push to/,
    ],
  ])("%s", async (what, prepare, [command = "", ...args], message) => {
    const root = remote().clone("a");
    prepare(root);
    const head = git(root, "rev-parse", "HEAD");
    const status = git(root, "status", "--porcelain");
    const branch = git(root, "branch", "--show-current");
    const result = await slipwayWith(what.includes("end") ? { SLIPWAY_TIMEOUT: "5" } : {}, root, command, ...args);
    expect(result.stderr).toMatch(message);
    expect(result.stderr.trim().split("\n")).toHaveLength(1);
    expect(result.status).toBe(1);
    expect(git(root, "status", "--porcelain")).toBe(status);
    // A push that fails leaves the commit, which is whole.
    if (!args.includes("--push")) expect(git(root, "rev-parse", "HEAD")).toBe(head);
    expect(git(root, "branch", "--show-current")).toBe(branch);
    if (!what.includes("sparse")) expect(isFresh(root)).toBe(true);
  });

  test("a release that was in no environment before is refused; --force leaves its trace", async () => {
    const root = remote().clone("a");
    await slipway(root, "release", "ml", "--env", "dev", "--tag", "7.0.0");
    const refused = await slipway(root, "promote", "ml", "--from", "dev", "--to", "prod");
    expect(refused.stderr.trim()).toBe("ml 7.0.0 was never in staging; promote it to staging first, or use --force");
    expect((await slipway(root, "promote", "ml", "--from", "dev", "--to", "prod", "--force")).status).toBe(0);
    expect(git(root, "log", "-1", "--format=%b")).toBe("Forced: ml 7.0.0 was never in staging");
  });
});

/** @param name path below .git, or name of one of the clone's own */
function hook(root: string, name: string, script: string): void {
  const path = join(root, name.includes("/") ? name : `.git/hooks/${name}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

const staged = "git diff --cached --name-only";

test("Ctrl-C while a hook runs: everything is as it was", async () => {
  const root = remote().clone("a");
  const started = join(root, ".git/started");
  hook(root, "pre-commit", `touch ${started}; sleep 1000`);
  const call = ["scripts/run.js", "weight", "ml", "--env", "dev", "canary=1", "--branch", "other", "--root", root];
  const child = spawn(process.execPath, call, {
    cwd: repository,
    env: environment,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said = text(child.stderr);
  const limit = Date.now() + 30_000;
  while (!existsSync(started) && Date.now() < limit) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGINT");
  expect((await said).trim()).toBe("Git refused the commit: interrupted");
  expect(git(root, "status", "--porcelain", "--branch")).toBe("## main...origin/main");
  expect(git(root, "branch", "--format=%(refname:short)")).toBe("main");
});

test("a linked worktree: a merge that is under way there is seen, and a change is committed", async () => {
  const root = remote().clone("a");
  git(root, "worktree", "add", "--quiet", "-b", "feature", "../linked");
  const linked = join(root, "../linked");
  const merge = git(linked, "rev-parse", "--git-path", "MERGE_HEAD");
  writeFileSync(merge, git(linked, "rev-parse", "HEAD"));
  const refused = await slipway(linked, "weight", "ml", "--env", "dev", "canary=1");
  expect(refused.stderr).toMatch(/^a merge or rebase is under way/);
  rmSync(merge);
  expect((await slipway(linked, "weight", "ml", "--env", "dev", "canary=1", "--push")).stderr).toBe("");
  expect(subjects(root, "origin/feature")[0]).toBe("weight(dev): ml canary 10 → 1");
});

test("two commands at once in one clone: none undoes what the other has done", async () => {
  const { clone, bare } = remote();
  const root = clone("a");
  hook(root, "pre-commit", "sleep 1");
  const results = await Promise.all(
    ["ml", "backend"].map((name) => slipway(root, "weight", name, "--env", "dev", "canary=1", "--push")),
  );
  expect(results.map(({ status }) => status).sort()).toEqual([0, 1]);
  const refused = results.find(({ status }) => status === 1);
  expect(refused?.stderr).toMatch(/^another command (is at work|has begun) here/);
  expect(subjects(bare, "main")).toHaveLength(2);
  expect(git(root, "status", "--porcelain", "--branch")).toBe("## main...origin/main");
  expect(isFresh(root)).toBe(true);
});
