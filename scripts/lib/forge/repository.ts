/** Which repository a remote's URL means, and on which kind of forge it is. */

export type ForgeName = "github" | "azure" | "gitea" | "gitlab" | "bitbucket" | "bitbucketServer";

export interface Repository {
  /** None: nothing tells which kind of forge the host is. */
  readonly forge: ForgeName | undefined;
  /** Host of its pages, with a port where it is not the protocol's. */
  readonly host: string;
  /** Where the forge's pages begin: `https://git.example.com/gitlab`. */
  readonly root: string;
  /** Owner and name, `team/platform`; on Azure DevOps `project/name`, on GitLab with all groups. */
  readonly path: string;
  /** The repository's page. */
  readonly page: string;
}

export type Variables = Readonly<Record<string, string | undefined>>;

/** A forge that the environment names. */
interface Server {
  readonly forge: ForgeName;
  readonly url: URL;
  /** Whether the variable gives a protocol, and so the address of its pages. */
  readonly isAddress: boolean;
}

/** Gitea's and Forgejo's Actions take GitHub's names for their own server. */
export const isGiteaActions = (variables: Variables) =>
  [variables.GITEA_ACTIONS, variables.FORGEJO_ACTIONS].includes("true");

/**
 * The server that the first of some variables names, as a host or a URL.
 *
 * @returns none where none of them is set, or holds a host
 */
export function serverIn(variables: Variables, ...names: readonly string[]): URL | undefined {
  const value = names.map((name) => variables[name]).find(Boolean) ?? "";
  const text = value.includes("://") ? value : `https://${value}`;
  return value && URL.canParse(text) ? new URL(text) : undefined;
}

/** The variables of each forge's own programs that name a server: `gh`, `tea`, `glab`, and the CI of each. */
export const serverNames = {
  github: (variables: Variables) => ["GH_HOST", ...(isGiteaActions(variables) ? [] : ["GITHUB_SERVER_URL"])],
  gitea: (variables: Variables) => ["GITEA_INSTANCE_URL", ...(isGiteaActions(variables) ? ["GITHUB_SERVER_URL"] : [])],
  gitlab: () => ["GITLAB_HOST", "GITLAB_URI", "GL_HOST", "CI_SERVER_URL"],
  azure: () => ["SYSTEM_COLLECTIONURI"],
  bitbucketServer: () => ["BITBUCKET_HOST"],
} as const satisfies Partial<Record<ForgeName, (variables: Variables) => readonly string[]>>;

function serversIn(variables: Variables): Server[] {
  return Object.entries(serverNames).flatMap(([forge, names]) =>
    names(variables).flatMap((name) => {
      const url = serverIn(variables, name);
      if (!url) return [];
      const own = url.hostname === "bitbucket.org" ? "bitbucket" : (forge as ForgeName);
      return [{ forge: own, url, isAddress: variables[name]?.includes("://") ?? false }];
    }),
  );
}

/** Hosts that everybody knows. */
const known: readonly (readonly [RegExp, ForgeName])[] = [
  [/^(github\.com|.+\.ghe\.com)$/, "github"],
  [/^(dev\.azure\.com|.+\.visualstudio\.com)$/, "azure"],
  [/^gitlab\.com$/, "gitlab"],
  [/^bitbucket\.org$/, "bitbucket"],
  [/^(codeberg\.org|gitea\.com)$/, "gitea"],
];

/** Names that people give to their own servers. They tell which page to show, and never where a token goes. */
const likely: readonly (readonly [RegExp, ForgeName])[] = [
  [/(^|[.-])gitlab([.-]|$)/, "gitlab"],
  [/(^|[.-])(gitea|forgejo)([.-]|$)/, "gitea"],
  [/(^|[.-])(bitbucket|stash)([.-]|$)/, "bitbucketServer"],
  [/(^|[.-])(github|ghe)([.-]|$)/, "github"],
];

/** Hosts that take SSH on port 443 for another one. */
const sshHost = /^(ssh\.(?=github\.com$)|altssh\.(?=(gitlab\.com|bitbucket\.org)$))/;

/**
 * The repository that a remote's URL means, in all its forms; nothing of a user or token in it is kept.
 *
 * @returns none for a path, and for what has no owner and name
 */
export function parseRemote(remote: string, variables: Variables = process.env): Repository | undefined {
  const url = parseUrl(remote);
  if (!url) return undefined;
  const parts = url.pathname
    .replace(/(\.git)?\/*$/, "")
    .split("/")
    .filter(Boolean);
  if (/^(ssh\.dev\.azure|vs-ssh\.visualstudio)\.com$/.test(url.hostname)) {
    const [, organisation, project, name] = parts;
    return azure(`https://dev.azure.com/${organisation}`, [project, name]);
  }
  const isWeb = url.protocol.startsWith("http");
  const hostname = url.hostname.replace(sshHost, "");
  // A port of SSH says nothing of the one that pages are on.
  const origin = isWeb ? url.origin : `https://${hostname}`;
  const git = parts.indexOf("_git");
  if (git >= 0) return azureAt(origin, hostname, parts, git);
  if (parts.length < 2) return undefined;
  const server = serversIn(variables).find(({ url: own }) =>
    isWeb ? own.host === url.host : own.hostname === hostname,
  );
  const [root, own] = server?.isAddress ? below(server.url, parts) : [origin, parts];
  const find = (table: typeof known) => table.find(([pattern]) => pattern.test(hostname))?.[1];
  const isScm = isWeb && parts.at(-3) === "scm";
  return repositoryAt(server?.forge ?? find(known) ?? (isScm ? "bitbucketServer" : find(likely)), root, own);
}

/** The address of a server, and the parts of a path that are below it; over SSH all of them are. */
function below({ origin, pathname }: URL, parts: readonly string[]): [root: string, parts: readonly string[]] {
  const prefix = pathname.split("/").filter(Boolean);
  const isBelow = prefix.every((part, index) => parts[index] === part);
  return [[origin, ...prefix].join("/"), isBelow ? parts.slice(prefix.length) : parts];
}

/** @returns none for a path */
function parseUrl(remote: string): URL | undefined {
  const [, scpHost, scpPath] = /^(?:[^@/]+@)?([^:/@]{2,}):(?!\/\/)(.+)$/.exec(remote) ?? [];
  const text = scpHost ? `ssh://${scpHost}/${scpPath}` : remote;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url && /^(https?|ssh|git):$/.test(url.protocol) ? url : undefined;
}

function repositoryAt(forge: ForgeName | undefined, root: string, parts: readonly string[]): Repository {
  const { host } = new URL(root);
  if (forge !== "bitbucketServer") {
    const path = parts.join("/");
    return { forge, host, root, path, page: `${root}/${path}` };
  }
  // Over HTTP it is below /scm; what stands before that belongs to the server's own address.
  const scm = parts.lastIndexOf("scm");
  const own = scm > 0 ? `${root}/${parts.slice(0, scm).join("/")}` : root;
  const [project = "", name = ""] = parts.slice(-2);
  const page = project.startsWith("~") ? `users/${project.slice(1)}` : `projects/${project}`;
  return { forge, host, root: own, path: `${project}/${name}`, page: `${own}/${page}/repos/${name}` };
}

function azureAt(origin: string, hostname: string, parts: readonly string[], git: number): Repository | undefined {
  // A repository of its project's name has the project left out.
  const isShort = git === (/(^|\.)dev\.azure\.com$/.test(hostname) ? 1 : 0) || parts[git - 1] === "DefaultCollection";
  const project = isShort ? parts[git + 1] : parts[git - 1];
  return azure([origin, ...parts.slice(0, isShort ? git : git - 1)].join("/"), [project, parts[git + 1]]);
}

function azure(root: string, [project, name]: readonly (string | undefined)[]): Repository | undefined {
  if (!project || !name) return undefined;
  const { host } = new URL(root);
  return { forge: "azure", host, root, path: `${project}/${name}`, page: `${root}/${project}/_git/${name}` };
}
