import { randomBytes } from "node:crypto";
import { type ResolvedEnvironment, tracing } from "../../../generators/model/resolve.ts";
import { type LiveCluster, type ServiceAddress, withService } from "../cluster.ts";
import { exposuresOf, gatewayClient } from "../gateway.ts";
import type { Address } from "./gateway.ts";
import { ask, describeReply, type Source, strangerNamespace } from "./probe.ts";
import type { Verdict } from "./verdict.ts";

/** What Prometheus says of a target: https://prometheus.io/docs/prometheus/latest/querying/api/#targets */
export interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly health: "up" | "down" | "unknown";
  readonly lastError: string;
}

interface TargetsReply {
  readonly data: { readonly activeTargets: readonly Target[] };
}

/**
 * Every target of Prometheus can be scraped.
 *
 * @param url address of Prometheus inside of the cluster, as Kiali and Flagger know it
 * @param inside a container to ask from where Prometheus is no pod of the cluster
 */
export async function targetsUp(live: LiveCluster, url: string, inside: Source): Promise<Verdict> {
  const name = "every target of Prometheus is up";
  const did = `asked ${url} for its active targets`;
  const path = "api/v1/targets?state=active";
  const { address, base } = addressOf(url);
  const forwarded = await askService(live, address, (local) => getJson<TargetsReply>(`${local}${base}${path}`));
  const isElsewhere = "why" in forwarded && forwarded.why.includes("without a selector");
  const found = isElsewhere ? await askFrom<TargetsReply>(live, inside, address, `/${base}${path}`) : forwarded;
  if ("value" in found) return { name, did, ...judgeTargets(found.value.data.activeTargets) };
  return { name, did, saw: found.why, result: "unknown" };
}

/** The Service that an address is of, and the folder below it, with `/` at its end if there is one. */
function addressOf(url: string): { readonly address: ServiceAddress; readonly base: string } {
  const { hostname, port, protocol, pathname } = new URL(url);
  const [service = "", namespace = ""] = hostname.split(".");
  const usual = protocol === "https:" ? 443 : 80;
  const address = { namespace, service, port: port === "" ? usual : Number(port) };
  return { address, base: pathname === "/" ? "" : `${pathname.slice(1)}/` };
}

/** What the targets say about what is measured. */
export function judgeTargets(active: readonly Target[]): Pick<Verdict, "saw" | "result"> {
  // The stranger has come a moment ago, and goes.
  const targets = active.filter(({ labels }) => labels.namespace !== strangerNamespace);
  const down = targets.filter(({ health }) => health === "down");
  const fresh = targets.filter(({ health }) => health === "unknown").length;
  if (targets.length === 0) return { saw: "it has none", result: "failed" };
  if (down.length > 0) {
    const list = down.map(({ labels, lastError }) => `${labels.job} ${labels.instance} (${lastError})`);
    return { saw: `${down.length} of ${targets.length} down: ${list.join(", ")}`, result: "failed" };
  }
  if (fresh > 0) return { saw: `${fresh} of ${targets.length} not scraped yet`, result: "unknown" };
  return { saw: `${targets.length} targets, all of them up`, result: "passed" };
}

/** How long a span may take from a proxy to Jaeger's list, s: proxies send every 5 s. */
const patience = 30;

/** After a request through the gateway Jaeger has a new trace of services of each environment. */
export async function tracesArrive(
  live: LiveCluster,
  environments: readonly ResolvedEnvironment[],
  gateway: Address,
): Promise<Verdict[]> {
  // With room for clocks that differ.
  const since = Date.now() - 10_000;
  const sent = await Promise.all(environments.map((environment) => sendTraced(environment, gateway)));
  const found = await askService(
    live,
    { namespace: tracing.namespace, service: "jaeger", port: 16686 },
    async (url) => {
      const end = Date.now() + patience * 1000;
      for (;;) {
        const services = await tracedSince(url, environments, since);
        if (Date.now() > end || environments.every((environment) => servicesOf(environment, services).length > 0))
          return services;
        await new Promise((resolve) => setTimeout(resolve, 2000));
      }
    },
  );
  return environments.map((environment, index): Verdict => {
    const name = `traces of ${environment.input.value.name} arrive`;
    const { did: request, answered } = sent[index] ?? { did: "sent nothing", answered: false };
    const did = `${request}; asked ${tracing.namespace}/jaeger for its services`;
    if (!("value" in found)) return { name, did, saw: found.why, result: "unknown" };
    return { name, did, ...judgeTraces(environment, found.value, answered) };
  });
}

/**
 * Services of environments that Jaeger has a trace of since a moment, ms: it lists those that it has not heard of for long
 * as well.
 */
async function tracedSince(
  url: string,
  environments: readonly ResolvedEnvironment[],
  since: number,
): Promise<string[]> {
  const { data } = await getJson<{ data: readonly string[] | null }>(`${url}api/services`);
  const own = environments.flatMap((environment) => servicesOf(environment, data ?? []));
  const fresh = own.map(async (service) => {
    const query = new URLSearchParams({
      service,
      start: String(since * 1000),
      end: String(Date.now() * 1000),
      limit: "1",
    });
    const traces = await getJson<{ data: readonly unknown[] | null }>(`${url}api/traces?${query}`);
    return traces.data?.length ? [service] : [];
  });
  return (await Promise.all(fresh)).flat();
}

/**
 * What Jaeger's services say about the traces of an environment.
 *
 * @param answered whether a request got to the environment
 */
export function judgeTraces(
  environment: ResolvedEnvironment,
  services: readonly string[],
  answered: boolean,
): Pick<Verdict, "saw" | "result"> {
  const own = servicesOf(environment, services);
  if (own.length > 0) return { saw: own.join(", "), result: "passed" };
  const { sampling } = environment.scope.mesh.tracing;
  const saw = `no trace of its services in ${patience} s`;
  if (!answered) return { saw: `${saw}; no request got there`, result: "unknown" };
  if (sampling === 100) return { saw, result: "failed" };
  return { saw: `${saw}; ${sampling} % of its requests are sampled`, result: "unknown" };
}

/** Istio names the services of spans `<app>.<namespace>`. */
function servicesOf({ namespaces }: ResolvedEnvironment, services: readonly string[]): string[] {
  return services.filter((service) => namespaces.some((namespace) => service.endsWith(`.${namespace}`)));
}

interface Sent {
  readonly did: string;
  readonly answered: boolean;
}

/** Sends a request whose caller has decided that it is sampled, which proxies follow. */
async function sendTraced({ input }: ResolvedEnvironment, gateway: Address): Promise<Sent> {
  const [exposure] = Object.keys(input.value.services).flatMap((service) => exposuresOf(input.value, service));
  if (!exposure) return { did: "sent nothing, it exposes no service", answered: false };
  if ("why" in gateway) return { did: `sent nothing, ${gateway.why}`, answered: false };
  const client = gatewayClient(gateway.url);
  const { status, text } = await client.get(exposure.host, exposure.path, {
    "x-b3-traceid": randomBytes(16).toString("hex"),
    "x-b3-spanid": randomBytes(8).toString("hex"),
    "x-b3-sampled": "1",
  });
  client.close();
  const came = status === 0 ? text : `HTTP ${status}`;
  return { did: `GET http://${exposure.host}${exposure.path}: ${came}`, answered: status >= 200 && status < 300 };
}

/** What `use` gave, or why the Service could not be reached. */
async function askService<T>(
  live: LiveCluster,
  address: ServiceAddress,
  use: (url: string) => Promise<T>,
): Promise<{ readonly value: T } | { readonly why: string }> {
  try {
    return { value: await withService(live, address, use) };
  } catch (error) {
    const { message, cause } = error as Error;
    return { why: cause instanceof Error ? `${message}: ${cause.message}` : message };
  }
}

/** What a Service answers from inside the cluster, or why it does not. */
async function askFrom<T>(
  live: LiveCluster,
  inside: Source,
  { namespace, service, port }: ServiceAddress,
  path: string,
): Promise<{ readonly value: T } | { readonly why: string }> {
  const reply = await ask(live, inside, `${service}.${namespace}:${port}`, path);
  return reply.kind === "http" && reply.status === 200
    ? { value: JSON.parse(reply.body) as T }
    : { why: describeReply(reply) };
}

/** @throws where the answer is not JSON with a status of success, or takes longer than 10 s */
async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return (await response.json()) as T;
}
