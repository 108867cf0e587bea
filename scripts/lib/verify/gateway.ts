import { connect } from "node:tls";
import type { ResolvedEnvironment } from "../../../generators/model/resolve.ts";
import { UserError } from "../cli.ts";
import { exposuresOf, gatewayClient } from "../gateway.ts";
import type { Verdict } from "./verdict.ts";

/** Where the gateway is reached, or why it is not. */
export type Address = { readonly url: string } | { readonly why: string };

/** A look-up whose failure makes verdicts unknown, and ends nothing. */
export async function addressOrWhy(lookup: Promise<string>): Promise<Address> {
  try {
    return { url: await lookup };
  } catch (error) {
    if (error instanceof UserError) return { why: error.message };
    throw error;
  }
}

/**
 * The gateway answers for every host and path of an environment.
 *
 * @param address of its plain HTTP; `secure` of its HTTPS
 */
export async function gatewayAnswers(
  { input }: ResolvedEnvironment,
  address: Address,
  secure: Address,
): Promise<Verdict[]> {
  const { gateway, services } = input.value;
  const exposures = Object.keys(services).flatMap((service) => exposuresOf(input.value, service));
  const urls = new Map(exposures.map((one) => [`http://${one.host}${one.path}`, one]));
  const hosts = gateway?.tls ? gateway.hosts : [];
  return [...(await answers(urls, address)), ...(await Promise.all(hosts.map((host) => servesTls(host, secure))))];
}

async function answers(
  urls: ReadonlyMap<string, { readonly host: string; readonly path: string }>,
  address: Address,
): Promise<Verdict[]> {
  const name = (url: string) => `gateway answers for ${url}`;
  if ("why" in address)
    return [...urls.keys()].map((url) => ({ name: name(url), did: lookedFor, saw: address.why, result: "unknown" }));
  const client = gatewayClient(address.url);
  const verdicts = await Promise.all(
    [...urls].map(async ([url, { host, path }]): Promise<Verdict> => {
      const { status, text, fromPod } = await client.get(host, path);
      const saw = status === 0 ? text : `HTTP ${status}`;
      // 404 without a pod behind it is the gateway's own: it does not know the host. A redirect to HTTPS is an answer.
      const result = status === 0 || (status === 404 && !fromPod) || status >= 502 ? "failed" : "passed";
      return { name: name(url), did: `GET at ${address.url}`, saw, result };
    }),
  );
  client.close();
  return verdicts;
}

const lookedFor = "looked for the address of the gateway";

async function servesTls(host: string, secure: Address): Promise<Verdict> {
  const name = `gateway serves TLS for ${host}`;
  if ("why" in secure) return { name, did: lookedFor, saw: secure.why, result: "unknown" };
  const saw = await handshake(secure.url, host);
  return { name, did: `TLS handshake at ${secure.url}`, saw: saw.text, result: saw.ok ? "passed" : "failed" };
}

function handshake(address: string, servername: string): Promise<{ ok: boolean; text: string }> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve) => {
    // A certificate that nobody signed is told, and is no failure: on a local cluster it is the rule.
    const socket = connect(
      { host: hostname, port: Number(port || 443), servername, rejectUnauthorized: false, timeout: 5000 },
      () => {
        const { valid_to } = socket.getPeerCertificate();
        const trusted = socket.authorized ? "trusted" : "not signed by anybody known here";
        resolve({ ok: true, text: `${socket.getProtocol()}, certificate valid until ${valid_to}, ${trusted}` });
        socket.end();
      },
    );
    socket.on("timeout", () => socket.destroy(new Error("no answer in 5 s")));
    socket.on("error", (error) => resolve({ ok: false, text: error.message }));
  });
}
