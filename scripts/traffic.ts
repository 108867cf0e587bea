import { chalk } from "zx/core";
import type { Environment } from "../generators/model/environment.ts";
import { weightOf } from "../generators/model/resolve.ts";
import { main, rootOf, UserError } from "./lib/cli.ts";
import { clusterOptions, contextOf, requireReachable } from "./lib/cluster.ts";
import { exposuresOf, gatewayAddress, gatewayClient } from "./lib/gateway.ts";
import { readInputs } from "./lib/inputs.ts";
import { readPlatform } from "./lib/render.ts";
import { findCluster, findEnvironment, findService } from "./lib/services.ts";
import { type Share, significance } from "./lib/split.ts";
import { countTraffic, type TrafficReport } from "./lib/traffic.ts";

/** Requests under way at once, at most: a service that hangs must not pile them up. */
const atOnce = 200;

await main({
  usage: "npm run traffic --",
  positionals: "SERVICE",
  summary:
    "Sends requests through the gateway and compares the split between versions with the declared one. An answer counts for the version whose pod it names. Exit status 1 where the split is not the declared one, or requests fail.",
  options: {
    ...clusterOptions,
    env: { type: "string", value: "NAME", help: "The environment." },
    rate: { type: "string", value: "N", help: "Requests a second. Default: 50." },
    duration: { type: "string", value: "SECONDS", help: "How long. Default: 20." },
    header: { type: "string", value: "NAME=VALUE", help: "A header of each request, to try a header route." },
    host: { type: "string", value: "HOST", help: "The host name to ask for. Default: the first of the service's." },
    path: { type: "string", value: "PATH", help: "The path to ask for. Default: the first of the service's." },
    gateway: { type: "string", value: "URL", help: "Address of the gateway. Default: looked up." },
    json: { type: "boolean", help: "Print the result as JSON." },
  },
  run: async (
    { root, cluster: clusterName, context, env, header, host, path, gateway, json, ...numbers },
    [name, ...more],
  ) => {
    if (!name || more.length > 0) throw new UserError("name one service: for example, frontend");
    const rate = positive("--rate", numbers.rate ?? "50", 5000);
    const seconds = positive("--duration", numbers.duration ?? "20", 3600);
    const headers = parseHeader(header);
    const platform = readPlatform(readInputs(rootOf(root)));
    const input = findEnvironment(platform, env);
    findService(input, name);
    const environment = input.value;
    const [exposure] = exposuresOf(environment, name);
    if (!exposure)
      throw new UserError(
        `${name} is not exposed through the gateway in ${environment.name}, so no request reaches it from here`,
      );
    const cluster = findCluster(platform, clusterName ?? environment.cluster).value;
    const live = contextOf(cluster, context);
    await requireReachable(live);
    const scheme = environment.gateway?.tls?.redirect ? "https" : "http";
    const address = await gatewayAddress(live, cluster, scheme, gateway);
    const target = { host: host ?? exposure.host, path: path ?? exposure.path };
    const declared = declaredSplit(environment, name, headers);
    const versionOf = versionFinder(name, [...declared.keys()]);
    if (!json)
      console.log(
        `${rate} requests a second for ${seconds} s to ${scheme}://${target.host}${target.path} at ${address}`,
      );

    const count = countTraffic(declared);
    const client = gatewayClient(address);
    const missed = await send(
      rate,
      seconds,
      async () => {
        const answer = await client.get(target.host, target.path, headers);
        count.add(versionOf(answer.text), answer);
      },
      () => {
        if (!json) show(renderLine(count.shares()));
      },
    );
    client.close();
    const report = count.report();
    const verdict = judge(report, missed);
    if (!json && process.stdout.isTTY) process.stdout.write("\n");
    if (json) console.log(JSON.stringify({ ...report, missed, ...verdict }, null, 2));
    else console.log(renderReport(report, verdict));
    if (!verdict.ok) process.exitCode = 1;
  },
});

function positive(option: string, text: string, most: number): number {
  const value = Number(text);
  if (!(value > 0 && value <= most))
    throw new UserError(`${option} ${text}: must be a number above 0 and at most ${most}`);
  return value;
}

function parseHeader(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  const at = text.indexOf("=");
  if (at < 1) throw new UserError(`--header ${text}: must be NAME=VALUE, such as x-canary=true`);
  return { [text.slice(0, at).toLowerCase()]: text.slice(at + 1) };
}

/** What the inputs say a request with these headers gets: a header route, or the weights. */
function declaredSplit(
  environment: Environment,
  name: string,
  headers: Readonly<Record<string, string>>,
): Map<string, number> {
  const service = environment.services[name];
  const versions = Object.entries(service?.versions ?? {});
  const route = service?.headerRoutes?.find((one) =>
    Object.entries(one.headers).every(([header, value]) => headers[header.toLowerCase()] === value),
  );
  return new Map(
    versions.map(([version, spec]) => [
      version,
      route ? Number(route.version === version) : service ? weightOf(service, spec) / 100 : 0,
    ]),
  );
}

/** Finds the version of the pod that an answer names: pods are called after their Deployment, `<service>-<version>`. */
function versionFinder(name: string, versions: readonly string[]): (text: string) => string | undefined {
  const patterns = versions
    // The longest first: v1-b is not a pod of v1.
    .toSorted((a, b) => b.length - a.length)
    .map((version) => ({ version, pod: new RegExp(`\\b${name}-${version}-(primary-)?[a-z0-9]+-[a-z0-9]{5}\\b`) }));
  return (text) => patterns.find(({ pod }) => pod.test(text))?.version;
}

/**
 * Calls `request` at a steady rate.
 *
 * @param tick called each second
 * @returns how many were left out because too many were under way
 */
async function send(rate: number, seconds: number, request: () => Promise<void>, tick: () => void): Promise<number> {
  const started = performance.now();
  const underWay = new Set<Promise<void>>();
  let [due, missed, ticked] = [0, 0, 0];
  for (;;) {
    const elapsed = (performance.now() - started) / 1000;
    const wanted = Math.min(Math.floor(elapsed * rate) + 1, Math.round(rate * seconds));
    for (; due < wanted; due++) {
      if (underWay.size >= atOnce) {
        missed++;
        continue;
      }
      const one = request().finally(() => underWay.delete(one));
      underWay.add(one);
    }
    if (elapsed >= seconds) break;
    if (elapsed - ticked >= 1) {
      ticked = elapsed;
      tick();
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await Promise.all(underWay);
  return missed;
}

interface Verdict {
  readonly ok: boolean;
  readonly verdict: string;
}

function judge({ sent, versions, unanswered, split }: TrafficReport, missed: number): Verdict {
  const failed = Object.values(unanswered).reduce((sum, count) => sum + count, 0);
  const errors = versions.reduce((sum, version) => sum + version.errors, 0);
  if (failed === sent)
    return {
      ok: false,
      verdict: `no pod of the service answered (${statuses(unanswered)}), or the answers do not name their pod`,
    };
  const silent = versions.filter(({ declared, observed }) => declared > 0 && observed === 0);
  const figure = split.test === "certain" ? "" : `, ${split.test} test: p = ${split.p.toPrecision(3)}`;
  const faults = [
    ...(failed > 0 ? [`${failed} of ${sent} requests reached no pod (${statuses(unanswered)})`] : []),
    ...(errors > 0 ? [`${errors} answers were errors`] : []),
    ...(missed > 0 ? [`${missed} requests were not sent, because ${atOnce} were under way`] : []),
  ];
  if (split.test === "none")
    return { ok: false, verdict: ["too few answers for a verdict; send more", ...faults].join("; ") };
  if (split.p < significance) {
    const names =
      silent.length > 0 ? `, ${silent.map(({ version }) => version).join(" and ")} did not answer at all` : "";
    return { ok: false, verdict: [`the split is not the declared one${names}${figure}`, ...faults].join("; ") };
  }
  return { ok: faults.length === 0, verdict: [`the split is as declared${figure}`, ...faults].join("; ") };
}

function statuses(unanswered: TrafficReport["unanswered"]): string {
  return Object.entries(unanswered)
    .map(([status, count]) => `${count} × ${status === "0" ? "no answer" : status}`)
    .join(", ");
}

function show(line: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${line}`);
  else console.log(line);
}

function renderLine({ sent, versions }: Pick<TrafficReport, "sent"> & { readonly versions: readonly Share[] }): string {
  const answered = versions.reduce((sum, { observed }) => sum + observed, 0);
  return `  ${String(sent).padStart(6)}  ${versions.map(({ version, observed, declared }) => `${version} ${share(observed, answered)} (declared ${share(declared, 1)})`).join("  ")}`;
}

function renderReport({ versions, split }: TrafficReport, { ok, verdict }: Verdict): string {
  const answered = versions.reduce((sum, { observed }) => sum + observed, 0);
  const width = Math.max(7, ...versions.map(({ version }) => version.length));
  const cells = (row: readonly string[]) =>
    `  ${row[0]?.padEnd(width)}  ${row
      .slice(1)
      .map((cell) => cell.padStart(9))
      .join("")}`;
  const milliseconds = (value: number | undefined) => (value === undefined ? "-" : `${value.toFixed(1)} ms`);
  return [
    chalk.dim(cells(["version", "answers", "observed", "declared", "errors", "p50", "p95", "p99"])),
    ...versions.map(({ version, observed, declared, errors, p50, p95, p99 }) =>
      cells([
        version,
        String(observed),
        share(observed, answered),
        share(declared, 1),
        String(errors),
        ...[p50, p95, p99].map(milliseconds),
      ]),
    ),
    (ok ? chalk.green : chalk.red)(
      `${ok ? "✓" : "✗"} ${verdict}${split.test === "none" || split.test === "certain" ? "" : ` (limit ${significance})`}`,
    ),
  ].join("\n");
}

function share(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`;
}
