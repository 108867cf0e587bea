import { chalk } from "zx/core";
import { objectsBelow } from "../generators/index.ts";
import { monitoringOf, resolveEnvironment } from "../generators/model/resolve.ts";
import { main, rootOf } from "./lib/cli.ts";
import { clusterOptions, contextOf, find, requireReachable } from "./lib/cluster.ts";
import { gatewayAddress } from "./lib/gateway.ts";
import { readInputs } from "./lib/inputs.ts";
import { readPlatform } from "./lib/render.ts";
import { findCluster, findHosted } from "./lib/services.ts";
import { addressOrWhy, gatewayAnswers } from "./lib/verify/gateway.ts";
import {
  declaredCalls,
  mutualTls,
  policiesOfGit,
  readPods,
  strangerDenied,
  strangerReaches,
} from "./lib/verify/mesh.ts";
import { targetsUp, tracesArrive } from "./lib/verify/observability.ts";
import { withStranger } from "./lib/verify/probe.ts";
import type { Verdict } from "./lib/verify/verdict.ts";

const marks = { passed: chalk.green("✓"), failed: chalk.red("✗"), unknown: chalk.yellow("?") } as const;

await main({
  usage: "npm run verify --",
  summary:
    "Proves on the live cluster that mutual TLS is enforced, that undeclared calls are denied and declared ones pass, that the gateway answers, that every Prometheus target is up and that traces arrive. What could not be checked is said to be unknown. It asks from a pod in a namespace of its own, which is removed at the end. Exit status 1 where a check failed.",
  options: {
    ...clusterOptions,
    env: { type: "string", value: "NAME", help: "Only this environment." },
    gateway: { type: "string", value: "URL", help: "Address of the gateway's plain HTTP. Default: looked up." },
    json: { type: "boolean", help: "Print the verdicts as JSON." },
  },
  run: async ({ root, cluster: name, context, env, gateway, json }) => {
    const platform = readPlatform(readInputs(rootOf(root)));
    const cluster = findCluster(platform, name).value;
    const live = contextOf(cluster, context);
    await requireReachable(live);
    const environments = findHosted(cluster, platform, env).map((input) => resolveEnvironment(input, platform));
    const lookup = gatewayAddress(live, cluster, "http", gateway);
    // An address that was named wrongly is a wrong call; a cluster without one leaves checks undone.
    const address = gateway === undefined ? await addressOrWhy(lookup) : { url: await lookup };
    const secure = await addressOrWhy(gatewayAddress(live, cluster, "https"));
    const pods = await readPods(live);
    const rendered = objectsBelow(platform, "envs");
    const verdicts: Verdict[] = [];
    const tell = (found: readonly Verdict[]) => {
      verdicts.push(...found);
      if (!json) for (const verdict of found) console.log(renderVerdict(verdict));
    };
    await withStranger(live, async (stranger) => {
      const reaches = await strangerReaches(live, stranger);
      for (const environment of environments) {
        const workloads = [...environment.services, ...environment.dataStores];
        if (!json) console.log(chalk.bold(environment.input.value.name));
        // One after the other: a few connections to the API server, and not one for each pod of the platform.
        for (const workload of workloads) tell([await mutualTls(live, workload, pods)]);
        for (const workload of workloads) tell(await declaredCalls(live, workload, pods));
        for (const workload of workloads) tell([await strangerDenied(live, workload, stranger, reaches, pods)]);
        tell([await policiesOfGit(live, environment, rendered)]);
        const { scope } = environment;
        const isThere = await find(live, "gateways.networking.istio.io", scope.name, scope.routing);
        const none = { why: `the Gateway ${scope.routing}/${scope.name} is not there: was it ever synced?` };
        tell(await gatewayAnswers(environment, isThere ? address : none, isThere ? secure : none));
      }
      const { jaeger } = cluster.platform;
      const monitoring = monitoringOf(cluster);
      if (!json && (monitoring || jaeger)) console.log(chalk.bold("observability"));
      if (monitoring) tell([await targetsUp(live, monitoring.url, stranger)]);
      if (jaeger) tell(await tracesArrive(live, environments, address));
    });
    if (json) console.log(JSON.stringify(verdicts, null, 2));
    else console.log(count(verdicts));
    if (verdicts.some(({ result }) => result === "failed")) process.exitCode = 1;
  },
});

function renderVerdict({ name, did, saw, result }: Verdict): string {
  return `  ${marks[result]} ${name}\n      ${chalk.dim(`${did}:`)} ${result === "unknown" ? `not checked: ${saw}` : saw}`;
}

function count(verdicts: readonly Verdict[]): string {
  const of = (result: Verdict["result"]) => verdicts.filter((verdict) => verdict.result === result).length;
  return `${of("passed")} passed, ${of("failed")} failed, ${of("unknown")} could not be checked`;
}
