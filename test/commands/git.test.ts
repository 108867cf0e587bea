/** The commands that make commits, against real Git: clones of a bare remote. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { git, isFresh, prepareTemplate, remote, slipway, subjects } from "../clones.ts";
import { repository } from "../support.ts";

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
    git(root, "commit", "--quiet", "--allow-empty", "--message", "wip: mine");
    const rest = await slipway(root, "weight", "ml", "backend", "--env", "prod", "canary=20", "--push");
    expect(rest.stdout).toMatch(/goes along, because it was not pushed yet: \w+ wip: mine/);
    expect(subjects(root)[0]).toBe("weight(prod): backend canary 10 → 20");
    git(root, "commit", "--quiet", "--allow-empty", "--message", "wip: more");
    const nothing = await slipway(root, "weight", "ml", "--env", "prod", "canary=20", "--push");
    expect(nothing.stdout).toMatch(/was not pushed yet: \w+ wip: more\npushed \w+, which was committed before/);
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

  test("a promotion asks the remote of the cluster, and knows a release by its digest too", async () => {
    const { clone, bare } = remote();
    const root = clone("a");
    // What bootstrap does for a Git server on the cluster.
    git(root, "remote", "rename", "origin", "local");
    git(root, "remote", "add", "origin", bare);
    git(root, "fetch", "--quiet", "origin");
    git(root, "branch", "--quiet", "--set-upstream-to=origin/main");
    const [one, other] = ["1", "2"].map((digit) => `sha256:${digit.repeat(64)}`);
    for (const digest of [one, other])
      await slipway(root, "release", "backend", "--env", "dev", "--tag", "7.0.0", "--digest", digest ?? "");
    const promotion = ["backend", "--from", "dev", "--to", "staging"];
    const early = await slipway(root, "promote", ...promotion);
    expect(early.stderr).toMatch(/^backend 7\.0\.0 came to dev with \w+, which is not in local\/main yet/);
    git(root, "push", "--quiet", "local", "main");
    const promoted = await slipway(root, "promote", ...promotion);
    expect(promoted.stderr).toBe("");
    expect(promoted.stdout).toContain("backend 7.0.0 came to dev with");
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
