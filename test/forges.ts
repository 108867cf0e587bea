/** Forges for tests: servers that keep to what the documentation of each says of these endpoints. */
import type { IncomingMessage, Server } from "node:http";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { expect } from "vitest";
import { git, listen, remote, serveGit, slipwayWith } from "./clones.ts";

export interface Stored {
  readonly branch: string;
  readonly base: string;
  /** Path of the repository that has the branch. */
  readonly from: string;
  title: string;
  body: string;
  /** What was sent besides. */
  more?: object;
}

type Sent = Pick<Stored, "branch" | "base" | "title" | "body"> & { readonly from?: string; readonly more?: object };

export interface Fake {
  /** Where the repository is below the server's address. */
  readonly path: string;
  /** The repository's own path, as the forge names it. */
  readonly repository: string;
  /** Name of the variable that holds its token, and those that name the server. */
  readonly token: string;
  readonly server: (origin: string) => Readonly<Record<string, string>>;
  readonly authorization: string;
  /** Path of the collection of pull requests. */
  readonly collection: string;
  /** The collection that a pull request of a fork is sent to, where it is another one. */
  readonly forkCollection?: string;
  /** How a list must be asked for, in the form that the documentation gives. */
  readonly search: Readonly<Record<string, string>>;
  readonly update: "PATCH" | "PUT";
  readonly limit: number;
  /** What is sent to open a pull request, or to update one. */
  readonly parse: (body: any) => Sent;
  readonly show: (pull: Stored, id: number, origin: string) => object;
  readonly list: (pulls: object[]) => object;
  readonly page: (id: number) => string;
  /** The page on which a person opens one. */
  readonly createPage: string;
  /** Other answers, by path. */
  readonly others?: Readonly<Record<string, object>>;
  readonly failure?: (message: string) => object;
}

const short = (ref = "") => ref.replace("refs/heads/", "");
const likeGithub = {
  repository: "team/platform",
  update: "PATCH",
  limit: 65_536,
  parse: ({ head = "", base, title, body }: any) => ({
    branch: head.split(":").at(-1),
    ...(head.includes(":") && { from: `${head.split(":")[0]}/platform` }),
    base,
    title,
    body,
  }),
  list: (pulls: object[]) => pulls,
} as const;

export const forges: Readonly<Record<string, Fake>> = {
  // https://docs.github.com/en/enterprise-server/rest/pulls/pulls
  "GitHub Enterprise": {
    ...likeGithub,
    path: "team/platform.git",
    token: "GH_ENTERPRISE_TOKEN",
    server: (origin) => ({ GH_HOST: new URL(origin).host }),
    authorization: "Bearer s3cret",
    collection: "/api/v3/repos/team/platform/pulls",
    search: { state: "open", head: "team:slipway/weight-prod-ml", base: "main" },
    page: (id) => `/team/platform/pull/${id}`,
    createPage: "/team/platform/compare/main...slipway/weight-prod-ml",
    show: ({ branch, base, title, body, from }, number, origin) => ({
      number,
      html_url: `${origin}/team/platform/pull/${number}`,
      title,
      body,
      state: "open",
      head: { ref: branch, label: `team:${branch}`, repo: { full_name: from } },
      base: { ref: base, label: `team:${base}`, repo: { full_name: "team/platform" } },
    }),
  },
  // https://docs.gitea.com/api/1.26/#tag/repository/operation/repoCreatePullRequest
  "Gitea, below a path": {
    ...likeGithub,
    path: "git/team/platform.git",
    token: "GITEA_TOKEN",
    server: (origin) => ({ GITEA_INSTANCE_URL: `${origin}/git/` }),
    authorization: "token s3cret",
    collection: "/git/api/v1/repos/team/platform/pulls",
    search: { state: "open", base_branch: "main" },
    page: (id) => `/git/team/platform/pulls/${id}`,
    createPage: "/git/team/platform/compare/main...slipway/weight-prod-ml",
    show: ({ branch, base, title, body, from }, number, origin) => ({
      number,
      html_url: `${origin}/git/team/platform/pulls/${number}`,
      title,
      body,
      state: "open",
      head: { ref: branch, label: branch, repo_id: 1, repo: { full_name: from } },
      base: { ref: base, label: base, repo_id: 1, repo: { full_name: "team/platform" } },
    }),
  },
  // https://docs.gitlab.com/api/merge_requests/
  "GitLab, in a subgroup": {
    path: "team/sub/platform.git",
    repository: "team/sub/platform",
    token: "GITLAB_TOKEN",
    server: (origin) => ({ GITLAB_HOST: origin }),
    authorization: "Bearer s3cret",
    collection: "/api/v4/projects/team%2Fsub%2Fplatform/merge_requests",
    forkCollection: "/api/v4/projects/ann%2Fplatform/merge_requests",
    search: { state: "opened", source_branch: "slipway/weight-prod-ml", target_branch: "main" },
    update: "PUT",
    limit: 1_048_576,
    parse: ({ source_branch, target_branch, title, description, ...more }) => ({
      branch: source_branch,
      base: target_branch,
      title,
      body: description,
      more,
    }),
    list: (pulls) => pulls,
    page: (id) => `/team/sub/platform/-/merge_requests/${id}`,
    createPage:
      "/team/sub/platform/-/merge_requests/new?merge_request%5Bsource_branch%5D=slipway%2Fweight-prod-ml&merge_request%5Btarget_branch%5D=main",
    show: ({ branch, base, title, body, from }, iid, origin) => ({
      id: 1000 + iid,
      iid,
      web_url: `${origin}/team/sub/platform/-/merge_requests/${iid}`,
      title,
      description: body,
      state: "opened",
      source_branch: branch,
      target_branch: base,
      source_project_id: from === "ann/platform" ? 8 : 7,
      target_project_id: 7,
    }),
    others: {
      "/api/v4/projects/team%2Fsub%2Fplatform": { id: 7, path_with_namespace: "team/sub/platform" },
      "/api/v4/projects/ann%2Fplatform": { id: 8, path_with_namespace: "ann/platform" },
    },
  },
  // https://developer.atlassian.com/server/bitbucket/rest/
  "Bitbucket Data Center": {
    path: "scm/team/platform.git",
    repository: "team/platform",
    token: "BITBUCKET_TOKEN",
    server: (origin) => ({ BITBUCKET_HOST: origin }),
    authorization: "Bearer s3cret",
    collection: "/rest/api/1.0/projects/team/repos/platform/pull-requests",
    search: { state: "OPEN", direction: "OUTGOING", at: "refs/heads/slipway/weight-prod-ml" },
    update: "PUT",
    limit: 32_768,
    parse: ({ title, description, fromRef, toRef, ...more }) => ({
      branch: short(fromRef?.id),
      base: short(toRef?.id),
      ...(fromRef && { from: `${fromRef.repository.project.key}/${fromRef.repository.slug}` }),
      title,
      body: description,
      more,
    }),
    list: (values) => ({ size: values.length, limit: 100, isLastPage: true, values, start: 0 }),
    page: (id) => `/projects/TEAM/repos/platform/pull-requests/${id}`,
    createPage:
      "/projects/team/repos/platform/pull-requests?create=&sourceBranch=refs%2Fheads%2Fslipway%2Fweight-prod-ml&targetBranch=refs%2Fheads%2Fmain",
    show: ({ branch, base, title, body }, id, origin) => ({
      id,
      version: 4,
      title,
      description: body,
      state: "OPEN",
      open: true,
      fromRef: { id: `refs/heads/${branch}`, displayId: branch },
      toRef: {
        id: `refs/heads/${base}`,
        displayId: base,
        repository: { slug: "platform", project: { key: "TEAM" } },
      },
      reviewers: [{ user: { name: "bob", displayName: "Bob" }, approved: false }],
      links: { self: [{ href: `${origin}/projects/TEAM/repos/platform/pull-requests/${id}` }] },
    }),
    failure: (message) => ({ errors: [{ context: null, message, exceptionName: null }] }),
  },
  // https://learn.microsoft.com/en-us/rest/api/azure/devops/git/pull-requests/create
  "Azure DevOps Server": {
    path: "org/Our Project/_git/platform",
    repository: "Our%20Project/platform",
    token: "AZURE_DEVOPS_EXT_PAT",
    server: (origin) => ({ SYSTEM_COLLECTIONURI: `${origin}/org/` }),
    authorization: `Basic ${Buffer.from(":s3cret").toString("base64")}`,
    collection: "/org/Our%20Project/_apis/git/repositories/platform/pullrequests",
    search: {
      "api-version": "7.0",
      "searchCriteria.status": "active",
      "searchCriteria.sourceRefName": "refs/heads/slipway/weight-prod-ml",
      "searchCriteria.targetRefName": "refs/heads/main",
    },
    update: "PATCH",
    limit: 4_000,
    parse: ({ sourceRefName, targetRefName, title, description }) => ({
      branch: short(sourceRefName),
      base: short(targetRefName),
      title,
      body: description,
    }),
    list: (value) => ({ value, count: value.length }),
    page: (id) => `/org/Our%20Project/_git/platform/pullrequest/${id}`,
    createPage: "/org/Our%20Project/_git/platform/pullrequestcreate?sourceRef=slipway%2Fweight-prod-ml&targetRef=main",
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

/** https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/, which is on no host but its own. */
export const bitbucketCloud: Fake = {
  path: "team/platform.git",
  repository: "team/platform",
  token: "BITBUCKET_TOKEN",
  server: () => ({}),
  authorization: "Bearer s3cret",
  collection: "/2.0/repositories/team/platform/pullrequests",
  search: {
    q: 'state = "OPEN" AND source.branch.name = "slipway/weight-prod-ml" AND destination.branch.name = "main"',
    fields: "+values.reviewers",
  },
  update: "PUT",
  limit: 32_768,
  parse: ({ title, description, source, destination, ...more }) => ({
    branch: source?.branch.name,
    base: destination?.branch.name,
    ...(source && { from: source.repository.full_name }),
    title,
    body: description,
    more,
  }),
  list: (values) => ({ size: values.length, page: 1, pagelen: 50, values }),
  page: (id) => `/team/platform/pull-requests/${id}`,
  createPage: "/team/platform/pull-requests/new?source=slipway%2Fweight-prod-ml&dest=team%2Fplatform%3A%3Amain",
  show: ({ branch, base, title, body, from }, id, origin) => ({
    id,
    title,
    description: body,
    state: "OPEN",
    source: { branch: { name: branch }, repository: { full_name: from } },
    destination: { branch: { name: base }, repository: { full_name: "team/platform" } },
    reviewers: [{ uuid: "{1}", display_name: "Bob" }],
    links: { html: { href: `${origin}/team/platform/pull-requests/${id}` } },
  }),
  failure: (message) => ({ type: "error", error: { message } }),
};

/** What a forge was asked, and how it answers. */
export interface Desk {
  readonly pulls: Stored[];
  readonly calls: string[];
  /** Answers everything with this status; below 0 with nothing. */
  failure: { status: number; headers?: Readonly<Record<string, string>> };
}

/** Whether and how a forge answers a request. */
async function answer(
  fake: Fake,
  { pulls, calls, failure }: Desk,
  origin: string,
  request: IncomingMessage,
): Promise<[number, object?]> {
  const url = new URL(request.url ?? "", origin);
  const say = fake.failure ?? ((message: string) => ({ message }));
  if (failure.status) return [failure.status, say("no luck")];
  if (request.headers.authorization !== fake.authorization) return [401, say("Bad credentials")];
  const other = fake.others?.[url.pathname];
  if (other) return [200, other];
  const id = url.pathname.slice(fake.collection.length + 1);
  calls.push(`${request.method} ${url.pathname === fake.forkCollection ? "" : id}`.trim());
  const show = (pull: Stored) => fake.show(pull, pulls.indexOf(pull) + 1, origin);
  if (request.method === "GET") {
    expect(Object.fromEntries(url.searchParams)).toMatchObject(fake.search);
    return [200, fake.list(pulls.map(show))];
  }
  const sent = fake.parse(await json(request));
  if ((sent.body ?? "").length > fake.limit) return [400, say("the description is too long")];
  if (request.method === "POST") {
    const fork = url.pathname === fake.forkCollection ? "ann/platform" : fake.repository;
    pulls.push({ ...sent, from: sent.from ?? fork });
    return [201, show(pulls.at(-1) as Stored)];
  }
  expect(request.method).toBe(fake.update);
  const pull = pulls[Number(id) - 1];
  if (!pull) return [404, say("Not Found")];
  Object.assign(pull, { title: sent.title, body: sent.body, more: sent.more });
  return [200, show(pull)];
}

const isApi = (fake: Fake, path: string) =>
  [fake.collection, fake.forkCollection ?? fake.collection, ...Object.keys(fake.others ?? {})].some((own) =>
    path.startsWith(own),
  );

/** A forge with one repository, and its pull requests. */
export async function start(fake: Fake, host = "127.0.0.1") {
  const { folder, bare, clone } = remote(fake.path);
  const desk: Desk = { pulls: [], calls: [], failure: { status: 0 } };
  const origin: string = await serveGit(folder, async (request, response) => {
    if (!isApi(fake, new URL(request.url ?? "", "http://localhost").pathname)) return false;
    expect(request.headers.host).toBe(new URL(address).host);
    if (desk.failure.status < 0) return true;
    const [status, body] = await answer(fake, desk, origin, request);
    if (status === 201) for (const { branch } of desk.pulls) git(bare, "rev-parse", "--verify", `refs/heads/${branch}`);
    response
      .writeHead(status, { "Content-Type": "application/json", ...desk.failure.headers })
      .end(JSON.stringify(body));
    return true;
  });
  const address = origin.replace("127.0.0.1", host);
  const root = clone("a", encodeURI(`${address}/${fake.path}`));
  const variables = { [fake.token]: "s3cret", ...fake.server(address) };
  const weight = (value: number, more: Readonly<Record<string, string>> = variables, ...args: string[]) =>
    slipwayWith(more, root, "weight", "ml", "--env", "prod", `canary=${value}`, "--pr", ...args);
  return { root, bare, ...desk, desk, weight, origin, variables };
}

/** The API of a forge alone. */
export async function startApi(fake: Fake): Promise<Desk & { readonly origin: string }> {
  const desk: Desk = { pulls: [], calls: [], failure: { status: 0 } };
  const server: Server = createServer(async (request, response) => {
    const [status, body] = await answer(fake, desk, origin, request);
    response
      .writeHead(status, { "Content-Type": "application/json", ...desk.failure.headers })
      .end(JSON.stringify(body));
  });
  const origin: string = await listen(server);
  return { ...desk, origin };
}
