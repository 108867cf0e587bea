import * as http from "node:http";
import * as https from "node:https";
import type { Cluster } from "../../generators/model/cluster.ts";
import type { Environment } from "../../generators/model/environment.ts";
import { ingress } from "../../generators/model/resolve.ts";
import { UserError } from "./cli.ts";
import { contextOf, find, type LiveCluster, list } from "./cluster.ts";

/** One answer of the gateway; status 0 where there was none. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** Whether a pod gave it, and not the gateway itself. */
  readonly fromPod: boolean;
  /** From the first byte sent to the last received. */
  readonly milliseconds: number;
}

/** How long an answer may take, to its last byte, ms. */
const patience = 5000;

/**
 * Where the gateway is reached from this machine.
 *
 * @param named an address that was given, such as http://127.0.0.1:30080
 * @throws UserError where it has no address
 */
export async function gatewayAddress(
  live: LiveCluster,
  { name, provider }: Cluster,
  scheme: "http" | "https",
  named?: string,
): Promise<string> {
  if (named !== undefined) {
    if (!URL.canParse(named) || new URL(named).protocol !== `${scheme}:`)
      throw new UserError(`--gateway ${named}: must be an address such as http://127.0.0.1:30080`);
    return new URL(named).origin;
  }
  // Kind maps the gateway's ports to this machine; where Docker runs in a virtual machine, nothing else reaches it.
  if (provider.type === "kind" && live.context === contextOf({ name, provider }).context)
    return `${scheme}://127.0.0.1:${scheme === "http" ? provider.httpPort : provider.httpsPort}`;
  const service = await find(live, "services", ingress.name, ingress.namespace);
  if (!service) throw new UserError(`the cluster has no gateway: no Service ${ingress.namespace}/${ingress.name}`);
  const [balancer] = service.status?.loadBalancer?.ingress ?? [];
  if (balancer) return `${scheme}://${balancer.hostname ?? balancer.ip}`;
  const wanted = scheme === "http" ? 80 : 443;
  const port = service.spec.ports.find((one: { port: number }) => one.port === wanted)?.nodePort;
  const [node] = await list(live, "nodes");
  const address = node?.status?.addresses?.find((one: { type: string }) => one.type === "InternalIP")?.address;
  if (!port || !address)
    throw new UserError(
      "the gateway has no address that this machine can reach; name one with --gateway, for example of a kubectl port-forward",
    );
  return `${scheme}://${address}:${port}`;
}

/** Sends requests to one address over kept connections; over TLS without asking who signed the certificate. */
export function gatewayClient(address: string): {
  readonly get: (host: string, path: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>;
  readonly close: () => void;
} {
  const { protocol, hostname, port } = new URL(address);
  const { Agent, request } = protocol === "https:" ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const get = (host: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
    new Promise<Answer>((resolve) => {
      const started = performance.now();
      const end = (status: number, text: string, fromPod = false) =>
        resolve({ status, text, fromPod, milliseconds: performance.now() - started });
      const tls = protocol === "https:" && { servername: host, rejectUnauthorized: false };
      const sent = request(
        { hostname, port: port || undefined, path, agent, headers: { ...headers, host }, ...tls },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => {
            text += chunk;
          });
          // Envoy says how long the pod took: https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter
          const fromPod = response.headers["x-envoy-upstream-service-time"] !== undefined;
          response.on("end", () => end(response.statusCode ?? 0, text, fromPod));
          response.on("error", (error) => end(0, error.message));
        },
      );
      const limit = setTimeout(() => sent.destroy(new Error(`no answer in ${patience / 1000} s`)), patience);
      sent.on("close", () => clearTimeout(limit));
      sent.on("error", (error) => end(0, error.message));
      sent.end();
    });
  return { get, close: () => agent.destroy() };
}

/** Where a service is reached through the gateway: its hosts, and the path prefixes on them. */
export function exposuresOf(
  environment: Environment,
  service: string,
): { readonly host: string; readonly path: string }[] {
  const expose = environment.services[service]?.expose;
  if (!expose) return [];
  const hosts = expose.hosts ?? environment.gateway?.hosts ?? [];
  return hosts.flatMap((host) => expose.paths.map((path) => ({ host, path })));
}
