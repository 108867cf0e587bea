import { chalk } from "zx/core";
import type { RolloutState } from "./lib/canary.ts";
import { main, rootOf, UserError } from "./lib/cli.ts";
import { clusterOptions, contextOf, requireReachable } from "./lib/cluster.ts";
import { openGit } from "./lib/git.ts";
import { readInputs } from "./lib/inputs.ts";
import { describeImages, type EnvironmentStatus, environmentStatus, readSnapshot } from "./lib/live.ts";
import { readPlatform } from "./lib/render.ts";
import { findCluster, findHosted } from "./lib/services.ts";

/** Seconds between two looks of --watch. */
const pause = 2;

const columns = ["service", "version", "image", "weight", "pods", "sync", "health"] as const;

await main({
  usage: "npm run status --",
  summary:
    "Every environment with its services and data stores: version, weight, pods, sync and health. Where the cluster differs from the inputs of this clone, both are shown: live → Git.",
  options: {
    ...clusterOptions,
    env: { type: "string", value: "NAME", help: "Only this environment." },
    watch: { type: "boolean", help: "Look again every two seconds, until Ctrl-C." },
    json: { type: "boolean", help: "Print it as JSON." },
  },
  run: async ({ cluster: name, context, root: folder, env, watch, json }) => {
    const root = rootOf(folder);
    const look = async () => {
      const platform = readPlatform(readInputs(root));
      const cluster = findCluster(platform, name).value;
      const live = contextOf(cluster, context);
      await requireReachable(live);
      const environments = findHosted(cluster, platform, env);
      const snapshot = await readSnapshot(live);
      const statuses = environments.map(({ value }) => environmentStatus(value, snapshot));
      const followed = snapshot.applications.find((application) => application.name === "root")?.revision;
      if (json)
        return JSON.stringify({ cluster: cluster.name, follows: followed ?? null, environments: statuses }, null, 2);
      const head = (
        await openGit(root)
          .revparse("HEAD")
          .catch(() => "")
      ).trim();
      return [headline(cluster.name, cluster.repository, followed, head), ...statuses.map(renderStatus)].join("\n\n");
    };
    do {
      const text = await look().catch((error: unknown) => {
        // A watch outlasts a cluster that is away for a moment.
        if (watch && error instanceof UserError) return chalk.red(error.message);
        throw error;
      });
      if (watch && process.stdout.isTTY) process.stdout.write("\u001b[2J\u001b[H");
      console.log(text);
      if (watch) await new Promise((resolve) => setTimeout(resolve, pause * 1000));
    } while (watch);
  },
});

function headline(
  name: string,
  { url, revision }: { url: string; revision: string },
  followed: string | undefined,
  head: string,
): string {
  if (!followed) return chalk.yellow(`${name} does not follow a repository yet; npm run bootstrap`);
  const difference = followed === head || head === "" ? "" : chalk.yellow(`; this clone is at ${head.slice(0, 8)}`);
  return `${chalk.bold(name)} follows ${revision} of ${url} at ${followed.slice(0, 8)}${difference}`;
}

/** An environment as a table, what is wrong below it. */
function renderStatus(status: EnvironmentStatus): string {
  const { environment, delivery, services, dataStores, problems, waiting, unconfirmed } = status;
  const pods = (live: { ready: number; wanted: number } | undefined) => (live ? `${live.ready}/${live.wanted}` : "-");
  const rows = [
    ...services.flatMap(({ service, versions, sync, health }) =>
      versions.map(({ version, git, live }, index) => [
        index === 0 ? service : "",
        version,
        compared(...describeImages(live, git)),
        compared(live && `${live.weight} %`, `${git.weight} %`),
        pods(live),
        index === 0 ? sync : "",
        index === 0 ? health : "",
      ]),
    ),
    ...dataStores.map(({ dataStore, git, live, sync, health }) => {
      const image = compared(...describeImages(live, git));
      return [dataStore, "", image, "", pods(live), sync, health];
    }),
  ];
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...rows.map((row) => (row[index] ?? "").length)),
  );
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join("  ")}`.trimEnd();
  const rollouts = services.flatMap(({ service, rollout }) =>
    rollout && rollout.state !== "serving" ? [renderRollout(service, rollout)] : [],
  );
  const trouble = problems.map((problem) => chalk.red(`  ${problem}`));
  const deletions =
    unconfirmed.length > 0
      ? [chalk.yellow(`  waits for a person to confirm its deletion: ${unconfirmed.join(", ")}`)]
      : [];
  const sync = waiting.length > 0 ? [chalk.yellow(`  waits for a person to press Sync: ${waiting.join(", ")}`)] : [];
  return [
    chalk.bold(`${environment}  ${delivery}`),
    chalk.dim(line(columns)),
    ...rows.map(line),
    ...rollouts,
    ...sync,
    ...deletions,
    ...trouble,
  ].join("\n");
}

/** What Flagger does with a release that does not serve yet. */
function renderRollout(service: string, { state, weight, failedChecks, message }: RolloutState): string {
  const checks = failedChecks > 0 ? `, ${failedChecks} failed ${failedChecks === 1 ? "check" : "checks"}` : "";
  const share = state === "analysing" || state === "waiting" ? ` at ${weight} %${checks}` : "";
  const colour = state === "failed" ? chalk.red : chalk.yellow;
  return colour(`  rollout of ${service}: ${state}${share}: ${message}`);
}

/** One value where Git and cluster agree, else both. */
function compared(live: string | undefined, git: string): string {
  return live === git ? git : `${live ?? "none"} → ${git}`;
}
