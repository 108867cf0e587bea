import { connect } from "node:tls";
import type { ResolvedEnvironment } from "../../../generators/model/resolve.ts";
import { exposuresOf, gatewayClient } from "../gateway.ts";
import type { Verdict } from "./verdict.ts";

/**
 * The gateway answers for every host and path of an environment.
 *
 * @param address of its plain HTTP; `secure` of its HTTPS, where it is known
 */
export async function gatewayAnswers(
  { input }: ResolvedEnvironment,
  address: string,
  secure: string | undefined,
): Promise<Verdict[]> {
  const client = gatewayClient(address);
  const exposures = Object.keys(input.value.services).flatMap((service) => exposuresOf(input.value, service));
  const routes = new Map(exposures.map((one) => [`${one.host}${one.path}`, one]));
  const plain = [...routes.values()].map(async ({ host, path }): Promise<Verdict> => {
    const { status, text } = await client.get(host, path);
    const saw = status === 0 ? text : `HTTP ${status}`;
    // 404 without a pod behind it is the gateway's own: it does not know the host.
    const result = status === 0 || status === 404 || status >= 502 ? "failed" : "passed";
    return { name: `gateway answers for http://${host}${path}`, did: `GET at ${address}`, saw, result };
  });
  const { gateway } = input.value;
  const tls = (gateway?.tls ? gateway.hosts : []).map(async (host): Promise<Verdict> => {
    const name = `gateway serves TLS for ${host}`;
    if (!secure)
      return { name, did: "looked for the address of its HTTPS", saw: "not known from here", result: "unknown" };
    const saw = await handshake(secure, host);
    return { name, did: `TLS handshake at ${secure}`, saw: saw.text, result: saw.ok ? "passed" : "failed" };
  });
  const verdicts = await Promise.all([...plain, ...tls]);
  client.close();
  return verdicts;
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
