import { isDeepStrictEqual } from "node:util";
import { $, type Options, type ProcessOutput, type ProcessPromise } from "zx/core";
import type { Cluster } from "../../generators/model/cluster.ts";
import type { KubernetesObject } from "../../generators/render/output.ts";
import { type Option, UserError } from "./cli.ts";

/** Options of every command that looks at a cluster or changes it. */
export const clusterOptions = {
  cluster: { type: "string", value: "NAME", help: "A file in clusters/. Default: the only one." },
  context: {
    type: "string",
    value: "NAME",
    help: "The kubectl context that reaches it. Default for Kind: kind-<cluster>; otherwise it must be named.",
  },
  root: { type: "string", value: "DIR", help: "The clone to work in. Default: this repository." },
} as const satisfies Readonly<Record<string, Option>>;

/** A cluster that kubectl reaches under a context. */
export interface LiveCluster {
  readonly context: string;
}

/** An object as the API server gives it: what is there depends on its kind. */
// biome-ignore lint/suspicious/noExplicitAny: the API server says what it is
export type LiveObject = KubernetesObject & { readonly spec?: any; readonly status?: any; readonly data?: any };

/** How long one request may take. Waiting for a state is a loop of such requests. */
const requestLimit = "15s";
/** How long any other command may take; an apply of a kustomization fetches what it is made of. */
const commandLimit = "120s";

/**
 * The context that a command works in: the one that was named, or Kind's own. Never the current one: it may be anybody's.
 *
 * @throws UserError where none is known
 */
export function contextOf({ name, provider }: Pick<Cluster, "name" | "provider">, named?: string): LiveCluster {
  if (named) return { context: named };
  if (provider.type === "kind") return { context: `kind-${name}` };
  throw new UserError(
    `name the kubectl context of the cluster ${name} with --context; kubectl config get-contexts lists them`,
  );
}

/**
 * Runs kubectl.
 *
 * @param args without the context
 * @throws UserError with kubectl's own words, where it fails
 */
export async function kubectl(live: LiveCluster, args: readonly string[], input?: string): Promise<string> {
  const result = await tryKubectl(live, args, input);
  if (result.exitCode === 0) return result.stdout;
  throw new UserError(`kubectl ${args.slice(0, 3).join(" ")} failed: ${explain(live, result)}`);
}

/** Runs kubectl and gives whatever came of it. It never asks: without input it reads nothing. */
export async function tryKubectl(
  { context }: LiveCluster,
  args: readonly string[],
  input?: string,
): Promise<ProcessOutput> {
  // A limit of its own for what waits: kubectl's request timeout would end the wait.
  const waits = ["wait", "rollout", "exec", "port-forward"].some((verb) => args.includes(verb));
  const limit = waits ? [] : [`--request-timeout=${requestLimit}`];
  const quiet = { quiet: true, nothrow: true, timeout: commandLimit } as const;
  const options: Partial<Options> =
    input === undefined ? { ...quiet, stdio: ["ignore", "pipe", "pipe"] } : { ...quiet, input };
  return $(options)`kubectl --context ${context} ${limit} ${args}`;
}

/** What kubectl said, in one line, with the way out where it is known. */
export function explain({ context }: LiveCluster, { stdout, stderr, exitCode }: ProcessOutput): string {
  const lines = stderr
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const text = lines.at(-1) ?? (exitCode === null ? `nothing in ${commandLimit}` : `exit status ${exitCode}`);
  if (/context .* does not exist|no context exists/.test(stderr)) {
    return `there is no context ${context}; kubectl config get-contexts lists them, npm run bootstrap makes a Kind cluster`;
  }
  if (/Unauthorized|must be logged in|provide credentials|Please enter Username/i.test(stderr + stdout))
    return `context ${context} is not let in (${text}); log in again`;
  if (/^(error: )?(The connection to the server|Unable to connect to the server|Get "https?:|EOF)/m.test(stderr)) {
    return `the cluster of context ${context} does not answer (${text}); is it running?`;
  }
  if (/command not found|ENOENT/.test(stderr)) return "kubectl is not on the PATH; npm run doctor says how to get it";
  return text.replace(/^error: /, "");
}

/** @throws UserError where the cluster does not answer */
export async function requireReachable(live: LiveCluster): Promise<void> {
  await kubectl(live, ["get", "--raw", "/readyz"]);
}

/** Whether the cluster answers, within a few seconds. */
export async function isReachable(live: LiveCluster): Promise<boolean> {
  return (await whyUnreachable(live)) === undefined;
}

/** Why the cluster does not answer within a few seconds; none where it does. */
export async function whyUnreachable(live: LiveCluster): Promise<string | undefined> {
  const { context } = live;
  const result = await $({
    stdio: ["ignore", "pipe", "pipe"],
    quiet: true,
    nothrow: true,
    // A program that fetches the credentials may hang, too.
    timeout: requestLimit,
  })`kubectl --context ${context} --request-timeout=3s get --raw /readyz`;
  return result.exitCode === 0 ? undefined : explain(live, result);
}

/**
 * Objects of a kind; none where the cluster does not know the kind.
 *
 * @param resource as kubectl names it: deployments.apps
 * @param namespace all, where none is given
 */
export async function list(live: LiveCluster, resource: string, namespace?: string): Promise<LiveObject[]> {
  const where = namespace ? ["-n", namespace] : ["-A"];
  const result = await tryKubectl(live, ["get", resource, ...where, "-o", "json"]);
  if (result.exitCode === 0) return (JSON.parse(result.stdout) as { items: LiveObject[] }).items;
  if (/doesn't have a resource type|could not find the requested resource|no matches for kind/.test(result.stderr))
    return [];
  throw new UserError(`kubectl get ${resource} failed: ${explain(live, result)}`);
}

/** One object; none where it is not there, or its kind is unknown. */
export async function find(
  live: LiveCluster,
  resource: string,
  name: string,
  namespace: string,
): Promise<LiveObject | undefined> {
  const result = await tryKubectl(live, ["get", resource, name, "-n", namespace, "-o", "json", "--ignore-not-found"]);
  if (result.exitCode === 0) return result.stdout.trim() ? (JSON.parse(result.stdout) as LiveObject) : undefined;
  if (/doesn't have a resource type|could not find the requested resource/.test(result.stderr)) return undefined;
  throw new UserError(`kubectl get ${resource} ${name} failed: ${explain(live, result)}`);
}

/** Whether all pods of a Deployment or StatefulSet are ready, and of its newest template. */
export function isRolledOut({ metadata, spec, status }: Partial<LiveObject>): boolean {
  const { generation = 0 } = (metadata ?? {}) as { generation?: number };
  const wanted = spec?.replicas ?? 1;
  return (
    (status?.observedGeneration ?? -1) >= generation &&
    (status?.updatedReplicas ?? 0) >= wanted &&
    (status?.readyReplicas ?? 0) >= wanted
  );
}

/**
 * Flags of every apply: the fields of ours are ours, whoever set them before. In the name that Argo CD applies with
 * (https://github.com/argoproj/argo-cd/blob/v3.5.1/common/common.go, ArgoCDSSAManager): a field of a second owner would
 * stay when Git drops it.
 */
export const serverSide = ["--server-side", "--force-conflicts", "--field-manager=argocd-controller"] as const;

/**
 * Whether applying would change nothing but status, which controllers write while one looks.
 *
 * @param source flags that name files: `-f` or `-k`
 */
export async function isApplied(live: LiveCluster, source: readonly string[]): Promise<boolean> {
  const applied = await tryKubectl(live, ["apply", ...serverSide, "--dry-run=server", "-o", "json", ...source]);
  const there = await tryKubectl(live, ["get", "-o", "json", ...source]);
  if (applied.exitCode !== 0 || there.exitCode !== 0) return false;
  const [wanted, found] = [applied, there].map(({ stdout }) => objectsIn(stdout).map(withoutBookkeeping));
  return isDeepStrictEqual(wanted, found);
}

function objectsIn(json: string): LiveObject[] {
  const object = JSON.parse(json) as LiveObject & { items?: LiveObject[] };
  return object.items ?? [object];
}

interface LiveMetadata extends Readonly<Record<string, unknown>> {
  readonly annotations?: Readonly<Record<string, string>>;
}

function withoutBookkeeping({ status, ...object }: LiveObject): object {
  const { managedFields, resourceVersion, generation, annotations, ...metadata } = object.metadata as LiveMetadata;
  // Argo CD's own mark on what it has synced.
  const { "argocd.argoproj.io/tracking-id": _, ...others } = annotations ?? {};
  return { ...object, metadata: { ...metadata, annotations: others } };
}

/**
 * Waits until nothing is missing.
 *
 * @param missing what is still missing, in a few words; `undefined` when all is there
 * @param further commands to look further, for the message
 * @throws UserError after the limit, with what was missing last
 */
export async function waitUntil(
  what: string,
  seconds: number,
  missing: () => Promise<string | undefined>,
  further: readonly string[] = [],
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    // A request that fails is waited out like everything else.
    const left = await missing().catch((error: unknown) => {
      if (error instanceof UserError) return error.message;
      throw error;
    });
    if (left === undefined) return;
    if (Date.now() > end) {
      throw new UserError(
        [`waited ${seconds} s for ${what}: ${left}`, ...further.map((command) => `  look with: ${command}`)].join("\n"),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** A Service to reach: its name and the port it offers. */
export interface ServiceAddress {
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
}

/**
 * Reaches a Service from this machine, for as long as `use` takes. Through a port-forward and not through the API server's
 * proxy, whose requests come from another node, which NetworkPolicies may not let in.
 *
 * @param use gets an address such as http://127.0.0.1:40001/
 * @throws UserError where it cannot be reached
 */
export async function withService<T>(
  live: LiveCluster,
  { namespace, service, port }: ServiceAddress,
  use: (url: string) => Promise<T>,
): Promise<T> {
  // In the place of the shell, so that the signal gets to it.
  const forward = $({
    quiet: true,
    nothrow: true,
    prefix: "exec ",
  })`kubectl --context ${live.context} port-forward --pod-running-timeout=10s -n ${namespace} service/${service} :${port}`;
  try {
    const local = await forwardedPort(forward);
    if (local) return await use(`http://127.0.0.1:${local}/`);
    forward.child?.kill();
    throw new UserError(`${namespace}/${service} cannot be reached: ${explain(live, await forward)}`);
  } finally {
    forward.child?.kill();
  }
}

/** The local port that kubectl has opened; none where it ended, or said nothing for half a minute. */
function forwardedPort(forward: ProcessPromise): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = "";
    // Read to its end: it writes a line for each connection, and dies of a pipe that nobody reads.
    forward.stdout.on("data", (chunk) => {
      text += chunk;
      const port = /127\.0\.0\.1:(\d+) ->/.exec(text)?.[1];
      if (port) resolve(port);
    });
    void forward.then(() => resolve(undefined));
    setTimeout(resolve, 30_000, undefined).unref();
  });
}
