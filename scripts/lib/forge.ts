import http from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { $ } from "zx";
import { UserError } from "./cli.ts";
import { patience } from "./patience.ts";

/** Pull requests on GitHub, Azure DevOps, Gitea and Forgejo, by their REST APIs. */

export interface PullRequest {
  readonly title: string;
  /** Its description in Markdown, of at most so many characters. */
  readonly body: (limit: number) => string;
  readonly branch: string;
  /** The branch that it is to be merged into. */
  readonly base: string;
}

/** What has become of a pull request: a person opens it where there is no token. */
export interface Opened {
  readonly state: "opened" | "updated" | "to be opened";
  /** Its page, or the one to open it on; none where the remote has no pages. */
  readonly url?: string;
  /** Where it is to be opened: why, and what to write there. */
  readonly hint?: string;
  readonly body?: string;
}

/** The page of a repository, and which kind of forge it is on; `other` is told from the token that is there. */
export interface Repository {
  readonly forge: "github" | "azure" | "other";
  readonly page: string;
  readonly host: string;
}

/** What forges do differently. */
interface Api {
  /** Address of the collection of pull requests. */
  readonly collection: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Added to every call. */
  readonly query?: Readonly<Record<string, string>>;
  /** Narrows the list to open ones between two branches, as far as the forge can. */
  readonly search: (request: PullRequest) => Readonly<Record<string, string>>;
  /** Forms of its answers: a pull request, and a list of them. */
  readonly one: z.ZodType<Found>;
  readonly list: z.ZodType<readonly Found[]>;
  readonly content: (request: PullRequest) => object;
  readonly branches: (request: PullRequest) => object;
}

interface Found {
  readonly id: number;
  readonly page: string;
  readonly branch: string;
  readonly base: string;
}

interface Token {
  readonly value: string;
  /** Where it comes from: `GH_TOKEN`, `gh auth token`. */
  readonly name: string;
}

/**
 * Opens a pull request, or brings the one that is open between the two branches up to date.
 *
 * @param url the remote's, as Git has it
 * @throws UserError where the forge refuses or does not answer; the branch is there then
 */
export async function openPullRequest(url: string, request: PullRequest): Promise<Opened> {
  const repository = parseRemote(url);
  if (!repository) return { state: "to be opened", hint: "the remote is no forge", body: request.body(limits.other) };
  const found = await findApi(repository);
  const page = createPage(repository, request);
  if (!found) {
    const hint = `there is no token for ${repository.host} (${tokenNames[repository.forge].join(", ")})`;
    return { state: "to be opened", url: page, hint, body: request.body(limits[repository.forge]) };
  }
  const { api, token } = found;
  try {
    const open = await call(api, api.list, "GET", "", { search: api.search(request) });
    const existing = open.find(({ branch, base }) => branch === request.branch && base === request.base);
    const content = api.content(request);
    const { page } = existing
      ? await call(api, api.one, "PATCH", `/${existing.id}`, { body: content })
      : await call(api, api.one, "POST", "", { body: { ...content, ...api.branches(request) } });
    return { state: existing ? "updated" : "opened", url: page };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const by = error.unauthorised ? ` to the token of ${token.name}` : "";
    throw new UserError(
      `${request.branch} is pushed, but ${repository.host} gave no pull request${by}: ${error.message}; open it at ${page}`,
    );
  }
}

/** Most characters of a description. Azure DevOps: https://learn.microsoft.com/en-us/rest/api/azure/devops/git/pull-requests/update */
const limits = { github: 65_000, azure: 4_000, other: 65_000 } as const;

/** The variables that `gh`, `az` and `tea` read; a token for github.com is never sent to another host. */
const tokenNames = {
  github: ["GH_TOKEN", "GITHUB_TOKEN", "gh auth login"],
  azure: ["SYSTEM_ACCESSTOKEN", "AZURE_DEVOPS_EXT_PAT", "az login"],
  other: ["GITEA_TOKEN", "GH_ENTERPRISE_TOKEN", "gh auth login"],
} as const;

/**
 * The repository that a remote's URL means, in all its forms; nothing of a user or token in it is kept.
 *
 * @returns none for a path, and for what has no owner and name
 */
export function parseRemote(remote: string): Repository | undefined {
  const [, scpHost, scpPath] = /^(?:[^@/]+@)?([^:/@]{2,}):(?!\/\/)(.+)$/.exec(remote) ?? [];
  const text = scpHost ? `ssh://${scpHost}/${scpPath}` : remote;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^(https?|ssh|git):$/.test(url.protocol)) return undefined;
  const parts = url.pathname
    .replace(/(\.git)?\/*$/, "")
    .split("/")
    .filter(Boolean);
  if (/^(ssh\.dev\.azure|vs-ssh\.visualstudio)\.com$/.test(url.hostname)) {
    const [, organisation, project, name] = parts;
    return azure(`https://dev.azure.com/${organisation}`, [project, name]);
  }
  // A port of SSH says nothing of the one that pages are on.
  const origin = url.protocol.startsWith("http")
    ? url.origin
    : `https://${url.hostname.replace(/^ssh\.github\./, "github.")}`;
  const git = parts.indexOf("_git");
  if (git >= 0) {
    // A repository of its project's name has the project left out.
    const isShort =
      git === (/(^|\.)dev\.azure\.com$/.test(url.hostname) ? 1 : 0) || parts[git - 1] === "DefaultCollection";
    const project = isShort ? parts[git + 1] : parts[git - 1];
    return azure([origin, ...parts.slice(0, isShort ? git : git - 1)].join("/"), [project, parts[git + 1]]);
  }
  if (parts.length < 2) return undefined;
  const { host, hostname } = new URL(origin);
  const forge = hostname === "github.com" || hostname.endsWith(".ghe.com") ? "github" : "other";
  return { forge, host, page: [origin, ...parts].join("/") };
}

function azure(collection: string, [project, name]: readonly (string | undefined)[]): Repository | undefined {
  if (!project || !name) return undefined;
  return { forge: "azure", host: new URL(collection).host, page: `${collection}/${project}/_git/${name}` };
}

/** The page on which a person opens a pull request. */
function createPage({ forge, page }: Repository, { branch, base }: PullRequest): string {
  if (forge === "azure")
    return `${page}/pullrequestcreate?${new URLSearchParams({ sourceRef: branch, targetRef: base })}`;
  return `${page}/compare/${base}...${branch}`;
}

async function findApi({ forge, host, page }: Repository): Promise<{ api: Api; token: Token } | undefined> {
  const gh = () => askProgram("gh", ["auth", "token", "--hostname", host]);
  const make = (token: Token | undefined, api: (token: Token) => Api) => token && { token, api: api(token) };
  if (forge === "azure") {
    const az = ["account", "get-access-token", "--resource", azureDevOps, "--query", "accessToken", "--output", "tsv"];
    const token = fromEnvironment("SYSTEM_ACCESSTOKEN", "AZURE_DEVOPS_EXT_PAT") ?? (await askProgram("az", az));
    return make(token, (token) => azureApi(page, token));
  }
  if (forge === "github") {
    const address = page.replace(`//${host}/`, `//api.${host}/repos/`);
    return make(fromEnvironment("GH_TOKEN", "GITHUB_TOKEN") ?? (await gh()), (token) =>
      githubApi(address, page, token),
    );
  }
  const enterprise = fromEnvironment("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN");
  const gitea = fromEnvironment("GITEA_TOKEN");
  if (gitea && !(enterprise && process.env.GH_HOST === host)) return make(gitea, (token) => giteaApi(page, token));
  const address = page.replace(`//${host}/`, `//${host}/api/v3/repos/`);
  return make(enterprise ?? (await gh()), (token) => githubApi(address, page, token));
}

/** What Azure DevOps is to `az account get-access-token`. */
const azureDevOps = "499b84ac-1321-427f-aa17-267ca6975798";

/** https://docs.github.com/en/rest/pulls/pulls */
function githubApi(address: string, page: string, token: Token): Api {
  const owner = page.split("/").at(-2);
  return {
    ...pulls,
    collection: `${address}/pulls`,
    headers: {
      Authorization: `Bearer ${token.value}`,
      Accept: "application/vnd.github+json",
      "X-GitHub-Api-Version": "2022-11-28",
    },
    search: ({ branch, base }) => ({ state: "open", head: `${owner}:${branch}`, base }),
    content: ({ title, body }) => ({ title, body: body(limits.github) }),
  };
}

/** https://docs.gitea.com/api, and Forgejo's, which is the same: there is no search by branch. */
function giteaApi(page: string, token: Token): Api {
  const [name, owner] = page.split("/").reverse();
  const root = process.env.GITEA_INSTANCE_URL?.replace(/\/+$/, "") ?? page.slice(0, -`/${owner}/${name}`.length);
  return {
    ...pulls,
    collection: `${root}/api/v1/repos/${owner}/${name}/pulls`,
    headers: { Authorization: `token ${token.value}` },
    search: ({ base }) => ({ state: "open", sort: "recentupdate", limit: "50", base_branch: base }),
    content: ({ title, body }) => ({ title, body: body(limits.other) }),
  };
}

const end = z.object({ ref: z.string(), repo_id: z.number().optional() });
const pull = z
  .object({ number: z.number(), html_url: z.string(), head: end, base: end })
  .transform(({ number, html_url, head, base }) => ({
    id: number,
    page: html_url,
    // A branch of that name in a fork is another one; GitHub's search has left those out.
    branch: head.repo_id === base.repo_id ? head.ref : "",
    base: base.ref,
  }));

/** What GitHub and Gitea have in common. */
const pulls = {
  branches: ({ branch, base }: PullRequest) => ({ head: branch, base }),
  one: pull,
  list: z.array(pull),
};

/** https://learn.microsoft.com/en-us/rest/api/azure/devops/git/pull-requests */
function azureApi(page: string, { name, value }: Token): Api {
  const ref = (branch: string) => `refs/heads/${branch}`;
  const short = (name: string) => name.replace("refs/heads/", "");
  const one = z
    .object({ pullRequestId: z.number(), sourceRefName: z.string(), targetRefName: z.string() })
    .transform(({ pullRequestId, sourceRefName, targetRefName }) => ({
      id: pullRequestId,
      page: `${page}/pullrequest/${pullRequestId}`,
      branch: short(sourceRefName),
      base: short(targetRefName),
    }));
  return {
    collection: `${page.replace("/_git/", "/_apis/git/repositories/")}/pullrequests`,
    headers: {
      // A personal access token is a password without a user, https://learn.microsoft.com/en-us/azure/devops/integrate/how-to/call-rest-api
      Authorization:
        name === "AZURE_DEVOPS_EXT_PAT" ? `Basic ${Buffer.from(`:${value}`).toString("base64")}` : `Bearer ${value}`,
      // Else a wrong token is answered by a page to sign in on, and not by 401.
      "X-TFS-FedAuthRedirect": "Suppress",
    },
    query: { "api-version": "7.0" },
    search: ({ branch, base }) => ({
      "searchCriteria.status": "active",
      "searchCriteria.sourceRefName": ref(branch),
      "searchCriteria.targetRefName": ref(base),
    }),
    one,
    list: z.object({ value: z.array(one) }).transform(({ value }) => value),
    content: ({ title, body }) => ({ title, description: body(limits.azure) }),
    branches: ({ branch, base }) => ({ sourceRefName: ref(branch), targetRefName: ref(base) }),
  };
}

/** What a forge says when it does not do what was asked. */
class Refusal extends Error {
  readonly unauthorised: boolean;
  constructor(message: string, unauthorised = false) {
    super(message);
    this.unauthorised = unauthorised;
  }
}

/** @throws Refusal where the forge cannot be reached, or answers anything else than asked for */
async function call<T>(
  { collection, headers, query }: Api,
  form: z.ZodType<T>,
  method: "GET" | "POST" | "PATCH",
  path: string,
  { search, body }: { readonly search?: Readonly<Record<string, string>>; readonly body?: object },
): Promise<T> {
  const limit = patience();
  const signal = AbortSignal.timeout(limit);
  try {
    const url = new URL(`${collection}${path}?${new URLSearchParams({ ...search, ...query })}`);
    const { status, reason, text } = await send(url, method, headers, body, signal);
    const isFine = status >= 200 && status < 300;
    const answer = form.safeParse(parseJson(text));
    // Azure DevOps answers 203 to a token that it does not take.
    if (isFine && status !== 203 && answer.success) return answer.data;
    const words = isFine
      ? "an answer that is none of such a forge"
      : failure.catch("").parse(parseJson(text)) || reason;
    throw new Refusal(`${status} ${words}`, [203, 401, 403, 404].includes(status));
  } catch (error) {
    if (error instanceof Refusal || !(error instanceof Error)) throw error;
    if (signal.aborted) throw new Refusal(`no answer for ${limit / 1000} s (SLIPWAY_TIMEOUT)`);
    throw new Refusal((error as NodeJS.ErrnoException).code ?? error.message);
  }
}

function send(
  url: URL,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: object | undefined,
  signal: AbortSignal,
): Promise<{ status: number; reason: string; text: string }> {
  // `*.localhost` is this machine, as Git and browsers know (RFC 6761, 6.3), and not every resolver; `fetch` takes no Host.
  const here = url.hostname.endsWith(".localhost") && { hostname: "127.0.0.1", servername: url.hostname };
  const options = {
    ...here,
    method,
    headers: { Host: url.host, "User-Agent": "slipway", "Content-Type": "application/json", ...headers },
    signal,
  };
  return new Promise((resolve, reject) => {
    const outgoing = (url.protocol === "https:" ? https : http).request(url, options, (incoming) => {
      const { statusCode = 0, statusMessage = "" } = incoming;
      text(incoming).then((text) => resolve({ status: statusCode, reason: statusMessage, text }), reject);
    });
    outgoing.on("error", reject).end(body && JSON.stringify(body));
  });
}

/** What all of them say when they refuse; GitHub adds details. */
const failure = z
  .object({
    message: z.string(),
    errors: z.array(z.object({ message: z.string() }).transform(({ message }) => message)).catch([]),
  })
  .transform(({ message, errors }) => [message, ...errors].join(", ").replaceAll(/\s+/g, " "));

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fromEnvironment(...names: readonly string[]): Token | undefined {
  const name = names.find((name) => process.env[name]);
  return name === undefined ? undefined : { name, value: process.env[name] ?? "" };
}

/** A token of the program that its user is logged in with; none where it is not there, or nobody is. */
async function askProgram(program: string, args: readonly string[]): Promise<Token | undefined> {
  const { exitCode, stdout } = await $({ nothrow: true, quiet: true, timeout: patience() })`${program} ${args}`;
  const value = stdout.trim();
  return exitCode === 0 && value ? { name: `${program} ${args[0]}`, value } : undefined;
}
