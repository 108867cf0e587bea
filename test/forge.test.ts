/** Pull requests: on a server that keeps to what the documentation of each forge says of these endpoints. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { parseRemote } from "../scripts/lib/forge.ts";
import { environment, git, prepareTemplate, remote, serveGit, slipwayWith, subjects } from "./clones.ts";
import { repository, temporaryFolder } from "./support.ts";

prepareTemplate();

interface Stored {
  readonly branch: string;
  readonly base: string;
  title: string;
  body: string;
}

interface Fake {
  /** Where the repository is below the server's address. */
  readonly path: string;
  readonly token: Readonly<Record<string, string>>;
  readonly authorization: string;
  /** Path of the collection of pull requests. */
  readonly collection: string;
  /** Whether a list was asked for in the form that the documentation gives. */
  readonly search: Readonly<Record<string, string>>;
  readonly created: number;
  readonly limit: number;
  readonly parse: (body: any) => Partial<Stored>;
  readonly show: (pull: Stored, id: number, origin: string) => object;
  readonly list: (pulls: object[]) => object;
  readonly page: (id: number) => string;
}

const short = (ref = "") => ref.replace("refs/heads/", "");
const likeGithub = {
  created: 201,
  limit: 65_536,
  parse: ({ head, base, title, body }: any) => ({ branch: head, base, title, body }),
  list: (pulls: object[]) => pulls,
};

const forges: Readonly<Record<string, Fake>> = {
  // https://docs.github.com/en/enterprise-server/rest/pulls/pulls
  "GitHub Enterprise": {
    ...likeGithub,
    path: "team/platform.git",
    token: { GH_ENTERPRISE_TOKEN: "s3cret" },
    authorization: "Bearer s3cret",
    collection: "/api/v3/repos/team/platform/pulls",
    search: { state: "open", head: "team:slipway/weight-prod-ml", base: "main" },
    page: (id) => `/team/platform/pull/${id}`,
    show: ({ branch, base, title, body }, number, origin) => ({
      number,
      html_url: `${origin}/team/platform/pull/${number}`,
      title,
      body,
      state: "open",
      head: { ref: branch, label: `team:${branch}` },
      base: { ref: base, label: `team:${base}` },
    }),
  },
  // https://docs.gitea.com/api/1.26/#tag/repository/operation/repoCreatePullRequest
  "Gitea, below a path": {
    ...likeGithub,
    path: "git/team/platform.git",
    token: { GITEA_TOKEN: "s3cret" },
    authorization: "token s3cret",
    collection: "/git/api/v1/repos/team/platform/pulls",
    search: { state: "open", base_branch: "main" },
    page: (id) => `/git/team/platform/pulls/${id}`,
    show: ({ branch, base, title, body }, number, origin) => ({
      number,
      html_url: `${origin}/git/team/platform/pulls/${number}`,
      title,
      body,
      state: "open",
      head: { ref: branch, label: branch, repo_id: 1 },
      base: { ref: base, label: base, repo_id: 1 },
    }),
  },
  // https://learn.microsoft.com/en-us/rest/api/azure/devops/git/pull-requests/create
  "Azure DevOps": {
    path: "org/Our Project/_git/platform",
    token: { AZURE_DEVOPS_EXT_PAT: "s3cret" },
    authorization: `Basic ${Buffer.from(":s3cret").toString("base64")}`,
    collection: "/org/Our%20Project/_apis/git/repositories/platform/pullrequests",
    search: {
      "api-version": "7.0",
      "searchCriteria.status": "active",
      "searchCriteria.sourceRefName": "refs/heads/slipway/weight-prod-ml",
      "searchCriteria.targetRefName": "refs/heads/main",
    },
    created: 201,
    limit: 4_000,
    parse: ({ sourceRefName, targetRefName, title, description }) => ({
      branch: short(sourceRefName),
      base: short(targetRefName),
      title,
      body: description,
    }),
    list: (value) => ({ value, count: value.length }),
    page: (id) => `/org/Our%20Project/_git/platform/pullrequest/${id}`,
    show: ({ branch, base, title, body }, pullRequestId) => ({
      pullRequestId,
      status: "active",
      title,
      description: body,
      sourceRefName: `refs/heads/${branch}`,
      targetRefName: `refs/heads/${base}`,
    }),
  },
};

/** A forge with one repository, and its pull requests. */
async function start(fake: Fake, host = "127.0.0.1") {
  const { folder, bare, clone } = remote(fake.path);
  const pulls: Stored[] = [];
  const calls: string[] = [];
  const failure = { status: 0 };
  const answer = async (request: IncomingMessage, url: URL): Promise<[number, object?]> => {
    const id = url.pathname.slice(fake.collection.length + 1);
    calls.push(`${request.method} ${id}`.trim());
    expect(request.headers.host).toBe(new URL(origin.replace("127.0.0.1", host)).host);
    if (failure.status) return [failure.status, { message: "no luck" }];
    if (request.headers.authorization !== fake.authorization) return [401, { message: "Bad credentials" }];
    if (request.method === "GET") {
      expect(Object.fromEntries(url.searchParams)).toMatchObject(fake.search);
      return [200, fake.list(pulls.map((pull, index) => fake.show(pull, index + 1, origin)))];
    }
    const sent = fake.parse(await json(request));
    if ((sent.body ?? "").length > fake.limit) return [400, { message: "the description is too long" }];
    if (request.method === "POST") {
      expect(git(bare, "rev-parse", "--verify", `refs/heads/${sent.branch}`)).toBeTruthy();
      pulls.push(sent as Stored);
      return [fake.created, fake.show(sent as Stored, pulls.length, origin)];
    }
    expect(request.method).toBe("PATCH");
    const pull = pulls[Number(id) - 1];
    if (!pull) return [404, { message: "Not Found" }];
    pull.title = sent.title ?? "";
    pull.body = sent.body ?? "";
    return [200, fake.show(pull, Number(id), origin)];
  };
  const origin: string = await serveGit(folder, async (request, response) => {
    const url = new URL(request.url ?? "", "http://localhost");
    if (!url.pathname.startsWith(fake.collection)) return false;
    if (failure.status < 0) return true;
    const [status, body] = await answer(request, url);
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    return true;
  });
  const root = clone("a", encodeURI(`${origin.replace("127.0.0.1", host)}/${fake.path}`));
  const weight = (value: number, variables = fake.token, ...more: string[]) =>
    slipwayWith(variables, root, "weight", "ml", "--env", "prod", `canary=${value}`, "--pr", ...more);
  return { root, bare, pulls, calls, failure, weight, origin };
}

describe.each(Object.entries(forges))("%s", (_name, fake) => {
  test("a pull request is opened, brought up to date, and left alone", async () => {
    const { root, bare, pulls, calls, weight, origin } = await start(fake);
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

    const { stdout } = await weight(30, fake.token, "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      branch: "slipway/weight-prod-ml",
      pushed: true,
      commit: git(bare, "rev-parse", "slipway/weight-prod-ml"),
      pullRequest: { state: "updated", url: `${origin}${fake.page(1)}` },
    });
    expect(pulls).toMatchObject([{ title: "weight(prod): ml canary 10 → 30" }]);
    expect(calls).toEqual(["GET", "POST", "GET", "PATCH 1", "GET", "PATCH 1"]);
    expect(git(bare, "rev-list", "--count", "main..slipway/weight-prod-ml")).toBe("1");
    expect(git(root, "status", "--porcelain", "--branch")).toBe("## main...origin/main");
  });

  test("a wrong token, a forge that fails: one line with the way out, and the branch is there", async () => {
    const { root, bare, failure, weight, origin } = await start(fake);
    const [name = ""] = Object.keys(fake.token);
    const cases: [number, string, string][] = [
      [0, "wrong", ` to the token of ${name}: 401 Bad credentials`],
      [503, "s3cret", ": 503 no luck"],
    ];
    for (const [status, token, message] of cases) {
      failure.status = status;
      const result = await weight(20, { [name]: token });
      expect(result.status).toBe(1);
      expect(result.stderr).toContain(
        `slipway/weight-prod-ml is pushed, but ${new URL(origin).host} gave no pull request${message}; open it at http`,
      );
      expect(result.stderr.trim().split("\n")).toHaveLength(1);
      expect(result.stderr + result.stdout).not.toContain(token);
    }
    expect(subjects(bare, "slipway/weight-prod-ml")[0]).toBe("weight(prod): ml canary 10 → 20");
    expect(git(root, "status", "--porcelain", "--branch")).toBe("## main...origin/main");
  });
});

test("a forge of this machine, as the Git server of a local cluster", async () => {
  const { pulls, weight } = await start(forges["Gitea, below a path"] as Fake, "git.localhost");
  expect(await weight(20)).toMatchObject({ status: 0, stderr: "" });
  expect(pulls).toHaveLength(1);
});

test("a forge that is silent is given up", async () => {
  const { bare, failure, weight } = await start(forges["GitHub Enterprise"] as Fake);
  failure.status = -1;
  const { stderr } = await weight(20, { GH_ENTERPRISE_TOKEN: "s3cret", SLIPWAY_TIMEOUT: "8" });
  expect(stderr).toMatch(/gave no pull request: no answer for 8 s \(SLIPWAY_TIMEOUT\); open it at http\S+\n$/);
  expect(subjects(bare, "slipway/weight-prod-ml")[0]).toBe("weight(prod): ml canary 10 → 20");
});

describe("without a token", () => {
  test("the address and the text are printed", async () => {
    const { weight, origin } = await start(forges["Gitea, below a path"] as Fake);
    const { status, stdout } = await weight(20, {});
    expect(status).toBe(0);
    expect(stdout).toContain(
      `pull request to be opened: ${origin}/git/team/platform/compare/main...slipway/weight-prod-ml (there is no token for `,
    );
    expect(stdout).toContain(
      "### Rendered changes: <code>origin/main</code> → <code>weight(prod): ml canary 10 → 20</code>",
    );
  });

  test("a remote without pages", async () => {
    const root = remote().clone("a");
    const { status, stdout } = await slipwayWith({}, root, "weight", "ml", "--env", "prod", "canary=20", "--pr");
    expect(status).toBe(0);
    expect(stdout).toContain("pull request to be opened (the remote is no forge)");
  });

  test("the one that gh is logged in with is used", async () => {
    const { pulls, weight } = await start({ ...(forges["GitHub Enterprise"] as Fake), authorization: "Bearer of-gh" });
    const folder = temporaryFolder();
    writeFileSync(join(folder, "gh"), '#!/bin/sh\n[ "$1 $2 $3" = "auth token --hostname" ] && echo of-gh\n');
    chmodSync(join(folder, "gh"), 0o755);
    expect(await weight(20, { PATH: `${folder}:${environment.PATH}` })).toMatchObject({ status: 0, stderr: "" });
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

test.each<[string, string | undefined, string?]>([
  ["git@github.com:team/platform.git", "https://github.com/team/platform"],
  ["https://ann:s3cret@github.com/team/platform.git", "https://github.com/team/platform"],
  ["https://github.com/team/platform/", "https://github.com/team/platform"],
  ["ssh://git@ssh.github.com:443/team/platform.git", "https://github.com/team/platform"],
  ["https://team.ghe.com/team/platform", "https://team.ghe.com/team/platform"],
  ["ssh://git@git.example.com:2222/team/platform.git", "https://git.example.com/team/platform", "other"],
  ["http://git.localhost:3000/sub/team/platform.git", "http://git.localhost:3000/sub/team/platform", "other"],
  ["https://org@dev.azure.com/org/project/_git/platform", "https://dev.azure.com/org/project/_git/platform", "azure"],
  ["https://dev.azure.com/org/_git/platform", "https://dev.azure.com/org/platform/_git/platform", "azure"],
  [
    "git@ssh.dev.azure.com:v3/org/Our%20Project/platform",
    "https://dev.azure.com/org/Our%20Project/_git/platform",
    "azure",
  ],
  ["org@vs-ssh.visualstudio.com:v3/org/project/platform", "https://dev.azure.com/org/project/_git/platform", "azure"],
  ["https://org.visualstudio.com/_git/platform", "https://org.visualstudio.com/platform/_git/platform", "azure"],
  [
    "https://org.visualstudio.com/DefaultCollection/project/_git/platform",
    "https://org.visualstudio.com/DefaultCollection/project/_git/platform",
    "azure",
  ],
  [
    "https://tfs.example.com/tfs/Main/project/_git/platform",
    "https://tfs.example.com/tfs/Main/project/_git/platform",
    "azure",
  ],
  ["/srv/git/platform.git", undefined],
  ["../platform.git", undefined],
  ["file:///srv/git/platform.git", undefined],
])("remote %s", (url, page, forge = "github") => {
  expect(parseRemote(url)).toEqual(page && expect.objectContaining({ page, forge }));
});
