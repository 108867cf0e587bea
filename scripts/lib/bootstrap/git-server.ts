import { randomBytes } from "node:crypto";
import { gitServer } from "../../../generators/platform/gitea.ts";
import { paths } from "../../../generators/render/paths.ts";
import { UserError } from "../cli.ts";
import {
  explain,
  find,
  isRolledOut,
  kubectl,
  type LiveCluster,
  serverSide,
  tryKubectl,
  waitUntil,
  withService,
} from "../cluster.ts";
import type { Step } from "../steps.ts";
import { applyNamespaces, createSecret, encode } from "./objects.ts";
import { type Target, typed } from "./target.ts";

const { namespace, name, administrator, secret } = gitServer;
const pod = `${name}-0`;
/** A first start downloads the image and makes the database. */
const limit = 300;

/** Whether the repository that a cluster follows is on its own Git server. */
export function isEmbedded({ cluster }: Pick<Target, "cluster">): boolean {
  return cluster.repository.url.startsWith(gitServer.url);
}

/** Gitea with its administrator, whose password is made here and kept in a Secret. */
export function gitServerRunning(target: Target): Step {
  const { root, cluster, live } = target;
  const folder = paths.component(cluster.name, name);
  const create = [
    "gitea",
    "admin",
    "user",
    "create",
    "--admin",
    "--must-change-password=false",
    "--username",
    administrator,
  ];
  return {
    name: "Git server on the cluster",
    commands: [
      typed(live, "create", "namespace", namespace),
      typed(live, "create", "secret", "generic", secret, "-n", namespace, "--from-literal=password=<random>"),
      typed(live, "apply", ...serverSide, "-R", "-f", folder),
      typed(live, "rollout", "status", "statefulset", name, "-n", namespace, `--timeout=${limit}s`),
      typed(live, "exec", "-n", namespace, pod, "--", ...create, "--password=<random>"),
    ],
    look: async () => {
      const server = await find(live, "statefulsets.apps", name, namespace);
      if (!server || !isRolledOut(server) || !(await find(live, "secrets", secret, namespace))) return undefined;
      return (await users(live)).includes(administrator) ? "is there" : undefined;
    },
    ensure: async () => {
      await applyNamespaces(target, [namespace]);
      await createSecret(live, {
        namespace,
        name: secret,
        data: { username: encode(administrator), password: encode(randomBytes(18).toString("base64url")) },
      });
      await kubectl(live, ["apply", ...serverSide, "-R", "-f", `${root}/${folder}`]);
      await waitUntil(
        "the Git server to be ready",
        limit,
        async () =>
          isRolledOut((await find(live, "statefulsets.apps", name, namespace)) ?? {})
            ? undefined
            : `${pod} is not ready`,
        [typed(live, "describe", "pod", "-n", namespace, pod), typed(live, "logs", "-n", namespace, pod)],
      );
      if (!(await users(live)).includes(administrator)) {
        // Through standard input, so that this machine's list of processes does not show it.
        const script = `${create.join(" ")} --email ${administrator}@localhost.localdomain --password "$(cat)"`;
        await exec(live, ["sh", "-c", script], await password(live));
      }
      return `ready; its administrator is ${administrator}`;
    },
  };
}

async function users(live: LiveCluster): Promise<string[]> {
  const lines = (await exec(live, ["gitea", "admin", "user", "list"])).split("\n").slice(1);
  return lines.map((line) => line.trim().split(/\s+/)[1] ?? "");
}

async function exec(live: LiveCluster, command: readonly string[], input?: string): Promise<string> {
  const result = await tryKubectl(live, ["exec", "-i", "-n", namespace, pod, "--", ...command], input);
  if (result.exitCode !== 0)
    throw new UserError(`${command.slice(0, 4).join(" ")} failed in the Git server: ${explain(live, result)}`);
  return result.stdout;
}

async function password(live: LiveCluster): Promise<string> {
  const { data } = (await find(live, "secrets", secret, namespace)) ?? {};
  if (!data?.password)
    throw new UserError(`the Secret ${namespace}/${secret} has no password; delete it and run this again`);
  return Buffer.from(data.password, "base64").toString();
}

/** Reaches the Git server from this machine, for as long as `use` takes. */
export async function withGitServer<T>(live: LiveCluster, use: (server: Server) => Promise<T>): Promise<T> {
  const authorization = `Basic ${Buffer.from(`${administrator}:${await password(live)}`).toString("base64")}`;
  const service = { namespace, service: gitServer.service, port: gitServer.port };
  return withService(live, service, (url) => use({ url, authorization }));
}

/** The Git server as this machine reaches it. */
interface Server {
  readonly url: string;
  readonly authorization: string;
}

/** What a person types to reach the Git server on the same port of this machine. */
export function forwardCommand(live: LiveCluster): string {
  const { service, port } = gitServer;
  return `${typed(live, "port-forward", "-n", namespace, `service/${service}`, `${port}:${port}`)} &`;
}

/** Where Argo CD takes webhooks, inside the cluster. */
const webhook = "http://argocd-server.argocd.svc.cluster.local/api/webhook";

/** A push reaches Argo CD at once, and not at its next look. */
export function gitServerWebhook({ cluster, live }: Target): Step {
  const repository = new URL(cluster.repository.url).pathname.replace(/^\/|\.git$/g, "");
  const path = `api/v1/repos/${repository}/hooks`;
  const body = { type: "gitea", active: true, events: ["push"], config: { url: webhook, content_type: "json" } };
  return {
    name: "Webhook from the Git server to Argo CD",
    commands: [
      forwardCommand(live),
      `curl -u ${administrator} -H 'Content-Type: application/json' -d '${JSON.stringify(body)}' http://127.0.0.1:${gitServer.port}/${path}`,
    ],
    look: () =>
      withGitServer(live, async (server) => ((await hooks(server, path)).includes(webhook) ? "is there" : undefined)),
    ensure: () =>
      withGitServer(live, async (server) => {
        await ask(server, path, { method: "POST", body: JSON.stringify(body) });
        return `pushes to ${repository} are told to Argo CD`;
      }),
  };
}

async function hooks(server: Server, path: string): Promise<string[]> {
  const found = (await ask(server, path)) as { config: { url: string } }[];
  return found.map(({ config }) => config.url);
}

async function ask({ url, authorization }: Server, path: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    ...init,
    headers: { authorization, "content-type": "application/json" },
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok)
    throw new UserError(
      `the Git server answered ${response.status} to ${path}: ${(await response.text()).slice(0, 200)}`,
    );
  return response.json();
}
