import { UserError } from "../cli.ts";
import { azure } from "./azure.ts";
import { bitbucket, bitbucketServer } from "./bitbucket.ts";
import type { Forge, Pull } from "./forge.ts";
import { gitea, github } from "./github.ts";
import { gitlab } from "./gitlab.ts";
import { askAt, isConfidential, Refusal } from "./http.ts";
import { type ForgeName, parseRemote, type Repository } from "./repository.ts";
import { type Token, tokenIn, tokenOfProgram, waysToToken } from "./tokens.ts";

/** Pull requests, by the REST APIs of the forges; one file for each. */

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

const forges: Readonly<Record<ForgeName, Forge>> = { github, gitea, gitlab, azure, bitbucket, bitbucketServer };

/** Most characters of a description, where no forge says it. */
const anyLimit = 65_000;

/**
 * Opens a pull request, or brings the one that is open between the two branches up to date.
 *
 * @param urls of the remotes, as Git has them: the one that has the branch, and the one that has the base
 * @throws UserError where the forge refuses or does not answer; the branch is there then
 */
export async function openPullRequest(
  urls: { readonly from: string; readonly to: string },
  request: PullRequest,
): Promise<Opened> {
  const from = parseRemote(urls.from);
  if (!from) return { state: "to be opened", hint: "the remote is no forge", body: request.body(anyLimit) };
  const logins = await knownLogin(from);
  const forge = from.forge ?? logins?.forge;
  if (!forge) {
    const hint = `which forge ${from.host} is, GH_HOST, GITLAB_HOST, GITEA_INSTANCE_URL or BITBUCKET_HOST tells`;
    return { state: "to be opened", url: from.page, hint, body: request.body(anyLimit) };
  }
  const branch = { ...from, forge };
  const base = parseRemote(urls.to);
  const { limit } = forges[forge];
  const pull: Pull = {
    ...request,
    body: request.body(limit),
    from: branch,
    // Where what is fetched from is no forge, such as a mirror, it is the same repository.
    to: base?.host === branch.host ? { ...base, forge } : branch,
  };
  const token = tokenIn(branch, process.env) ?? logins?.token;
  return token
    ? open(forges[forge], pull, token)
    : toBeOpened(forges[forge], pull, `there is no token for ${from.host} (${waysToToken(branch)})`);
}

function toBeOpened(forge: Forge, pull: Pull, hint: string): Opened {
  return { state: "to be opened", url: forge.createPage(pull), hint, body: pull.body };
}

async function open(forge: Forge, pull: Pull, token: Token): Promise<Opened> {
  const api = forge.api(pull.to);
  if (!isConfidential(api))
    return toBeOpened(forge, pull, `${token.name} is not sent to ${pull.to.host} without HTTPS`);
  const ask = askAt(api, forge.headers(token));
  try {
    const existing = await forge.find(pull, ask);
    if (existing) return { state: "updated", url: await forge.update(existing, pull, ask) };
    return { state: "opened", url: await forge.create(pull, ask) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const by = error.unauthorised ? ` to the token of ${token.name}` : "";
    throw new UserError(
      `${pull.branch} is pushed, but ${pull.to.host} gave no pull request${by}: ${error.message}; open it at ${forge.createPage(pull)}`,
    );
  }
}

/** The login of `gh`, `glab` or `az` for a host; where nothing else tells what the host is, it does. */
async function knownLogin(repository: Repository): Promise<{ forge: ForgeName; token: Token } | undefined> {
  if (tokenIn(repository, process.env)) return undefined;
  for (const forge of repository.forge ? [repository.forge] : (["github", "gitlab"] as const)) {
    const token = await tokenOfProgram({ ...repository, forge });
    if (token) return { forge, token };
  }
  return undefined;
}
