import http from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { patience } from "../patience.ts";

/** Calls of a forge's API, each with the token of one host. */

/** What a forge says when it does not do what was asked. */
export class Refusal extends Error {
  readonly unauthorised: boolean;
  constructor(message: string, unauthorised = false) {
    super(message);
    this.unauthorised = unauthorised;
  }
}

export interface Request {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/**
 * Calls the API of one forge.
 *
 * @param form of the answer
 * @param address of what is called, on the forge's own host
 * @throws Refusal where the forge cannot be reached, or answers anything else than asked for
 */
export type Ask = <T>(
  form: z.ZodType<T>,
  method: "GET" | "POST" | "PUT" | "PATCH",
  address: string,
  request?: Request,
) => Promise<T>;

/** Whether what is sent to an address stays secret: over HTTPS, or on this machine. */
export function isConfidential(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === "https:" || isLoopback(hostname);
}

const isLoopback = (hostname: string) =>
  hostname === "localhost" ||
  hostname.endsWith(".localhost") ||
  hostname === "[::1]" ||
  /^127(\.\d+){3}$/.test(hostname);

/**
 * A caller that sends its headers to one server only.
 *
 * @param api any address of that server
 * @param headers sent with every call, a token among them
 */
export function askAt(api: string, headers: Readonly<Record<string, string>>): Ask {
  const { origin } = new URL(api);
  return async (form, method, address, { query = {}, body } = {}) => {
    const url = new URL(`${address}?${new URLSearchParams(query)}`);
    if (url.origin !== origin || !isConfidential(url.href))
      throw new Error(`a token of ${origin} is not sent to ${url.origin}`);
    const limit = patience();
    const signal = AbortSignal.timeout(limit);
    try {
      return read(form, url, await send(url, method, headers, body, signal));
    } catch (error) {
      if (error instanceof Refusal || !(error instanceof Error)) throw error;
      if (signal.aborted) throw new Refusal(`no answer for ${limit / 1000} s (SLIPWAY_TIMEOUT)`);
      throw new Refusal((error as NodeJS.ErrnoException).code ?? error.message);
    }
  };
}

interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly text: string;
  readonly location?: string | undefined;
}

function read<T>(form: z.ZodType<T>, { href }: URL, { status, reason, text, location }: Answer): T {
  // No redirect is followed: it could lead the token to another host.
  if (status >= 300 && status < 400 && location) {
    const { origin, pathname } = new URL(location, href);
    throw new Refusal(
      `${status} it has moved to ${origin}${pathname}; set the remote's URL to where the repository is now`,
    );
  }
  const isFine = status >= 200 && status < 300;
  const answer = form.safeParse(parseJson(text));
  // Azure DevOps answers 203 to a token that it does not take.
  if (isFine && status !== 203 && answer.success) return answer.data;
  const words = isFine ? "an answer that is none of such a forge" : describe(parseJson(text)) || reason;
  throw new Refusal(`${status} ${words}`, [203, 401, 403, 404].includes(status));
}

function send(
  url: URL,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: object | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  // `*.localhost` is this machine, as Git and browsers know (RFC 6761, 6.3), and not every resolver; `fetch` takes no Host.
  const here = url.hostname.endsWith(".localhost") && { hostname: "127.0.0.1", servername: url.hostname };
  const options = {
    ...here,
    method,
    headers: { Host: url.host, "User-Agent": "slipway", "Content-Type": "application/json", ...headers },
    signal,
  };
  return new Promise((resolve, reject) => {
    const outgoing = (url.protocol === "https:" ? https : http).request(url, options, (incoming) => {
      const { statusCode: status = 0, statusMessage: reason = "", headers } = incoming;
      text(incoming).then((text) => resolve({ status, reason, text, location: headers.location }), reject);
    });
    outgoing.on("error", reject).end(body && JSON.stringify(body));
  });
}

const words = z.union([z.string(), z.object({ message: z.string() }).transform(({ message }) => message)]);
const manyWords = z.union([
  words.transform((one) => [one]),
  z.array(words),
  z.record(z.string(), z.array(words)).transform((map) => Object.values(map).flat()),
]);

/** What forges say when they refuse: `message` (GitHub, Azure, Gitea, GitLab), `errors` (GitHub, Bitbucket Server), `error`. */
function describe(answer: unknown): string {
  const said = z.record(z.string(), z.unknown()).catch({}).parse(answer);
  return [said.message, said.errors, said.error]
    .flatMap((one) => manyWords.catch([]).parse(one))
    .join(", ")
    .replaceAll(/\s+/g, " ");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
