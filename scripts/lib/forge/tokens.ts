import { $ } from "zx/core";
import { patience } from "../patience.ts";
import {
  type ForgeName,
  isGiteaActions,
  type Repository,
  serverIn,
  serverNames,
  type Variables,
} from "./repository.ts";

/** Which token goes to which host. A token is sent to the host that it was made for, and to no other one. */

export interface Token {
  readonly value: string;
  /** Where it comes from: `GH_TOKEN`, `gh auth`. */
  readonly name: string;
}

/** Variables that hold a token, and the host that they are for. */
interface Source {
  readonly names: readonly string[];
  readonly isFor: (host: string, variables: Variables) => boolean;
}

const isPublicGithub = (host: string) => host === "github.com" || host.endsWith(".ghe.com");
const isPublicAzure = (host: string) => host === "dev.azure.com" || host.endsWith(".visualstudio.com");
const hostIn = (variables: Variables, names: readonly string[]) => serverIn(variables, ...names)?.host;

/**
 * The rule of each forge's own program, made stricter: a server that a variable names gets the token alone.
 * `gh`: https://cli.github.com/manual/gh_help_environment, `glab`: https://docs.gitlab.com/cli/#environment-variables
 */
const sources: Readonly<Record<ForgeName, readonly Source[]>> = {
  github: [
    {
      names: ["GH_TOKEN", "GITHUB_TOKEN"],
      // In Actions they are of the server that runs them.
      isFor: (host, variables) => {
        const own = hostIn(variables, ["GITHUB_SERVER_URL"]);
        return own ? host === own : isPublicGithub(host);
      },
    },
    {
      names: ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"],
      isFor: (host, variables) => !isPublicGithub(host) && host === hostIn(variables, serverNames.github(variables)),
    },
  ],
  gitea: [
    { names: ["GITEA_TOKEN"], isFor: (host, variables) => host === hostIn(variables, serverNames.gitea(variables)) },
    {
      names: ["GITHUB_TOKEN"],
      isFor: (host, variables) => isGiteaActions(variables) && host === hostIn(variables, ["GITHUB_SERVER_URL"]),
    },
  ],
  gitlab: [
    {
      names: ["GITLAB_TOKEN", "GITLAB_ACCESS_TOKEN"],
      isFor: (host, variables) => host === (hostIn(variables, serverNames.gitlab()) ?? "gitlab.com"),
    },
  ],
  azure: [
    {
      names: ["SYSTEM_ACCESSTOKEN", "AZURE_DEVOPS_EXT_PAT"],
      isFor: (host, variables) => {
        const own = hostIn(variables, serverNames.azure());
        return own && !isPublicAzure(own) ? host === own : isPublicAzure(host);
      },
    },
  ],
  bitbucket: [
    {
      names: ["BITBUCKET_TOKEN"],
      isFor: (host, variables) => host === (hostIn(variables, serverNames.bitbucketServer()) ?? "bitbucket.org"),
    },
  ],
  bitbucketServer: [
    {
      names: ["BITBUCKET_TOKEN"],
      isFor: (host, variables) => host === hostIn(variables, serverNames.bitbucketServer()),
    },
  ],
};

/** The token of the environment for a repository's host; none where there is none for it. */
export function tokenIn({ forge, host }: Repository, variables: Variables): Token | undefined {
  if (!forge) return undefined;
  return sources[forge]
    .filter(({ isFor }) => isFor(host, variables))
    .flatMap(({ names }) => names)
    .flatMap((name) => ({ name, value: variables[name] ?? "" }))
    .find(({ value }) => value !== "");
}

/**
 * The token that a forge's program holds for a host which somebody has logged in to with it.
 *
 * @returns none where the program is not there, or nobody is logged in
 */
export async function tokenOfProgram({ forge, host }: Repository): Promise<Token | undefined> {
  if (forge === "azure") return isPublicAzure(host) ? ask("az", azureArguments) : undefined;
  if (forge === "github") return ask("gh", ["auth", "token", "--hostname", host]);
  if (forge === "gitlab") return ask("glab", ["config", "get", "token", "--host", host]);
  return undefined;
}

/** The last word but one is what Azure DevOps is to Microsoft Entra. */
const azureArguments = [
  ...["account", "get-access-token", "--query", "accessToken", "--output", "tsv"],
  ...["--resource", "499b84ac-1321-427f-aa17-267ca6975798"],
];

/** What must be set so that there is a token for a host. */
export function waysToToken({ forge, host, root }: Repository): string {
  switch (forge) {
    case "azure":
      return isPublicAzure(host)
        ? "AZURE_DEVOPS_EXT_PAT, az login"
        : `AZURE_DEVOPS_EXT_PAT with SYSTEM_COLLECTIONURI=${root}`;
    case "github":
      return isPublicGithub(host)
        ? "GH_TOKEN, gh auth login"
        : `GH_ENTERPRISE_TOKEN with GH_HOST=${host}, gh auth login --hostname ${host}`;
    case "gitlab":
      return host === "gitlab.com"
        ? "GITLAB_TOKEN, glab auth login"
        : `GITLAB_TOKEN with GITLAB_HOST=${root}, glab auth login --hostname ${host}`;
    case "gitea":
      return `GITEA_TOKEN with GITEA_INSTANCE_URL=${root}`;
    case "bitbucket":
      return "BITBUCKET_TOKEN";
    default:
      return `BITBUCKET_TOKEN with BITBUCKET_HOST=${root}`;
  }
}

/** Runs a program without the variables that hold tokens: it would give them for any host. */
async function ask(program: string, args: readonly string[]): Promise<Token | undefined> {
  const tokens = new Set(Object.values(sources).flatMap((list) => list.flatMap(({ names }) => names)));
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !tokens.has(name)));
  const { exitCode, stdout } = await $({ nothrow: true, quiet: true, timeout: patience(), env })`${program} ${args}`;
  const value = stdout.trim();
  return exitCode === 0 && value ? { name: `${program} ${args[0]}`, value } : undefined;
}
