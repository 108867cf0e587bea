import type { SimpleGit } from "simple-git";
import { $ } from "zx/core";
import { gitServer } from "../../../generators/platform/gitea.ts";
import { interfaceUrl } from "../../../generators/platform/interfaces.ts";
import { UserError } from "../cli.ts";
import { isConfidential } from "../forge/http.ts";
import { openGit, reason, succeeds } from "../git.ts";
import { isShallow } from "../history.ts";
import type { Step } from "../steps.ts";
import { forwardCommand, isEmbedded, withGitServer } from "./git-server.ts";
import { type Target, typed } from "./target.ts";

/** A repository as this machine reaches it. */
interface Remote {
  readonly url: string;
  /** HTTP header that lets it in, kept off the command line. */
  readonly authorization?: string;
}

/**
 * The repository that Argo CD follows has what is committed here.
 *
 * @param push whether to push what it lacks; otherwise it is only looked at
 */
export function repositoryFilled(target: Target, push: boolean): Step {
  const { cluster, root } = target;
  const { url, revision } = cluster.repository;
  return {
    name: `Repository ${url}`,
    commands: push ? pushCommands(target) : [],
    look: () =>
      reach(target, async (remote) => {
        const state = await compare(root, remote, revision);
        if (state === "equal") return `${revision} is at HEAD`;
        if (push && (state === "missing" || state === "behind")) return undefined;
        throw new UserError(
          {
            ahead: `${revision} has commits that are not here, and the cluster follows those; git pull ${url} ${revision} first`,
            missing: `it has no ${revision}; push it: git push ${url} HEAD:refs/heads/${revision}`,
            behind: `${revision} lacks commits that are here, and the cluster would not see them; git push ${url} HEAD:refs/heads/${revision} first`,
            diverged: `${revision} has commits that are not here, and lacks some that are; git pull --rebase ${url} ${revision} and npm run render first`,
          }[state],
        );
      }),
    ensure: () =>
      reach(target, async (remote) => {
        const git = openAuthorized(root, remote);
        try {
          await git.raw("push", remote.url, `HEAD:refs/heads/${revision}`);
        } catch (error) {
          throw new UserError(`it did not take the push: ${reason(error)}`);
        }
        return `pushed HEAD to ${revision}`;
      }),
  };
}

function pushCommands(target: Target): string[] {
  const { url, revision } = target.cluster.repository;
  if (!isEmbedded(target)) return [`git push ${url} HEAD:refs/heads/${revision}`];
  const { port, administrator } = gitServer;
  return [
    forwardCommand(target.live),
    `git push http://${administrator}@127.0.0.1:${port}${new URL(url).pathname} HEAD:refs/heads/${revision}`,
  ];
}

/** The commit that the cluster's branch is at, in the repository that Argo CD reads. @throws UserError where there is none */
export async function followedCommit(target: Target): Promise<string> {
  const { url, revision } = target.cluster.repository;
  const commit = await reach(target, (remote) => commitOf(openAuthorized(target.root, remote), remote, revision));
  if (!commit) throw new UserError(`${url} has no ${revision}`);
  return commit;
}

async function reach<T>(target: Target, use: (remote: Remote) => Promise<T>): Promise<T> {
  const { url } = target.cluster.repository;
  if (!isEmbedded(target)) return use({ url });
  return withGitServer(target.live, (server) =>
    use({ url: new URL(new URL(url).pathname, server.url).href, authorization: server.authorization }),
  );
}

async function commitOf(git: SimpleGit, { url, authorization }: Remote, revision: string): Promise<string> {
  try {
    return (await git.raw("ls-remote", url, `refs/heads/${revision}`)).split(/\s/)[0] ?? "";
  } catch (error) {
    // The cluster's own server makes a repository when it is pushed to.
    if (authorization && /not found/.test(String(error))) return "";
    throw new UserError(`${url} cannot be read: ${reason(error)}`);
  }
}

/** What the branch of a repository is to HEAD. */
async function compare(
  root: string,
  remote: Remote,
  revision: string,
): Promise<"equal" | "ahead" | "behind" | "diverged" | "missing"> {
  const git = openAuthorized(root, remote);
  const commit = await commitOf(git, remote, revision);
  if (!commit) return "missing";
  const head = (await git.revparse("HEAD")).trim();
  if (commit === head) return "equal";
  if (!(await succeeds(git, "cat-file", "-e", `${commit}^{commit}`))) await git.raw("fetch", remote.url, revision);
  if (await isAncestor(git, commit, head)) return "behind";
  if (await isAncestor(git, head, commit)) return "ahead";
  if (await isShallow(git))
    throw new UserError("this clone is shallow, so what it has in common is not known; git fetch --unshallow first");
  return "diverged";
}

async function isAncestor(git: SimpleGit, one: string, other: string): Promise<boolean> {
  return (await git.raw("merge-base", one, other).catch(() => "")).trim() === one;
}

/** Git with what it needs for a remote, kept off its command line. */
function openAuthorized(root: string, { url, authorization }: Remote): SimpleGit {
  const settings: readonly (readonly [string, string])[] = [
    // A whole history in one piece: servers and proxies are about that do not take it in chunks.
    ["http.postBuffer", String(512 * 2 ** 20)],
    ...(authorization ? [[`http.${url}.extraHeader`, `Authorization: ${authorization}`] as const] : []),
    // A port of this machine, which no proxy reaches.
    ...(authorization ? [[`http.${url}.proxy`, ""] as const] : []),
  ];
  const variables = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return openGit(root, { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(variables) });
}

/**
 * A Git remote of this clone for the Git server on the cluster, named after the cluster: `git push local main`. Git gets its
 * password from the cluster each time, so that it is on no disk. A remote of that name which points elsewhere is left alone.
 */
export function remoteNamed({ root, cluster, live }: Target): Step {
  const { name, repository } = cluster;
  const server = interfaceUrl(cluster, "gitea");
  const url = server ? new URL(new URL(repository.url).pathname, server).href : "";
  const template =
    "username={{.data.username|base64decode}}{{println}}password={{.data.password|base64decode}}{{println}}";
  const secret = typed(
    live,
    "get",
    "secret",
    gitServer.secret,
    "-n",
    gitServer.namespace,
    "-o",
    `go-template=${template}`,
  );
  const helper = `credential.${server}.helper`;
  const fill = `!f() { ${secret}; }; f`;
  const isFilled = server !== undefined && isConfidential(server);
  return {
    name: `Git remote ${name}`,
    commands: url
      ? [
          ...(isFilled ? [`git config --replace-all ${helper} ""`, `git config --add ${helper} "${fill}"`] : []),
          `git remote add ${name} ${url}`,
        ]
      : [],
    look: async () => {
      if (!url) return "none: the gateway does not serve the Git server (interfaces)";
      const known = (await openGit(root).getRemotes(true)).find((remote) => remote.name === name)?.refs.push;
      if (known === undefined) return undefined;
      return known === url ? `is ${url}` : `is ${known}, and was left alone; the cluster's own is ${url}`;
    },
    ensure: async () => {
      const git = $({ cwd: root, quiet: true });
      if (isFilled) {
        // An empty one ends the list of those that the machine has, which would ask and keep the password.
        await git`git config --replace-all ${helper} ${""}`;
        await git`git config --add ${helper} ${fill}`;
      }
      await openGit(root).addRemote(name, url);
      const asked = isFilled ? "" : "; Git asks for its password, which is not looked up for a host without HTTPS";
      return `${url}${asked}; git push ${name} ${repository.revision} is what the cluster follows`;
    },
  };
}
