/** Pull requests: on servers that keep to what the documentation of each forge says of these endpoints. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { environment, git, prepareTemplate, remote, slipwayWith, subjects } from "../clones.ts";
import { type Fake, forges, start } from "../forges.ts";
import { repository, temporaryFolder } from "../support.ts";

prepareTemplate();

describe.each(Object.entries(forges))("%s", (_name, fake) => {
  test("a pull request is opened, brought up to date, and left alone", async () => {
    const { root, bare, pulls, calls, weight, origin, variables } = await start(fake);
    const first = await weight(20);
    expect(first, first.stderr).toMatchObject({ status: 0, stderr: "" });
    expect(first.stdout.trimEnd().split("\n").at(-1)).toBe(`pull request opened: ${origin}${fake.page(1)}`);
    expect(pulls).toMatchObject([
      { branch: "slipway/weight-prod-ml", base: "main", title: "weight(prod): ml canary 10 → 20" },
    ]);
    expect(pulls[0]?.body).toContain("`spec.http[default].route.weight (stable/canary)`: `90/10 → 80/20`");

    const same = git(bare, "rev-parse", "slipway/weight-prod-ml");
    expect((await weight(20)).stdout).toContain(`pull request updated: ${origin}${fake.page(1)}`);
    expect(git(bare, "rev-parse", "slipway/weight-prod-ml")).toBe(same);

    const { stdout } = await weight(30, variables, "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      branch: "slipway/weight-prod-ml",
      pushed: true,
      commit: git(bare, "rev-parse", "slipway/weight-prod-ml"),
      pullRequest: { state: "updated", url: `${origin}${fake.page(1)}` },
    });
    expect(pulls).toMatchObject([{ title: "weight(prod): ml canary 10 → 30" }]);
    expect(calls).toEqual(["GET", "POST", "GET", `${fake.update} 1`, "GET", `${fake.update} 1`]);
    expect(git(bare, "rev-list", "--count", "main..slipway/weight-prod-ml")).toBe("1");
    expect(git(root, "status", "--porcelain", "--branch")).toBe("## main...origin/main");
  });
});

const [gitea, enterprise] = [forges["Gitea, below a path"], forges["GitHub Enterprise"]] as [Fake, Fake];

test("a forge of this machine, as the Git server of a local cluster", async () => {
  const { pulls, weight } = await start(gitea, "git.localhost");
  expect(await weight(20)).toMatchObject({ status: 0, stderr: "" });
  expect(pulls).toHaveLength(1);
});

test("a forge that is silent is given up", async () => {
  const { bare, desk, weight, variables } = await start(enterprise);
  desk.failure.status = -1;
  const { stderr } = await weight(20, { ...variables, SLIPWAY_TIMEOUT: "8" });
  expect(stderr).toMatch(/gave no pull request: no answer for 8 s \(SLIPWAY_TIMEOUT\); open it at http\S+\n$/);
  expect(subjects(bare, "slipway/weight-prod-ml")[0]).toBe("weight(prod): ml canary 10 → 20");
});

test("what a policy demands is part of the commit and of the pull request, and may come later", async () => {
  const { bare, pulls, weight, variables } = await start(enterprise);
  await weight(20);
  const more = ["--message", "Less load on stable.", "--trailer", "Ticket: ABC-1", "--trailer", "Cc: Bob"];
  expect((await weight(20, variables, ...more)).stderr).toBe("");
  expect(git(bare, "log", "-1", "--format=%B", "slipway/weight-prod-ml")).toBe(
    "weight(prod): ml canary 10 → 20\n\nLess load on stable.\n\nTicket: ABC-1\nCc: Bob",
  );
  expect(git(bare, "log", "-1", "--format=%(trailers:key=Ticket,valueonly)", "slipway/weight-prod-ml")).toBe("ABC-1");
  expect(pulls[0]?.body).toMatch(/^Less load on stable\.\n\nTicket: ABC-1\nCc: Bob\n\n### Rendered changes/);
});

describe("without a token", () => {
  test("the address and the text are printed; a token that the server was not named for is none", async () => {
    const { calls, weight, origin } = await start(gitea);
    const { status, stdout } = await weight(20, { GITEA_TOKEN: "s3cret" });
    expect(status).toBe(0);
    expect(stdout).toContain(
      `pull request to be opened: ${origin}/git/team/platform (which forge ${new URL(origin).host} is, GH_HOST, GITLAB_HOST, GITEA_INSTANCE_URL or BITBUCKET_HOST tells)`,
    );
    expect(stdout).toContain("### Rendered changes: <code>origin/main</code>");
    expect(calls).toEqual([]);
  });

  test("a remote without pages", async () => {
    const root = remote().clone("a");
    const { status, stdout } = await slipwayWith({}, root, "weight", "ml", "--env", "prod", "canary=20", "--pr");
    expect(status).toBe(0);
    expect(stdout).toContain("pull request to be opened (the remote is no forge)");
  });

  test.each([
    ["gh", enterprise, "auth token --hostname"],
    ["glab", forges["GitLab, in a subgroup"] as Fake, "config get token --host"],
  ])("the one that %s is logged in with is used, and never another host's", async (program, fake, call) => {
    const { pulls, weight, origin } = await start({ ...fake, authorization: "Bearer of-login" });
    const folder = temporaryFolder();
    // Both programs give the token of the environment for whatever host they are asked for.
    const script = `#!/bin/sh
token=$GH_ENTERPRISE_TOKEN$GITLAB_TOKEN
[ "$*" = "${call} ${new URL(origin).host}" ] && echo \${token:-of-login}`;
    writeFileSync(join(folder, program), script);
    chmodSync(join(folder, program), 0o755);
    const variables = { GH_ENTERPRISE_TOKEN: "other", GITLAB_TOKEN: "other", PATH: `${folder}:${environment.PATH}` };
    expect(await weight(20, variables)).toMatchObject({ status: 0, stderr: "" });
    expect(pulls).toHaveLength(1);
  });
});

describe("branches", () => {
  const weight = (root: string, value: number, ...more: string[]) =>
    slipwayWith({}, root, "weight", "ml", "--env", "prod", `canary=${value}`, ...more);

  test("one of somebody else, or with another change, is not touched", async () => {
    const { bare, clone } = remote();
    const [mine, theirs] = [clone("mine"), clone("theirs")];
    const bob = { GIT_COMMITTER_NAME: "Bob", GIT_COMMITTER_EMAIL: "bob@example.com" };
    await slipwayWith(bob, theirs, "weight", "ml", "--env", "prod", "canary=90");
    git(theirs, "push", "--quiet", "origin", "HEAD:slipway/weight-prod-ml", "HEAD:taken");
    const before = git(bare, "for-each-ref");
    for (const more of [["--pr"], ["--branch", "taken"]]) {
      const { status, stderr } = await weight(mine, 20, ...more);
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /^origin\/\S+ has a commit of Bob \(weight\(prod\): ml canary 10 → 90\); choose another name/,
      );
    }
    expect(git(bare, "for-each-ref")).toBe(before);
    expect((await weight(mine, 20, "--branch", "another")).status).toBe(0);
    const other = await slipwayWith({}, mine, "weight", "ml", "--env", "dev", "canary=20", "--branch", "another");
    expect(other.stderr).toContain("the branch another here has a commit of t (weight(prod): ml canary 10 → 20)");
    expect(git(mine, "status", "--porcelain", "--branch")).toBe("## main...origin/main");
  });

  test("killed at any moment of it: the next command finds its way back", async () => {
    const { bare, clone } = remote();
    const root = clone("a");
    const start = performance.now();
    await weight(root, 20, "--branch", "first");
    const span = performance.now() - start;
    for (const [round, part] of [0.4, 0.6, 0.7, 0.8, 0.9].entries()) {
      const call = ["scripts/run.js", "weight", "ml", "--env", "prod", `canary=${30 + round}`, "--pr", "--root", root];
      const child = spawn(process.execPath, call, { cwd: repository, env: environment, stdio: "ignore" });
      const gone = once(child, "exit");
      await new Promise((resolve) => setTimeout(resolve, span * part));
      child.kill("SIGKILL");
      await gone;
      const limit = Date.now() + 10_000;
      while (existsSync(join(root, ".git/index.lock")) && Date.now() < limit)
        await new Promise((resolve) => setTimeout(resolve, 20));
      await new Promise((resolve) => setTimeout(resolve, 200));
      const next = await weight(root, 30 + round, "--pr");
      expect(next, next.stderr).toMatchObject({ status: 0, stderr: "" });
      expect(git(root, "status", "--porcelain", "--branch")).toBe("## main...origin/main");
      expect(subjects(bare, "main..slipway/weight-prod-ml")).toEqual([`weight(prod): ml canary 10 → ${30 + round}`]);
    }
  });

  test("a stale clone: the change starts from where the remote is, and this branch stays", async () => {
    const { bare, clone } = remote();
    const [a, b] = [clone("a"), clone("b")];
    await weight(b, 50, "--push");
    const head = git(a, "rev-parse", "HEAD");
    const result = await weight(a, 100, "--pr");
    expect(result.stdout).toContain("weight(prod): ml canary 50 → 100");
    expect(git(bare, "rev-parse", "slipway/weight-prod-ml^")).toBe(git(bare, "rev-parse", "main"));
    expect(git(a, "rev-parse", "HEAD")).toBe(head);
    expect(git(a, "branch", "--show-current")).toBe("main");
  });

  test.each([
    ["main", /^--branch main is where the change is to be merged into/],
    ["a..b", /^--branch a\.\.b: Git does not take this name/],
  ])("--branch %s", async (name, message) => {
    const root = remote().clone("a");
    const { status, stderr } = await weight(root, 20, "--branch", name);
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
    expect(git(root, "status", "--porcelain", "--branch")).toBe("## main...origin/main");
  });
});
