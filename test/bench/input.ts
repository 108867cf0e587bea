import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import type { OutputFile } from "../../generators/render/output.ts";

/** The repository that is measured. */
export const repository = join(import.meta.dirname, "../..");

/** Environments of the benchmark's platform: the ones that the cluster of the fixture 3rvision hosts. */
export const environments = ["dev", "staging", "prod"] as const;

const serviceName = (index: number) => `service-${String(index).padStart(5, "0")}`;

/** The service whose weights the one-value edit changes; it is exposed, so that the gateway's routes change with it. */
export const edited = serviceName(0);

interface Options {
  /** Whether `edited` has 80/20 and not 90/10. */
  readonly edit?: boolean;
  /** Whether each service says who calls it: what slipway works out, and Helm has to be told. */
  readonly callers?: boolean;
}

/** The shipped cluster without what the chart has no counterpart of, and three environments of `count` services each. */
export function inputs(count: number): OutputFile[] {
  const cluster = parseDocument(
    readFileSync(join(repository, "test/fixtures/valid/3rvision/clusters/local.yaml"), "utf8"),
  );
  for (const component of ["monitoring", "jaeger", "kiali", "flagger"]) cluster.deleteIn(["platform", component]);
  return [
    { path: "clusters/local.yaml", text: cluster.toString({ lineWidth: 0 }) },
    ...environments.map((name) => ({ path: `envs/${name}.yaml`, text: environmentText(name, count) })),
  ];
}

/** One environment of `count` services like the shipped platform's backend; the same numbers give the same bytes. */
export function environmentText(name: string, count: number, { edit, callers }: Options = {}): string {
  const indexes = Array.from({ length: count }, (_, index) => index);
  const calls = indexes.flatMap((from) => called(from, count).map((to) => ({ from, to })));
  const callersOf = Map.groupBy(calls, ({ to }) => to);
  const services = indexes.map((index) => {
    const from = callersOf.get(index)?.map((call) => serviceName(call.from)) ?? [];
    const own = callers ? [`callers: [${from.join(", ")}]`] : [];
    return serviceText(index, called(index, count).map(serviceName), edit ? [80, 20] : [90, 10], own);
  });
  return `# ${count} services.
name: ${name}
cluster: local
gateway:
  hosts: [${name}.bench.localhost]
  tls: { secret: ${name}-gateway-tls, redirect: false }
mesh:
  tracing: { sampling: 100 }
delivery:
  sync: ${name === "prod" ? "manual" : "automated"}
services:
${services.join("\n")}`;
}

/** Each service calls the next one, and every second one also calls another far away. */
function called(index: number, count: number): number[] {
  const targets = index % 2 === 0 ? [index + 1] : [index + 1, index + Math.floor(count / 2)];
  return [...new Set(targets.map((target) => target % count))].sort((a, b) => a - b);
}

/** Every tenth service is exposed, under a path of its own. `weights` are those of the first service. */
function serviceText(
  index: number,
  calls: readonly string[],
  weights: readonly number[],
  own: readonly string[],
): string {
  const name = serviceName(index);
  const port = 8080 + (index % 10);
  const [stable, canary] = name === edited ? weights : [90, 10];
  const lines = [...own, ...(index % 10 === 0 ? [`expose: { paths: [/${name}] }`] : [])];
  const version = (key: string, weight: number | undefined, replicas: number, tag: string) => `
      ${key}:
        weight: ${weight}
        replicas: ${replicas}
        release:
          image: { repository: ghcr.io/stefanprodan/podinfo, tag: ${tag} }
          ports: { http: { port: ${port} } }
          command: [./podinfo, --port=${port}, --level=info, --backend-url=$(${calls[0]?.toUpperCase().replace("-", "_")}_URL)/echo]
          config: { PODINFO_UI_MESSAGE: ${name} }
          secrets: [${name}-credentials]
          probes: { readiness: { http: /readyz }, liveness: { http: /healthz } }
          calls: [${calls.join(", ")}]`;
  return `  ${name}:${lines.map((line) => `\n    ${line}`).join("")}
    headerRoutes: [{ headers: { x-canary: "true" }, version: canary }]
    timeout: 10s
    retries: { attempts: 2, perTryTimeout: 3s }
    loadBalancer: ROUND_ROBIN
    connectionPool: { maxConnections: 100, maxPendingRequests: 50 }
    outlierDetection: { consecutive5xxErrors: 3, interval: 30s, baseEjectionTime: 30s }
    versions:${version("stable", stable, 2, "6.14.0")}${version("canary", canary, 1, "6.15.0")}
`;
}
