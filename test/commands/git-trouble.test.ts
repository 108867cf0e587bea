/** What stands in the way of the commands that make commits, against real Git: clones of a bare remote. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { environment, git, isFresh, prepareTemplate, remote, slipway, slipwayWith, subjects } from "../clones.ts";
import { repository } from "../support.ts";

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
      /no service or data store bakend; did you mean "backend"\?/,
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
      /^a hook or a filter of this repository changes envs\/dev\.yaml when it is committed/,
    ],
    [
      "a hook that changes files and refuses",
      (root) => hook(root, "pre-commit", `for f in $(${staged}); do echo '# tidy' >> $f; done; echo tidied; exit 1`),
      ["weight", "ml", "--env", "dev", "canary=1", "--branch", "other"],
      /^Git refused the commit: tidied/,
    ],
    [
      "a hook that does not come to an end",
      (root) => hook(root, "pre-commit", "trap '' TERM; sleep 1000"),
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
      /^origin did not take the push: main is protected; where the branch is protected, --pr opens a pull request instead; the change stays here as \w{8}/,
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

/** For a hook: kills the command of slipway that it runs in. */
const killSlipway = `kill -9 $(sed 's/.*"process":\\([0-9]*\\).*/\\1/' .slipway/pending.json)`;

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
  expect(refused.stderr).toMatch(/^a merge is under way/);
  rmSync(merge);
  expect((await slipway(linked, "weight", "ml", "--env", "dev", "canary=1", "--push")).stderr).toBe("");
  expect(subjects(root, "origin/feature")[0]).toBe("weight(dev): ml canary 10 → 1");
});

describe("somebody else was faster, and the change is made again", () => {
  const change = ["ml", "--env", "dev", "canary=30", "--push"];
  const others = "weight(dev): backend canary 10 → 20";
  const ours = "weight(dev): ml canary 10 → 30";

  async function overtaken() {
    const { clone, bare } = remote();
    const [root, other] = [clone("a"), clone("b")];
    await slipway(other, "weight", "backend", "--env", "dev", "canary=20", "--push");
    return { root, bare };
  }

  test("what is edited meanwhile stays", async () => {
    const { root, bare } = await overtaken();
    hook(root, "pre-push", "grep -q mine .gitignore || echo mine >> .gitignore");
    const { stderr, stdout } = await slipway(root, "weight", ...change);
    expect(stderr).toBe("");
    expect(stdout).toContain("the change is made again on top of it");
    expect(subjects(bare, "main").slice(0, 2)).toEqual([ours, others]);
    expect(git(root, "status", "--porcelain")).toBe("M .gitignore");
  });

  test("an edit of the same file is in the way, and neither is lost", async () => {
    const { root, bare } = await overtaken();
    hook(root, "pre-push", "echo '# mine' >> envs/dev.yaml");
    const { stderr } = await slipway(root, "weight", ...change);
    expect(stderr).toMatch(
      /^what was edited here meanwhile is in the way \(.*envs\/dev\.yaml.*\); the change stays here as \w{8}, and is not pushed$/m,
    );
    expect(subjects(bare, "main")[0]).toBe(others);
    expect(subjects(root)[0]).toBe(ours);
    expect(git(root, "status", "--porcelain")).toBe("M envs/dev.yaml");
  });

  test.each([
    ["a hook refuses it", "echo 'error: slow down' >&2"],
    ["the command is killed", killSlipway],
  ])("%s: the first commit stays", async (what, fault) => {
    const { root, bare } = await overtaken();
    hook(root, "pre-commit", `[ $(git rev-list --count HEAD) = 1 ] || { ${fault}; exit 1; }`);
    const { stderr, status } = await slipway(root, "weight", ...change);
    expect(status).not.toBe(0);
    if (what.includes("hook"))
      expect(stderr).toMatch(/^Git refused the commit: slow down; the change stays here as \w{8}, and is not pushed$/m);
    const next = await slipway(root, "weight", ...change);
    if (what.includes("killed")) expect(next.stdout).toMatch(/undone: its commit \w{8} is on the branch again/);
    expect(next.stderr).toMatch(
      /^origin\/main has moved, and has not got what is committed here:\n {2}\w+ weight\(dev\): ml/,
    );
    expect(subjects(root)).toEqual([ours, "feat: the platform"]);
    expect(git(root, "status", "--porcelain")).toBe("");
    expect(isFresh(root)).toBe(true);
    expect(subjects(bare, "main")[0]).toBe(others);
  });
});

test("a post-commit hook that does not come to an end does not undo the commit", async () => {
  const root = remote().clone("a");
  hook(root, "post-commit", "sleep 1000");
  const { stdout, stderr } = await slipwayWith(
    { SLIPWAY_TIMEOUT: "2" },
    root,
    "weight",
    "ml",
    "--env",
    "dev",
    "canary=1",
  );
  expect(stderr).toBe("");
  expect(stdout).toContain(`committed ${git(root, "rev-parse", "HEAD").slice(0, 8)} on main`);
  expect(git(root, "status", "--porcelain", "--branch")).toBe("## main...origin/main [ahead 1]");
});

test("from one cluster to another, a release comes from the last environment", async () => {
  const root = remote().clone("a");
  const file = (name: string) => join(root, "clusters", name);
  const local = readFileSync(file("local.yaml"), "utf8");
  const [hosted = ""] = /^environments:.*$/m.exec(local) ?? [];
  writeFileSync(
    file("test.yaml"),
    local
      .replace("name: local", "name: test")
      .replace("pages: [prod]", "pages: [staging]")
      .replace(hosted, "environments: [dev, staging]"),
  );
  writeFileSync(file("live.yaml"), local.replace("name: local", "name: live").replace(hosted, "environments: [prod]"));
  rmSync(file("local.yaml"));
  for (const [name, cluster] of [
    ["dev", "test"],
    ["staging", "test"],
    ["prod", "live"],
  ]) {
    const input = join(root, `envs/${name}.yaml`);
    writeFileSync(input, readFileSync(input, "utf8").replace("cluster: local", `cluster: ${cluster}`));
  }
  expect((await slipway(root, "render")).stderr).toBe("");
  git(root, "add", "--all");
  git(root, "commit", "--quiet", "--message", "feat: two clusters");
  await slipway(root, "release", "ml", "--env", "dev", "--tag", "7.0.0", "--push");
  const early = await slipway(root, "promote", "ml", "--from", "dev", "--to", "prod");
  expect(early.stderr).toMatch(/^ml 7\.0\.0 was never in staging; promote it to staging first/);
  expect((await slipway(root, "promote", "ml", "--from", "dev", "--to", "staging", "--push")).stderr).toBe("");
  const late = await slipway(root, "promote", "ml", "--from", "staging", "--to", "prod");
  expect(late.stdout).toContain("ml 7.0.0 came to staging with");
});

test("a dry run undoes nothing", async () => {
  const root = remote().clone("a");
  hook(root, "pre-commit", `${killSlipway}; exit 1`);
  await slipway(root, "weight", "ml", "--env", "dev", "canary=1");
  const left = git(root, "status", "--porcelain");
  expect(left).not.toBe("");
  const dry = await slipway(root, "weight", "ml", "--env", "dev", "canary=1", "--dry-run");
  expect(dry.stderr).toMatch(
    /^weight\(dev\): ml canary 10 → 1 was interrupted here; the next command without --dry-run/,
  );
  expect(git(root, "status", "--porcelain")).toBe(left);
});

test("two commands at once in one clone take turns, and a render waits for both", async () => {
  const { clone, bare } = remote();
  const root = clone("a");
  hook(root, "pre-commit", "sleep 1");
  const results = await Promise.all([
    ...["ml", "backend"].map((name) => slipway(root, "weight", name, "--env", "dev", "canary=1", "--push")),
    slipway(root, "render"),
  ]);
  expect(results.map(({ status }) => status)).toEqual([0, 0, 0]);
  expect(results.map(({ stderr }) => stderr).join("")).toMatch(
    /^waiting for npm run \w+ \(process \d+\), at most 60 s$/m,
  );
  expect(subjects(bare, "main")).toHaveLength(3);
  expect(git(root, "status", "--porcelain", "--branch")).toBe("## main...origin/main");
  expect(isFresh(root)).toBe(true);
});
