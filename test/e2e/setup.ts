import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { parseDocument } from "yaml";
import { $ } from "zx/core";
import { argocdNamespace } from "../../generators/argo/application.ts";
import { gitServer } from "../../generators/platform/gitea.ts";
import { withGitServer } from "../../scripts/lib/bootstrap/git-server.ts";
import { type LiveCluster, list } from "../../scripts/lib/cluster.ts";
import { repository, shippedFolder } from "../support.ts";

/**
 * A fresh clone on its way to a living platform: pushed to the Git server and bootstrapped with the command that people use,
 * which is interrupted after each of its steps and started again. On a cluster where that has been done before, everything
 * is found in place.
 */
export default async function setup(project: TestProject): Promise<() => void> {
  $.quiet = true;
  if (!process.env.KUBECONFIG) throw new Error("these tests change a cluster: name it with KUBECONFIG");
  const context = process.env.E2E_CONTEXT ?? (await $`kubectl config current-context`).stdout.trim();
  const url = process.env.E2E_REPO;
  const server = url ? { url, authorization: undefined, close: () => {} } : await openGitServer(context);
  const provided = (process.env.E2E_PROVIDED ?? "").split(",").filter(Boolean);
  // What is rendered for a component that is there already lies in its namespace.
  if (provided.includes("monitoring"))
    await $({ nothrow: true })`kubectl --context ${context} create namespace monitoring`;
  const clone = await makeClone(server, provided, url === undefined);
  const repo = url ? ["--repo", url] : [];
  const bootstrap = ["scripts/run.js", "bootstrap", "--context", context, ...repo, "--timeout", "10"];

  let interruptions = 0;
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    // One step later each time, until one run gets to its end.
    for (let steps = 1; await interrupted(clone, bootstrap, steps, signal); steps++) interruptions++;
  }
  const last = await $({ cwd: clone, nothrow: true, env: { ...process.env, NO_COLOR: "1" } })`node ${bootstrap}`;
  console.log(`bootstrap, after ${interruptions} interruptions:\n${last.stdout}`);
  if (last.exitCode !== 0 || !last.stdout.includes("nothing to do: everything is in place")) {
    throw new Error(
      `a repeated bootstrap ended with ${last.exitCode}, and not with everything in place:\n${last.stderr}`,
    );
  }
  const baseline = (await $({ cwd: clone })`git rev-parse HEAD`).stdout.trim();
  project.provide("e2e", { clone, context, baseline, firstSyncs: await firstSyncs({ context }) });
  return () => {
    server.close();
    rmSync(clone, { recursive: true, force: true });
  };
}

/** When each Application was first synced; without those whose first sync is no longer in its history. */
async function firstSyncs(live: LiveCluster): Promise<Record<string, string>> {
  const applications = await list(live, "applications.argoproj.io", argocdNamespace);
  return Object.fromEntries(
    applications.flatMap(({ metadata, status }) => {
      const [first] = (status?.history ?? []) as { id?: number; deployedAt: string }[];
      return first && (first.id ?? 0) === 0 ? [[metadata?.name, first.deployedAt]] : [];
    }),
  );
}

interface GitServer {
  readonly url: string;
  readonly authorization?: string | undefined;
  readonly close: () => void;
}

/** The cluster's own Git server, which a bootstrap has made, reachable until it is closed. */
async function openGitServer(context: string): Promise<GitServer> {
  return new Promise((resolve, reject) => {
    withGitServer({ context }, ({ url, authorization }) => {
      const repository = `${url}${gitServer.administrator}/platform.git`;
      return new Promise<void>((close) => resolve({ url: repository, authorization, close }));
    }).catch(reject);
  });
}

/** Runs a command and sends it a signal when it is done with so many steps. @returns whether it was still running */
async function interrupted(
  clone: string,
  command: readonly string[],
  steps: number,
  signal: "SIGINT" | "SIGKILL",
): Promise<boolean> {
  const running = $({ cwd: clone, nothrow: true, env: { ...process.env, NO_COLOR: "1" } })`node ${command}`;
  let output = "";
  for await (const chunk of running.stdout) {
    output += chunk;
    // A step is done when its line says what was there, or a line below it what was done.
    const done = output.split("\n").filter((line) => /^\d\/\d .*? {2}|^ +✓ .* \d+ s$/.test(line)).length;
    if (done >= steps && !output.includes("nothing to do") && !/^Next$/m.test(output)) {
      running.child?.kill(signal);
      break;
    }
  }
  const { exitCode, signal: got, stderr } = await running;
  if (exitCode !== null && exitCode !== 0 && got === null) throw new Error(`bootstrap failed:\n${output}\n${stderr}`);
  return got !== null;
}

/**
 * This repository with the inputs of the fixture in place of its own, on top of what the remote has, for the cluster that
 * the tests run on.
 */
async function makeClone(
  { url, authorization }: GitServer,
  provided: readonly string[],
  embedded: boolean,
): Promise<string> {
  const clone = mkdtempSync(join(tmpdir(), "slipway-e2e-"));
  const git = $({ cwd: clone });
  await git`git clone --quiet ${repository} .`;
  await git`git remote add cluster ${url}`;
  if (authorization) await git`git config http.${url}.extraHeader ${`Authorization: ${authorization}`}`;
  await git`git config user.name slipway-e2e`;
  await git`git config user.email slipway-e2e@localhost`;
  symlinkSync(join(repository, "node_modules"), join(clone, "node_modules"));
  writeFileSync(join(clone, ".git/info/exclude"), "node_modules\n");
  if ((await git`git rev-parse --is-shallow-repository`).stdout.trim() === "true") {
    // A Git server takes no history whose beginning is missing.
    const head = (await git`git rev-parse HEAD`).stdout.trim();
    await git`git switch --quiet --orphan whole`;
    await git`git read-tree -u --reset ${head}`;
    await git`git commit --quiet --message ${"test: the platform as it is"}`;
  }
  await git`git switch --quiet --force-create main`;
  await git`git remote remove origin`;
  const before = (await git`git ls-remote cluster refs/heads/main`).stdout.split(/\s/)[0];
  if (before) {
    // A run before this one was here: its history goes on.
    await git`git fetch --quiet cluster main`;
    await git`git reset --quiet --soft ${before}`;
  }
  for (const folder of ["envs", "clusters", "argo-apps"]) rmSync(join(clone, folder), { recursive: true });
  cpSync(shippedFolder, clone, { recursive: true });
  const file = join(clone, "clusters/local.yaml");
  const input = parseDocument(readFileSync(file, "utf8"));
  if (!embedded) {
    input.setIn(["repository", "url"], url);
    input.deleteIn(["platform", "gitea"]);
  }
  for (const component of provided)
    if (input.hasIn(["platform", component])) input.setIn(["platform", component, "provided"], true);
  if (process.env.E2E_METRICS) input.setIn(["platform", "monitoring", "url"], process.env.E2E_METRICS);
  writeFileSync(file, input.toString({ lineWidth: 0 }));
  await git`node scripts/run.js render`;
  await git`git add --all`;
  if ((await git`git status --porcelain`).stdout !== "")
    await git`git commit --quiet --message ${"test: the platform on this cluster"}`;
  return clone;
}
