import { z } from "zod";
import { targetCidr } from "./cidr.ts";
import { hostName, port } from "./scalars.ts";

const reference = z
  .string()
  .regex(
    /^([a-z]([-a-z0-9]*[a-z0-9])?(:[a-z][-a-z0-9]*)?|([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?:[1-9][0-9]{0,4})$/,
    "must be a service (backend), a service's port (backend:grpc) or an external host with its port (api.example.com:443)",
  );

const protocol = z.enum(["http", "grpc", "tls", "tcp"]);

/** Ranges that a host's addresses are in. */
export const targetCidrs = z.array(targetCidr).min(1);

const externalCall = z
  .strictObject({
    host: hostName.describe("The external host."),
    port: port.describe("Its port."),
    protocol: protocol
      .optional()
      .describe("What is spoken on it; tls where the application encrypts. Default: http on 80, tls on 443, else tcp."),
    cidrs: targetCidrs
      .optional()
      .describe(
        "Ranges that the host's addresses are in, [10.20.0.0/16]; nothing else is reached on this port. Default: what network.hosts of the cluster says, else every public address and no private one.",
      ),
  })
  .describe("An external host of which more is to be said than its port.");

/** What a release calls, as it stands in an input. */
export const call = z.union([reference, externalCall]);

export type Call = z.output<typeof call>;
export type Protocol = z.output<typeof protocol>;

/** A service of the environment, or one port of it. */
export interface ServiceCall {
  readonly service: string;
  readonly port?: string;
}

/** A host outside of the mesh. */
export interface ExternalCall {
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** Stated ranges of its addresses. */
  readonly cidrs?: readonly string[] | undefined;
}

/** What a call in an input refers to: `backend`, `backend:grpc`, `api.example.com:443` or the map of an external host. */
export function parseCall(call: Call): ServiceCall | ExternalCall {
  if (typeof call !== "string") return { ...call, protocol: call.protocol ?? usualProtocol(call.port) };
  const [target = "", port] = call.split(":");
  if (!target.includes(".")) return { service: target, ...(port && { port }) };
  return { host: target, port: Number(port), protocol: usualProtocol(Number(port)) };
}

function usualProtocol(port: number): Protocol {
  return port === 80 ? "http" : port === 443 ? "tls" : "tcp";
}

/** A call in one word: `backend`, `backend:grpc`, `api.example.com:443`. Calls of one target have the same. */
export function callTarget(call: Call): string {
  return typeof call === "string" ? call : `${call.host}:${call.port}`;
}

/** The external hosts among calls: one of each host and port, with all ranges that are stated for it. */
export function externalCalls(calls: readonly Call[]): ExternalCall[] {
  const all = calls.map(parseCall).filter((call) => "host" in call);
  return [...Map.groupBy(all, ({ host, port }) => `${host}:${port}`).values()].map((same) => {
    const stated = same.flatMap(({ cidrs = [] }) => cidrs);
    return { ...(same[0] as ExternalCall), cidrs: stated.length > 0 ? [...new Set(stated)] : undefined };
  });
}
