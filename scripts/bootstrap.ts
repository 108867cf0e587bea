import { argocdRunning, credentialVariables, repositoryCredentials } from "./lib/bootstrap/argocd.ts";
import { gitServerRunning, gitServerWebhook, isEmbedded } from "./lib/bootstrap/git-server.ts";
import { kindCluster } from "./lib/bootstrap/kind.ts";
import { platformSettled, rootApplied } from "./lib/bootstrap/platform.ts";
import { remoteNamed, repositoryFilled } from "./lib/bootstrap/repository.ts";
import { secretsMade } from "./lib/bootstrap/secrets.ts";
import { summary } from "./lib/bootstrap/summary.ts";
import type { Target } from "./lib/bootstrap/target.ts";
import { carryOut } from "./lib/change.ts";
import { main, rootOf, UserError } from "./lib/cli.ts";
import { requireCommitted } from "./lib/clone.ts";
import { clusterOptions, contextOf, requireReachable } from "./lib/cluster.ts";
import { doctorStep } from "./lib/doctor.ts";
import { readInputs } from "./lib/inputs.ts";
import { planRender, readPlatform } from "./lib/render.ts";
import { findCluster } from "./lib/services.ts";
import { renderSteps, type Step, takeSteps } from "./lib/steps.ts";
import { isStale } from "./lib/tree.ts";

await main({
  usage: "npm run bootstrap --",
  summary: `From nothing to a cluster that follows this repository. Each step looks first: run it again at any time, also after it was interrupted. For a private repository, set ${credentialVariables.join(" and ")}.`,
  options: {
    ...clusterOptions,
    repo: {
      type: "string",
      value: "URL",
      help: "Follow this repository: the cluster's input is changed, committed and pushed there.",
    },
    timeout: { type: "string", value: "MINUTES", help: "Limit of the wait for Applications. Default: 20." },
    "dry-run": { type: "boolean", help: "Print every command, and do nothing." },
  },
  run: async ({ root: folder, cluster: name, context, repo, timeout = "20", "dry-run": dryRun = false }) => {
    const root = rootOf(folder);
    const minutes = Number(timeout);
    if (!(minutes > 0 && minutes <= 600))
      throw new UserError(`--timeout ${timeout}: must be a number of minutes from 1 to 600`);
    if (repo) await follow(root, repo, name, dryRun);
    const target = open(root, name, context, repo);
    const steps = planSteps(target, { own: context === undefined, push: repo !== undefined, minutes });
    if (dryRun) {
      console.log(renderSteps(steps));
      return;
    }
    await requireFresh(root);
    if (context !== undefined) await requireReachable(target.live);
    const changed = await takeSteps(steps);
    console.log(changed.length === 0 ? "\nnothing to do: everything is in place" : "");
    console.log(await summary(target));
  },
});

function open(root: string, name?: string, context?: string, repo?: string): Target {
  const platform = readPlatform(readInputs(root));
  const { value } = findCluster(platform, name);
  // In a dry run the input still names another.
  const cluster = repo ? { ...value, repository: { ...value.repository, url: repo } } : value;
  return { root, platform, cluster, live: contextOf(cluster, context) };
}

/** From nothing to a platform that follows Git, in order. */
function planSteps(target: Target, { own, push, minutes }: { own: boolean; push: boolean; minutes: number }): Step[] {
  const embedded = isEmbedded(target);
  return [
    doctorStep(target, own),
    ...(own && target.cluster.provider.type === "kind" ? [kindCluster(target)] : []),
    ...(embedded ? [gitServerRunning(target)] : []),
    repositoryFilled(target, push || embedded),
    argocdRunning(target),
    ...(embedded ? [gitServerWebhook(target), remoteNamed(target)] : []),
    // The cluster's own Git server has a password of its own.
    ...(process.env[credentialVariables[1]] && !embedded ? [repositoryCredentials(target)] : []),
    secretsMade(target),
    rootApplied(target),
    platformSettled(target, minutes * 60),
  ];
}

/** Makes the cluster's input name another repository: one commit, like every other change. */
async function follow(root: string, url: string, name: string | undefined, dryRun: boolean): Promise<void> {
  const { file, value } = findCluster(readPlatform(readInputs(root)), name);
  if (value.repository.url === url) return;
  const edit = { file, path: ["repository", "url"], from: value.repository.url, to: url };
  // Nothing would follow the cluster's own Git server any more.
  const server = { file, path: ["platform", "gitea"], from: value.platform.gitea, to: undefined };
  await carryOut(root, { "dry-run": dryRun }, () => ({
    subject: `bootstrap(${value.name}): follow ${url}`,
    services: [],
    edits: value.platform.gitea ? [edit, server] : [edit],
  }));
}

/** What is not committed would not reach the cluster. */
async function requireFresh(root: string): Promise<void> {
  await requireCommitted(root);
  if (isStale(planRender(root, { compareAll: true }).tree))
    throw new UserError("the rendered files are not what the inputs say; npm run render, and commit");
}
