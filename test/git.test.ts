/** The commands that make commits, against real Git: clones of a bare remote. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { environment, git, isFresh, prepareTemplate, remote, slipway, slipwayWith, subjects } from "./clones.ts";
import { repository } from "./support.ts";

prepareTemplate();

describe("a day with the platform", () => {
  test("a rollback of a release is made once, also where its push is made up for", async () => {
    const root = remote().clone("a");
    await slipway(root, "release", "backend", "--env", "prod", "--tag", "6.16.0", "--push");
    const rollback = ["backend", "--env", "prod", "--release"];
    expect((await slipway(root, "rollback", ...rollback)).stdout).toContain("canary (6.15.0) keeps 10 %");
    const [undone] = subjects(root);
    expect(undone).toBe("rollback(prod): backend 6.16.0 → 6.14.0");
    const pushed = await slipway(root, "rollback", ...rollback, "--push");
    expect(pushed.stdout).toMatch(/pushed \w+, which was committed before/);
    const again = await slipway(root, "rollback", ...rollback, "--push");
    expect(again.stdout).toMatch(/nothing to do: .*backend was rolled back by \w+ of .* \(rollback\(prod\): backend 6/);
    expect(subjects(root)[0]).toBe(undone);
    expect(git(root, "status", "--porcelain", "--branch")).toBe("## main...origin/main");
  });

  test("what was not pushed yet is named before it goes along", async () => {
    const root = remote().clone("a");
    await slipway(root, "weight", "ml", "--env", "prod", "canary=20");
    const { stdout } = await slipway(root, "weight", "ml", "--env", "dev", "canary=40", "--push", "--dry-run");
    expect(stdout).toMatch(/goes along, because it was not pushed yet: \w+ weight\(prod\): ml canary 10 → 20/);
  });

  test("a promotion takes what the cluster has been given: a pushed release; a finish, a canary with traffic", async () => {
    const root = remote().clone("a");
    await slipway(root, "release", "backend", "--env", "staging", "--tag", "7.0.0");
    const promotion = ["backend", "--from", "staging", "--to", "prod", "--as", "canary", "--weight", "0"];
    const early = await slipway(root, "promote", ...promotion);
    expect(early.stderr).toMatch(
      /^backend 7\.0\.0 came to staging with \w+, which is not in origin\/main yet; push it first/,
    );
    git(root, "push", "--quiet");
    expect((await slipway(root, "promote", ...promotion)).status).toBe(0);
    const untried = await slipway(root, "promote", "backend", "--to", "prod", "--finish");
    expect(untried.stderr).toMatch(
      /^canary of backend has no traffic in prod; npm run weight -- backend --env prod canary=10/,
    );
    const finished = await slipway(root, "promote", "backend", "--to", "prod", "--finish", "--force");
    expect(finished.stdout).toContain("press Sync on prod-backend first, and on prod-routes when it is Healthy");
    expect(git(root, "log", "-1", "--format=%b")).toBe("Forced: canary of backend has no traffic in prod");
  });

  test("an option that npm has kept for itself is missed", () => {
    const { status, stderr } = spawnSync("npm", ["run", "weight", "backend", "--env=prod", "canary=20"], {
      cwd: repository,
      encoding: "utf8",
    });
    expect(stderr).toContain("npm has kept --env for itself; -- comes before the options");
    expect(status).toBe(1);
  });

  test("weight, release, promote, finish, roll back: one commit each, in a fixed form, with exactly its files", {
    timeout: 60_000,
  }, async () => {
    const { clone, bare } = remote();
    const root = clone("a");
    const steps: [string[], string, string[]][] = [
      [
        ["weight", "backend", "--env", "prod", "canary=50", "--push"],
        "weight(prod): backend canary 10 → 50",
        [
          "envs/prod.yaml",
          "envs/prod/routes/prometheus-rule-backend.routes.yaml",
          "envs/prod/routes/virtual-service-backend.yaml",
        ],
      ],
      [
        ["release", "backend", "--env", "dev", "--tag", "6.16.0", "--push"],
        "release(dev): backend 6.15.0 → 6.16.0",
        ["envs/dev.yaml", "envs/dev/backend/deployment-backend-stable.yaml"],
      ],
      [
        ["promote", "backend", "--from", "dev", "--to", "staging", "--push"],
        "promote(staging): backend 6.14.0 → 6.16.0",
        ["envs/staging.yaml", "envs/staging/backend/deployment-backend-stable.yaml"],
      ],
      [
        ["promote", "backend", "--from", "staging", "--to", "prod", "--as", "canary", "--weight", "10"],
        "promote(prod): backend 6.15.0 → 6.16.0 as canary at 10 %",
        [
          "envs/prod.yaml",
          "envs/prod/backend/deployment-backend-canary.yaml",
          "envs/prod/routes/prometheus-rule-backend.routes.yaml",
          "envs/prod/routes/virtual-service-backend.yaml",
        ],
      ],
      [
        ["promote", "backend", "--to", "prod", "--finish"],
        "promote(prod): backend 6.14.0 → 6.16.0, finished",
        [
          "envs/prod.yaml",
          "envs/prod/backend/deployment-backend-stable.yaml",
          "envs/prod/routes/prometheus-rule-backend.routes.yaml",
          "envs/prod/routes/virtual-service-backend.yaml",
        ],
      ],
      [
        ["rollback", "backend", "--env", "prod", "--release"],
        "rollback(prod): backend 6.16.0 → 6.14.0",
        ["envs/prod.yaml", "envs/prod/backend/deployment-backend-stable.yaml"],
      ],
      [
        ["rollback", "frontend", "ml", "--env", "prod", "--push"],
        "rollback(prod): frontend canary 10 → 0, ml canary 10 → 0",
        [
          "envs/prod.yaml",
          "envs/prod/routes/prometheus-rule-frontend.routes.yaml",
          "envs/prod/routes/prometheus-rule-ml.routes.yaml",
          "envs/prod/routes/virtual-service-frontend.yaml",
          "envs/prod/routes/virtual-service-ml.yaml",
          "envs/prod/routes/virtual-service-prod-3rvision-localhost.yaml",
        ],
      ],
    ];
    for (const [[command = "", ...args], subject, files] of steps) {
      const result = await slipway(root, command, ...args);
      expect(result, `${command} ${args.join(" ")}`).toMatchObject({ status: 0, stderr: "" });
      expect(subjects(root)[0]).toBe(subject);
      expect(git(root, "show", "--format=", "--name-only", "HEAD").split("\n").sort()).toEqual(files);
      expect(git(root, "status", "--porcelain")).toBe("");
      expect(isFresh(root)).toBe(true);
    }
    expect(git(bare, "rev-parse", "main")).toBe(git(root, "rev-parse", "HEAD"));
    expect(git(root, "diff", "HEAD~7", "--", "envs/prod.yaml")).not.toMatch(/^[-+]\s*#/m);
  });

  test("--dry-run shows everything and changes nothing; --json says what it did", async () => {
    const root = remote().clone("a");
    const before = git(root, "rev-parse", "HEAD");
    const dry = await slipway(root, "weight", "backend", "--env", "prod", "canary=20", "--dry-run");
    expect(dry.stdout).toContain("spec.http[default].route.weight (stable/canary)  90/10 → 80/20");
    expect(git(root, "status", "--porcelain")).toBe("");
    const { stdout } = await slipway(root, "weight", "backend", "--env", "prod", "canary=20", "--json");
    const outcome = JSON.parse(stdout);
    expect(outcome).toMatchObject({ subject: "weight(prod): backend canary 10 → 20", pushed: false, branch: "main" });
    expect(git(root, "rev-parse", "HEAD^")).toBe(before);
    expect(outcome.commit).toBe(git(root, "rev-parse", "HEAD"));
  });

  test("--branch leaves the current branch as it was and pushes another", async () => {
    const { clone, bare } = remote();
    const root = clone("a");
    const before = git(root, "rev-parse", "HEAD");
    expect((await slipway(root, "weight", "ml", "--env", "dev", "canary=40", "--branch", "ml-40")).status).toBe(0);
    expect(git(root, "rev-parse", "HEAD")).toBe(before);
    expect(git(root, "branch", "--show-current")).toBe("main");
    expect(subjects(bare, "ml-40")[0]).toBe("weight(dev): ml canary 10 → 40");
  });
});

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
