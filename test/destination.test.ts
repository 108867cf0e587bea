/** Where a push goes: where a plain `git push` takes it, which is asked in each case. */
import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { destinationOf, upstreamOf } from "../scripts/lib/destination.ts";
import { openGit } from "../scripts/lib/git.ts";
import { environment, git, prepareTemplate, remote, slipway, subjects } from "./clones.ts";
import { temporaryFolder } from "./support.ts";

prepareTemplate();

beforeAll(() => {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
});

/** A clone with a commit that its remotes `origin` and `fork` lack, on `main` or `topic`, which both follow origin's main. */
function clone(branch: string, ...commands: readonly string[]): string {
  const folder = temporaryFolder();
  const root = join(folder, "clone");
  const own = (...args: string[]) => git(root, ...args);
  for (const name of ["origin.git", "fork.git"])
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", name);
  git(folder, "init", "--quiet", "--initial-branch=main", "clone");
  own("commit", "--quiet", "--allow-empty", "--message", "first");
  for (const name of ["origin", "fork"]) {
    own("remote", "add", name, join(folder, `${name}.git`));
    own("push", "--quiet", name, "main");
  }
  own("branch", "--quiet", "--set-upstream-to=origin/main");
  if (branch !== "main") own("switch", "--quiet", "--create", branch, "--track", "origin/main");
  own("commit", "--quiet", "--allow-empty", "--message", "second");
  for (const command of commands) own(...command.split(" "));
  return root;
}

/** What `git push` would push, `fork/main`; none where it refuses. */
function gitPush(root: string, branch: string): string | undefined {
  const { stdout, status } = spawnSync("git", ["push", "--dry-run", "--porcelain"], {
    cwd: root,
    env: environment,
    encoding: "utf8",
  });
  const [, name] = /^To .*\/(\w+)\.git$/m.exec(stdout) ?? [];
  const [, target] = new RegExp(`(?:refs/heads/${branch}|HEAD):refs/heads/(\\S+)\t`).exec(stdout) ?? [];
  return status === 0 ? `${name}/${target}` : undefined;
}

test.each<[string, string, string[], string | RegExp]>([
  ["nothing is set", "main", [], "origin/main"],
  ["remote.pushDefault", "main", ["config remote.pushDefault fork"], "fork/main"],
  ["branch.<name>.pushRemote", "main", ["config branch.main.pushRemote fork"], "fork/main"],
  [
    "pushRemote is stronger than pushDefault",
    "main",
    ["config branch.main.pushRemote origin", "config remote.pushDefault fork"],
    "origin/main",
  ],
  ["to a fork under its own name", "topic", ["config remote.pushDefault fork"], "fork/topic"],
  ["push.default=current", "topic", ["config push.default current"], "origin/topic"],
  ["push.default=upstream", "topic", ["config push.default upstream"], "origin/main"],
  ["push.default=matching", "main", ["config push.default matching"], "origin/main"],
  ["push.default=nothing", "main", ["config push.default nothing"], /^push\.default is nothing/],
  ["push.default=simple and another name", "topic", [], /^git push refuses, because topic follows origin\/main/],
  [
    "push.default=upstream and a fork",
    "main",
    ["config push.default upstream", "config remote.pushDefault fork"],
    /^push\.default is upstream, but main follows origin\/main and is pushed to fork/,
  ],
  [
    "a refspec with a pattern",
    "topic",
    ["config remote.origin.push refs/heads/*:refs/heads/ann/*"],
    "origin/ann/topic",
  ],
  ["a refspec of HEAD", "topic", ["config remote.origin.push HEAD:refs/heads/review"], "origin/review"],
  [
    "a refspec of another branch",
    "topic",
    ["config remote.origin.push refs/heads/main:refs/heads/x", "branch --quiet --delete --force main"],
    /^remote\.origin\.push does not push topic/,
  ],
  [
    "a branch that follows another one here",
    "topic",
    ["branch --quiet --set-upstream-to=main"],
    /^topic follows main of this clone, so git push stays here/,
  ],
  [
    "a remote of another name, the only one",
    "main",
    ["remote remove fork", "remote rename origin local"],
    "origin/main",
  ],
])("%s", async (_what, branch, commands, expected) => {
  const root = clone(branch, ...commands);
  const { remote: name, branch: target, why } = await destinationOf(openGit(root), branch);
  const pushed = gitPush(root, branch);
  if (typeof expected === "string") {
    const url = git(root, "remote", "get-url", "--push", name ?? "");
    expect(`${/(\w+)\.git$/.exec(url)?.[1]}/${target}`).toBe(expected);
    expect(pushed).toBe(expected);
  } else {
    expect(why).toMatch(expected);
    expect(pushed).toBeUndefined();
  }
});

describe("what git push would not do for a command", () => {
  test.each<[string, string[], RegExp]>([
    [
      "Gerrit",
      ["config remote.origin.push HEAD:refs/for/main"],
      /takes main to refs\/for\/main of origin, which is no branch/,
    ],
    [
      "a URL in the place of a remote",
      ["config remote.pushDefault https://ann:s3cret@git.example.com/x"],
      /to https:\/\/git\.example\.com\/x, which has no name here/,
    ],
    [
      "several remotes, and none is chosen",
      ["branch --quiet --unset-upstream", "remote rename origin one"],
      /^which of fork, one to push to is not known; git config remote\.pushDefault NAME/,
    ],
    ["no remote", ["remote remove origin", "remote remove fork"], /^there is no remote to push to/],
  ])("%s", async (_what, commands, message) => {
    expect((await destinationOf(openGit(clone("main", ...commands)), "main")).why).toMatch(message);
  });
});

test.each<[string, string, string[], string]>([
  ["its upstream", "topic", ["config remote.pushDefault fork"], "origin/main"],
  [
    "the upstream of the branch here that it follows",
    "topic",
    ["branch --quiet --set-upstream-to=main"],
    "origin/main",
  ],
  ["none: the one of its name", "topic", ["branch --quiet --unset-upstream"], "origin/topic"],
])("a pull request goes to %s", async (_what, branch, commands, expected) => {
  const upstream = await upstreamOf(openGit(clone(branch, ...commands)), branch);
  expect(`${upstream?.remote}/${upstream?.branch}`).toBe(expected);
});

describe("from a fork", () => {
  function forked() {
    const { bare, clone, folder } = remote();
    const root = clone("a");
    const fork = join(folder, "fork.git");
    execFileSync("git", ["clone", "--quiet", "--bare", bare, fork], { env: environment });
    git(root, "remote", "add", "fork", fork);
    git(root, "config", "remote.pushDefault", "fork");
    return { root, bare, fork };
  }

  test("a race is settled on the fork, and the branch that is followed stays", async () => {
    const { root, bare, fork } = forked();
    const other = join(fork, "../other");
    git(join(fork, ".."), "clone", "--quiet", fork, "other");
    appendFileSync(join(other, "envs/dev.yaml"), "# theirs\n");
    git(other, "commit", "--quiet", "--all", "--message", "chore: theirs");
    git(other, "push", "--quiet");
    const raced = await slipway(root, "weight", "ml", "--env", "dev", "canary=30", "--push");
    expect(raced.stderr).toBe("");
    expect(raced.stdout).toMatch(/^fork\/main has moved to/m);
    expect(raced.stdout).toMatch(/^pushed \w+ to fork\/main$/m);
    expect(subjects(fork, "main").slice(0, 2)).toEqual(["weight(dev): ml canary 10 → 30", "chore: theirs"]);
    expect(subjects(bare, "main")).toHaveLength(1);
  });

  test("where git push refuses, so does the command, and nothing is changed", async () => {
    const { root } = forked();
    git(root, "config", "push.default", "nothing");
    const { stderr, status } = await slipway(root, "weight", "ml", "--env", "dev", "canary=30", "--push");
    expect(stderr).toMatch(/^push\.default is nothing, so git push takes main nowhere/);
    expect(status).toBe(1);
    expect(git(root, "status", "--porcelain", "--branch")).toBe("## main...origin/main");
  });
});
