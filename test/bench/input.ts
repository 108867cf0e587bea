import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The repository that is measured. */
export const repository = join(import.meta.dirname, "../..");

/** Environments of the benchmark's platform: the ones that clusters/local.yaml hosts. */
export const environments = ["dev", "staging", "prod"] as const;

/** The service whose weights the one-value edit changes; it is exposed, so that the gateway's routes change with it. */
export const edited = serviceName(0);

interface Options {
  /** Whether `edited` has 80/20 and not 90/10. */
  readonly edit?: boolean;
  /** Whether each service says who calls it: what slipway works out, and Helm has to be told. */
  readonly callers?: boolean;
}

/** Inputs by path: the shipped cluster, and three environments of `count` services each. */
export function inputs(count: number): Map<string, string> {
  return new Map([
    ["clusters/local.yaml", readFileSync(join(repository, "clusters/local.yaml"), "utf8")],
    ...environments.map((name) => [`envs/${name}.yaml`, environmentText(name, count)] as const),
  ]);
}

/** One environment of `count` services; the same numbers give the same bytes. */
export function environmentText(name: string, count: number, options: Options = {}): string {
  const indexes = Array.from({ length: count }, (_, index) => index);
  const own = indexes.filter(ownHost).map((index) => `    - ${serviceName(index)}.${name}.bench.localhost\n`);
  return `# ${count} services like the shipped platform's backend.
name: ${name}
cluster: local
gateway:
  hosts:
    - ${name}.bench.localhost
${own.join("")}  tls: { secret: ${name}-gateway-tls, redirect: false }
mesh:
  tracing: { sampling: 100 }
delivery:
  sync: ${name === "prod" ? "manual" : "automated"}
services:
${indexes.map((index) => serviceText(name, index, count, options)).join("\n")}`;
}

function serviceText(environment: string, index: number, count: number, { edit, callers }: Options): string {
  const name = serviceName(index);
  const called = calls(index, count).map(serviceName);
  const [stable, canary] = edit && name === edited ? [80, 20] : [90, 10];
  const version = (key: string, weight: number, replicas: number, tag: string) => `      ${key}:
        weight: ${weight}
        replicas: ${replicas}
        release:
          image: { repository: ghcr.io/stefanprodan/podinfo, tag: ${tag} }
          ports: { http: { port: ${port(index)} } }
          command: [./podinfo, --port=${port(index)}, --level=info, --backend-url=$(${variable(called[0])}_URL)/echo]
          config: { PODINFO_UI_MESSAGE: ${name} }
          secrets: [${name}-credentials]
          probes: { readiness: { http: /readyz }, liveness: { http: /healthz } }
          calls: [${called.join(", ")}]
`;
  return `  ${name}:
${expose(environment, index)}${callers ? `    callers: [${callersOf(index, count).map(serviceName).join(", ")}]\n` : ""}    headerRoutes: [{ headers: { x-canary: "true" }, version: canary }]
    timeout: 10s
    retries: { attempts: 2, perTryTimeout: 3s }
    loadBalancer: ROUND_ROBIN
    connectionPool: { maxConnections: 100, maxPendingRequests: 50 }
    outlierDetection: { consecutive5xxErrors: 3, interval: 30s, baseEjectionTime: 30s }
    versions:
${version("stable", stable, 2, "6.14.0")}${version("canary", canary, 1, "6.15.0")}`;
}

/** Every tenth service is exposed: in turn under a path of the common host and under a host of its own. */
function expose(environment: string, index: number): string {
  if (index % 10 > 0) return "";
  const host = `${environment}.bench.localhost`;
  return ownHost(index)
    ? `    expose: { hosts: [${serviceName(index)}.${host}] }\n`
    : `    expose: { hosts: [${host}], paths: [/${serviceName(index)}] }\n`;
}

function ownHost(index: number): boolean {
  return index % 20 === 10;
}

/** Each service calls the next one; every second one also calls another far away. */
function calls(index: number, count: number): number[] {
  const far = index % 2 === 1 ? [(index + far2(count)) % count] : [];
  return [...new Set([(index + 1) % count, ...far])].sort((a, b) => a - b);
}

function callersOf(index: number, count: number): number[] {
  const candidates = [(index - 1 + count) % count, (index - far2(count) + count) % count];
  return [...new Set(candidates)].filter((caller) => calls(caller, count).includes(index)).sort((a, b) => a - b);
}

const far2 = (count: number) => Math.floor(count / 2) || 1;
const port = (index: number) => 8080 + (index % 10);
const variable = (name = "") => name.toUpperCase().replaceAll("-", "_");

function serviceName(index: number): string {
  return `service-${String(index).padStart(5, "0")}`;
}
