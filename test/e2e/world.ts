/**
 * The platform under test: a clone of this repository with the inputs of test/fixtures/valid/3rvision, and the cluster that KUBECONFIG names.
 *
 * E2E_CONTEXT   kubectl context; the current one where it is not set
 * E2E_REPO      URL of a Git repository that this machine and the cluster reach; not set: the cluster's own Git server, after a bootstrap
 * E2E_PROVIDED  components that the cluster has already, such as `argocd,istio`
 * E2E_ARGOCD    address of Argo CD's API, and E2E_DEPLOYER, the token of a member of the group prod-deployers; what deployers
 *               may do is left out where they are not set
 * E2E_METRICS   address of a provided Prometheus; rollouts are left out where it is not set
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import { parseDocument } from "yaml";
import { $ } from "zx/core";
import {
  type ApplicationState,
  describeState,
  isSettled,
  readApplications,
  stateOf,
} from "../../scripts/lib/applications.ts";
import { find, kubectl, type LiveCluster, type LiveObject, waitUntil } from "../../scripts/lib/cluster.ts";
import { gatewayAddress, gatewayClient } from "../../scripts/lib/gateway.ts";
import { readInputs } from "../../scripts/lib/inputs.ts";
import { readPlatform } from "../../scripts/lib/render.ts";
import { findCluster, findEnvironment } from "../../scripts/lib/services.ts";

declare module "vitest" {
  interface ProvidedContext {
    e2e: {
      /** The clone that is bootstrapped from, and its kubectl context. */
      readonly clone: string;
      readonly context: string;
      /** The commit that was bootstrapped. */
      readonly baseline: string;
      /** When each Application was first synced, as far as its history goes back. */
      readonly firstSyncs: Readonly<Record<string, string>>;
    };
  }
}

$.quiet = true;

export const clone = () => inject("e2e").clone;
export const live = (): LiveCluster => ({ context: inject("e2e").context });

/** Runs a command of slipway in the clone. Gives its output, also where it fails. */
export async function slipway(command: string, ...args: readonly string[]) {
  const result = await $({
    cwd: clone(),
    nothrow: true,
    env: { ...process.env, NO_COLOR: "1" },
  })`node scripts/run.js ${command} ${args}`;
  return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr };
}

/** Runs a command that must succeed. @throws with what it said */
export async function must(command: string, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await slipway(command, ...args);
  if (exitCode !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${exitCode}:\n${stderr}\n${stdout}`);
  return stdout;
}

/** Git in the clone. */
export async function git(...args: readonly string[]): Promise<string> {
  return (await $({ cwd: clone() })`git ${args}`).stdout.trim();
}

/** Edits an input as a person would, renders, commits and pushes. */
export async function change(
  message: string,
  edits: Readonly<Record<string, (text: string) => string>>,
): Promise<void> {
  for (const [file, edit] of Object.entries(edits)) {
    const path = join(clone(), file);
    writeFileSync(path, edit(readFileSync(path, "utf8")));
  }
  await must("render");
  await push(message);
}

/** Commits what is there, where anything is, and pushes. */
export async function push(message: string): Promise<void> {
  await git("add", "--all");
  if ((await git("status", "--porcelain")) !== "") await git("commit", "--quiet", "--message", message);
  await git("push", "--quiet", "cluster", "HEAD:main");
}

/** The inputs as they were after the bootstrap, on the cluster too, whatever a test before this one has left. */
export async function baseline(): Promise<void> {
  await restore();
  await push("test: as it was");
  await settled();
  // While it waits for a confirmation, Argo CD looks at no newer commit.
  if (await confirmDeletions()) await settled();
}

/** The inputs as they were after the bootstrap, in the clone alone. */
export async function restore(): Promise<void> {
  await git("checkout", "--quiet", inject("e2e").baseline, "--", "envs", "clusters", "argo-apps");
  const wanted = new Set((await git("ls-tree", "-r", "--name-only", inject("e2e").baseline)).split("\n"));
  const extra = (await git("ls-files", "envs", "clusters", "argo-apps"))
    .split("\n")
    .filter((file) => !wanted.has(file));
  if (extra.length > 0) await git("rm", "--quiet", "--force", ...extra);
}

/** Confirms whatever waits for it. @returns whether anything did */
async function confirmDeletions(): Promise<boolean> {
  const waiting = (await readApplications(live())).filter(({ unconfirmed }) => unconfirmed.length > 0);
  for (const { name } of waiting) await confirmDeletion(name);
  return waiting.length > 0;
}

/** What the button of that name in the UI does: https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/ */
export async function confirmDeletion(application: string): Promise<void> {
  const approval = `argocd.argoproj.io/deletion-approved=${new Date().toISOString()}`;
  await kubectl(live(), ["annotate", "application", application, "-n", "argocd", "--overwrite", approval]);
}

/** Asks Argo CD to look at Git now, as its webhook would. */
export async function refresh(): Promise<void> {
  await kubectl(live(), [
    "annotate",
    "applications.argoproj.io",
    "-n",
    "argocd",
    "--all",
    "--overwrite",
    "argocd.argoproj.io/refresh=normal",
  ]);
}

/** Waits until everything that syncs by itself is Synced and Healthy with HEAD. */
export async function settled(): Promise<ApplicationState[]> {
  const head = await git("rev-parse", "HEAD");
  let states: ApplicationState[] = [];
  await refresh();
  await waitUntil("all Applications to be Synced and Healthy with HEAD", 300, async () => {
    states = await readApplications(live());
    const left = states.filter((state) => !isSettled(state) || state.revision !== head);
    return left.length === 0 ? undefined : left.map(describeState).join("; ");
  });
  return states;
}

/** One Application. */
export async function application(name: string): Promise<ApplicationState | undefined> {
  return (await readApplications(live())).find((state) => state.name === name);
}

/** Presses Sync for an environment as a person does in the UI: its parent, and then its Applications wave by wave. */
export async function pressSync(environment: string): Promise<void> {
  await refresh();
  await sync(environment);
  const own = (await readApplications(live())).filter(({ project }) => project === environment);
  for (const { name } of own.sort((a, b) => a.wave - b.wave)) await sync(name);
}

async function sync(name: string): Promise<void> {
  const head = await git("rev-parse", "HEAD");
  let before: ApplicationState | undefined;
  await waitUntil(`${name} to be compared with HEAD`, 60, async () => {
    const object = await get("applications.argoproj.io", name, "argocd");
    before = object && stateOf(object);
    // The request of `refresh` goes with its answer.
    const asked = (object?.metadata as any)?.annotations?.["argocd.argoproj.io/refresh"] !== undefined;
    return before?.revision === head && !asked ? undefined : "it is not";
  });
  if (before?.sync === "Synced" && before.health === "Healthy") return;
  const operation = { operation: { initiatedBy: { username: "a person" }, sync: { revision: head, prune: true } } };
  const patch = ["--type", "merge", "-p", JSON.stringify(operation)];
  await kubectl(live(), ["patch", "application", name, "-n", "argocd", ...patch]);
  await waitUntil(`${name} to be Synced and Healthy`, 180, async () => {
    const object = await get("applications.argoproj.io", name, "argocd");
    if (!object) return "it is not there";
    // It may have been so before: the sync is over when its request is gone.
    const under = (object as { operation?: unknown }).operation !== undefined;
    const state = stateOf(object);
    if (!under && state.givenUp) throw new Error(`${name}: ${state.message}`);
    return !under && state.sync === "Synced" && state.health === "Healthy" ? undefined : describeState(state);
  });
}

/** What traffic through the gateway shows, as the command of that name reports it. */
export async function traffic(service: string, environment: string, ...args: readonly string[]) {
  const { stdout, stderr, exitCode } = await slipway(
    "traffic",
    service,
    "--env",
    environment,
    "--context",
    live().context,
    "--json",
    ...args,
  );
  if (!stdout.startsWith("{")) throw new Error(`traffic ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout) as {
    ok: boolean;
    verdict: string;
    sent: number;
    unanswered: Record<string, number>;
    versions: { version: string; observed: number; errors: number }[];
  };
}

let address: Promise<string> | undefined;

/**
 * An answer of the gateway.
 *
 * @param host default: the environment's first
 */
export async function ask(environment: string, headers: Readonly<Record<string, string>> = {}, host?: string) {
  const platform = () => readPlatform(readInputs(clone()));
  address ??= gatewayAddress(live(), findCluster(platform()).value, "http");
  const client = gatewayClient(await address);
  const first = () => findEnvironment(platform(), environment).value.gateway?.hosts[0] ?? "";
  const answer = await client.get(host ?? first(), "/", headers);
  client.close();
  return answer;
}

/** Object of the cluster. */
export const get = (resource: string, name: string, namespace: string): Promise<LiveObject | undefined> =>
  find(live(), resource, name, namespace);

/** An input with one value set, comments kept. */
export function setIn(path: readonly string[], value: unknown): (text: string) => string {
  return (text) => {
    const document = parseDocument(text);
    document.setIn(path, value);
    return document.toString({ lineWidth: 0, flowCollectionPadding: true });
  };
}

/** An input with one value taken out. */
export function deleteIn(path: readonly string[]): (text: string) => string {
  return (text) => {
    const document = parseDocument(text);
    document.deleteIn(path);
    return document.toString({ lineWidth: 0 });
  };
}
