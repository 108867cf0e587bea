/** Which token goes where, and what each forge is asked; without Git. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UserError } from "../scripts/lib/cli.ts";
import { openPullRequest } from "../scripts/lib/forge/index.ts";
import { parseRemote } from "../scripts/lib/forge/repository.ts";
import { tokenIn } from "../scripts/lib/forge/tokens.ts";
import { environment } from "./clones.ts";
import { bitbucketCloud, type Fake, forges, startApi } from "./forges.ts";

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in environment)) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const tokens = {
  GH_TOKEN: "1",
  GITHUB_TOKEN: "1",
  GH_ENTERPRISE_TOKEN: "1",
  GITHUB_ENTERPRISE_TOKEN: "1",
  GITEA_TOKEN: "1",
  GITLAB_TOKEN: "1",
  SYSTEM_ACCESSTOKEN: "1",
  AZURE_DEVOPS_EXT_PAT: "1",
  BITBUCKET_TOKEN: "1",
};

// With all tokens set at once: the one that goes to the host of the remote, if any.
test.each<[string, Readonly<Record<string, string>>, string | undefined]>([
  ["https://github.com/a/b", {}, "GH_TOKEN"],
  ["git@github.com:a/b.git", {}, "GH_TOKEN"],
  ["https://acme.ghe.com/a/b", {}, "GH_TOKEN"],
  ["https://github.com.evil.example/a/b", {}, undefined],
  ["https://ghe.com/a/b", {}, undefined],
  ["https://evil.example/github.com/a/b", {}, undefined],
  ["https://ghes.example.com/a/b", {}, undefined],
  ["https://ghes.example.com/a/b", { GH_HOST: "ghes.example.com" }, "GH_ENTERPRISE_TOKEN"],
  ["https://ghes.example.com/a/b", { GH_HOST: "other.example.com" }, undefined],
  ["https://ghes.example.com:8443/a/b", { GH_HOST: "ghes.example.com" }, undefined],
  ["https://github.com/a/b", { GH_HOST: "github.com" }, "GH_TOKEN"],
  // In Actions of a server of one's own, its token stays there.
  ["https://github.com/a/b", { GITHUB_SERVER_URL: "https://ghes.example.com" }, undefined],
  ["https://ghes.example.com/a/b", { GITHUB_SERVER_URL: "https://ghes.example.com" }, "GH_TOKEN"],
  ["https://gt.example.com/a/b", { GITHUB_SERVER_URL: "https://gt.example.com", GITEA_ACTIONS: "true" }, "GITEA_TOKEN"],
  ["https://github.com/a/b", { GITHUB_SERVER_URL: "https://gt.example.com", GITEA_ACTIONS: "true" }, undefined],
  ["https://gitea.example.com/a/b", {}, undefined],
  ["https://gitea.example.com/a/b", { GITEA_INSTANCE_URL: "https://gitea.example.com" }, "GITEA_TOKEN"],
  ["git@gitea.example.com:a/b.git", { GITEA_INSTANCE_URL: "https://gitea.example.com" }, "GITEA_TOKEN"],
  ["https://codeberg.org/a/b", { GITEA_INSTANCE_URL: "https://gitea.example.com" }, undefined],
  ["https://gitlab.com/a/b/c", {}, "GITLAB_TOKEN"],
  ["ssh://git@altssh.gitlab.com:443/a/b.git", {}, "GITLAB_TOKEN"],
  ["https://gitlab.com/a/b/c", { GITLAB_HOST: "gitlab.example.com" }, undefined],
  ["https://gitlab.example.com/a/b", {}, undefined],
  ["https://gitlab.example.com/a/b", { GITLAB_HOST: "https://gitlab.example.com" }, "GITLAB_TOKEN"],
  ["https://code.example.com/a/b", { CI_SERVER_URL: "https://code.example.com" }, "GITLAB_TOKEN"],
  ["https://gitlab.com/a/b", { CI_SERVER_URL: "https://code.example.com" }, undefined],
  ["https://dev.azure.com/org/p/_git/r", {}, "SYSTEM_ACCESSTOKEN"],
  ["https://org.visualstudio.com/p/_git/r", {}, "SYSTEM_ACCESSTOKEN"],
  ["git@ssh.dev.azure.com:v3/org/p/r", {}, "SYSTEM_ACCESSTOKEN"],
  ["https://evil.example/p/_git/r", {}, undefined],
  ["https://dev.azure.com.evil.example/o/p/_git/r", {}, undefined],
  ["https://tfs.example.com/tfs/Main/p/_git/r", {}, undefined],
  [
    "https://tfs.example.com/tfs/Main/p/_git/r",
    { SYSTEM_COLLECTIONURI: "https://tfs.example.com/tfs/Main/" },
    "SYSTEM_ACCESSTOKEN",
  ],
  ["https://dev.azure.com/org/p/_git/r", { SYSTEM_COLLECTIONURI: "https://tfs.example.com/tfs/Main/" }, undefined],
  [
    "https://org.visualstudio.com/p/_git/r",
    { SYSTEM_COLLECTIONURI: "https://dev.azure.com/org/" },
    "SYSTEM_ACCESSTOKEN",
  ],
  ["https://bitbucket.org/a/b", {}, "BITBUCKET_TOKEN"],
  ["https://bitbucket.org/a/b", { BITBUCKET_HOST: "bb.example.com" }, undefined],
  ["https://bb.example.com/scm/a/b", {}, undefined],
  ["https://bb.example.com/scm/a/b", { BITBUCKET_HOST: "bb.example.com" }, "BITBUCKET_TOKEN"],
  ["ssh://git@bb.example.com:7999/a/b.git", { BITBUCKET_HOST: "https://bb.example.com" }, "BITBUCKET_TOKEN"],
])("%s with %j", (remote, servers, name) => {
  const repository = parseRemote(remote, servers);
  expect(repository && tokenIn(repository, { ...tokens, ...servers })?.name).toBe(name);
});

test.each<[string, string | undefined, string?]>([
  ["git@github.com:team/platform.git", "https://github.com/team/platform"],
  ["https://ann:s3cret@github.com/team/platform.git", "https://github.com/team/platform"],
  ["https://github.com/team/platform/", "https://github.com/team/platform"],
  ["ssh://git@ssh.github.com:443/team/platform.git", "https://github.com/team/platform"],
  ["https://team.ghe.com/team/platform", "https://team.ghe.com/team/platform"],
  ["ssh://git@git.example.com:2222/team/platform.git", "https://git.example.com/team/platform", ""],
  ["http://git.localhost:3000/sub/team/platform.git", "http://git.localhost:3000/sub/team/platform", ""],
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
  ["git@gitlab.com:team/sub/platform.git", "https://gitlab.com/team/sub/platform", "gitlab"],
  ["https://gitlab.example.com/team/platform.git", "https://gitlab.example.com/team/platform", "gitlab"],
  ["git@bitbucket.org:team/platform.git", "https://bitbucket.org/team/platform", "bitbucket"],
  [
    "https://code.example.com/ctx/scm/team/platform.git",
    "https://code.example.com/ctx/projects/team/repos/platform",
    "bitbucketServer",
  ],
  [
    "ssh://git@bitbucket.example.com:7999/~ann/platform.git",
    "https://bitbucket.example.com/users/ann/repos/platform",
    "bitbucketServer",
  ],
  ["https://github.example.com/team/platform", "https://github.example.com/team/platform"],
  ["https://codeberg.org/team/platform.git", "https://codeberg.org/team/platform", "gitea"],
  ["/srv/git/platform.git", undefined],
  ["../platform.git", undefined],
  ["file:///srv/git/platform.git", undefined],
])("remote %s", (url, page, forge = "github") => {
  expect(parseRemote(url, {})).toEqual(page && expect.objectContaining({ page, forge: forge || undefined }));
});

const request = {
  title: "weight(prod): ml canary 10 → 20",
  body: (limit: number) => "x".repeat(limit),
  branch: "slipway/weight-prod-ml",
  base: "main",
};

/** Sets the environment for a fake forge, and gives the URL of its repository. */
function stub(fake: Fake, origin: string, token = "s3cret"): string {
  for (const [name, value] of Object.entries({ [fake.token]: token, ...fake.server(origin) })) vi.stubEnv(name, value);
  return encodeURI(`${origin}/${fake.path}`);
}

describe.each(Object.entries(forges))("%s", (name, fake) => {
  const open = (url: string, to = url) => openPullRequest({ from: url, to }, request);

  test("is asked as its documentation says, with a description that it takes", async () => {
    const { origin, pulls, calls } = await startApi(fake);
    const url = stub(fake, origin);
    expect(await open(url)).toEqual({ state: "opened", url: `${origin}${fake.page(1)}` });
    expect(await open(url)).toEqual({ state: "updated", url: `${origin}${fake.page(1)}` });
    expect(calls).toEqual(["GET", "POST", "GET", `${fake.update} 1`]);
    expect(pulls).toMatchObject([{ branch: request.branch, base: "main", from: fake.repository }]);
    // What an update would take away is sent along.
    if (name.startsWith("Bitbucket"))
      expect(pulls[0]?.more).toEqual({ version: 4, reviewers: [{ user: { name: "bob" } }] });
  });

  test("refuses, fails or has moved: one line with the way out, and the token is not part of it", async () => {
    const { origin, failure } = await startApi(fake);
    const page = `${origin}${fake.createPage}`;
    const says = async (url: string) => (await open(url).catch((error: unknown) => error)) as UserError;
    const wrong = await says(stub(fake, origin, "wr0ng"));
    expect(wrong).toBeInstanceOf(UserError);
    expect(wrong.message).toBe(
      `${request.branch} is pushed, but ${new URL(origin).host} gave no pull request to the token of ${fake.token}: 401 Bad credentials; open it at ${page}`,
    );
    const url = stub(fake, origin);
    failure.status = 503;
    expect((await says(url)).message).toContain(`gave no pull request: 503 no luck; open it at ${page}`);
    const other = await startApi(fake);
    Object.assign(failure, { status: 307, headers: { location: `${other.origin}/x?y` } });
    expect((await says(url)).message).toContain(`: 307 it has moved to ${other.origin}/x; set the remote's URL to`);
    expect(other.calls).toEqual([]);
  });

  test("without HTTPS no token leaves this machine", async () => {
    const url = stub(fake, "http://forge.example.com");
    expect(await open(url)).toMatchObject({
      state: "to be opened",
      url: `http://forge.example.com${fake.createPage}`,
      hint: `${fake.token} is not sent to forge.example.com without HTTPS`,
    });
  });

  test("a branch of a fork", async () => {
    const { origin, pulls } = await startApi({ ...fake, search: {} });
    const to = stub(fake, origin);
    const from = to.replace(/team(%20|\/sub)?|org\/Our%20Project/, name.startsWith("Azure") ? "org/ann" : "ann");
    const opened = await open(from, to).catch((error: unknown) => String(error));
    if (name.startsWith("Azure")) {
      expect(opened).toContain("its API is not used for pull requests between repositories; open it at");
      return;
    }
    expect(opened).toEqual({ state: "opened", url: `${origin}${fake.page(1)}` });
    expect(pulls).toMatchObject([{ branch: request.branch, from: "ann/platform" }]);
    if (name.startsWith("GitLab")) expect(pulls[0]?.more).toEqual({ target_project_id: 7 });
  });
});

test("Bitbucket Cloud", async () => {
  const { askAt } = await import("../scripts/lib/forge/http.ts");
  const { bitbucket } = await import("../scripts/lib/forge/bitbucket.ts");
  const { origin, pulls, calls } = await startApi(bitbucketCloud);
  const cloud = parseRemote("git@bitbucket.org:team/platform.git", {});
  if (!cloud) throw new Error("no repository");
  expect(bitbucket.api(cloud)).toBe("https://api.bitbucket.org/2.0");
  const to = { ...cloud, root: origin, page: `${origin}/team/platform` };
  const pull = { ...request, body: "text", from: to, to };
  const ask = askAt(origin, bitbucket.headers({ name: "BITBUCKET_TOKEN", value: "s3cret" }));
  expect(bitbucket.createPage(pull)).toBe(`${origin}${bitbucketCloud.createPage}`);
  expect(await bitbucket.find(pull, ask)).toBeUndefined();
  expect(await bitbucket.create(pull, ask)).toBe(`${origin}${bitbucketCloud.page(1)}`);
  const open = await bitbucket.find(pull, ask);
  if (!open) throw new Error("it is not found");
  expect(await bitbucket.update(open, { ...pull, body: "more" }, ask)).toBe(`${origin}${bitbucketCloud.page(1)}`);
  expect(pulls).toMatchObject([{ from: "team/platform", body: "more", more: { reviewers: [{ uuid: "{1}" }] } }]);
  expect(calls).toEqual(["GET", "POST", "GET", "PUT 1"]);
  await expect(ask({} as never, "GET", "https://elsewhere.example.com/2.0")).rejects.toThrow(/is not sent to/);
});
