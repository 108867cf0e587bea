import { Agent, request as httpRequest } from "node:http";
import type { Cluster } from "../../generators/model/cluster.ts";
import type { Environment } from "../../generators/model/environment.ts";
import { ingress } from "../../generators/model/resolve.ts";
import { UserError } from "./cli.ts";
import { find, type LiveCluster, list } from "./cluster.ts";

/** One answer of the gateway; status 0 where there was none. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** From the first byte sent to the last received. */
  readonly milliseconds: number;
}

const patience = 5000;

/**
 * Where the gateway is reached from this machine.
 *
 * @param named an address that was given, such as http://127.0.0.1:30080
 * @param own whether it is the Kind cluster of this machine, whose ports are mapped here
 * @throws UserError where it has no address
 */
export async function gatewayAddress(
  live: LiveCluster,
  { provider }: Cluster,
  scheme: "http" | "https",
  named: string | undefined,
  own: boolean,
): Promise<string> {
  if (named !== undefined) {
    if (!URL.canParse(named) || new URL(named).protocol !== `${scheme}:`)
      throw new UserError(`--gateway ${named}: must be an address such as http://127.0.0.1:30080`);
    return new URL(named).origin;
  }
  if (own && provider.type === "kind")
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

/** Sends requests to one address over kept connections. */
export function gatewayClient(address: string): {
  readonly get: (host: string, path: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>;
  readonly close: () => void;
} {
  const { hostname, port } = new URL(address);
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const get = (host: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
    new Promise<Answer>((resolve) => {
      const started = performance.now();
      const end = (status: number, text: string) =>
        resolve({ status, text, milliseconds: performance.now() - started });
      const sent = httpRequest(
        { hostname, port: port || 80, path, agent, headers: { ...headers, host }, timeout: patience },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => {
            text += chunk;
          });
          response.on("end", () => end(response.statusCode ?? 0, text));
          response.on("error", (error) => end(0, error.message));
        },
      );
      sent.on("timeout", () => sent.destroy(new Error(`no answer in ${patience / 1000} s`)));
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
