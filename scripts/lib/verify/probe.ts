import type { LiveCluster } from "../cluster.ts";
import { kubectl, serverSide, tryKubectl, waitUntil } from "../cluster.ts";

/** A container that a request is sent from. */
export interface Source {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** What a request from inside the cluster led to. */
export type Reply =
  | { readonly kind: "http"; readonly status: number; readonly body: string }
  /** Bytes that are no HTTP came back: the other end speaks another protocol, and it does speak. */
  | { readonly kind: "bytes" }
  /** The connection was refused, reset or closed without a byte. */
  | { readonly kind: "closed" }
  /** Nothing came back in time. */
  | { readonly kind: "silence" }
  /** The request could not be sent from there. */
  | { readonly kind: "impossible"; readonly why: string };

const seconds = 4;

/** Exit statuses of curl: https://curl.se/docs/manpage.html#EXIT */
const curl = {
  unsupported: 1,
  unresolved: 6,
  refused: 7,
  timeout: 28,
  tls: 35,
  empty: 52,
  send: 55,
  receive: 56,
} as const;

/**
 * Sends one plain HTTP request from inside a container, with the curl that it has.
 *
 * @param address host and port
 */
export async function ask(live: LiveCluster, { namespace, pod, container }: Source, address: string): Promise<Reply> {
  const command = ["curl", "-s", "-m", String(seconds), "-w", "\n%{http_code}", `http://${address}/`];
  const { exitCode, stdout, stderr } = await tryKubectl(live, [
    "exec",
    "-n",
    namespace,
    pod,
    "-c",
    container,
    "--",
    ...command,
  ]);
  const [status = "0", ...body] = stdout.split("\n").reverse();
  if (exitCode === 0) return { kind: "http", status: Number(status), body: body.reverse().join("\n") };
  if (exitCode === curl.unsupported && !/error:/i.test(stderr)) return { kind: "bytes" };
  if (exitCode === curl.unsupported && /exit code 1$/m.test(stderr.trim())) return { kind: "bytes" };
  if (exitCode === curl.timeout) return { kind: "silence" };
  if ([curl.refused, curl.tls, curl.empty, curl.send, curl.receive].some((code) => code === exitCode))
    return { kind: "closed" };
  if (exitCode === curl.unresolved) return { kind: "impossible", why: "the name is unknown there" };
  const missing = /executable file not found|no such file/i.test(stderr) || exitCode === 127;
  return { kind: "impossible", why: missing ? "its image has no curl" : (stderr.trim().split("\n").at(-1) ?? "") };
}

/** A reply in a few words. */
export function describeReply(reply: Reply): string {
  switch (reply.kind) {
    case "http":
      return /^RBAC: access denied/.test(reply.body)
        ? "403, refused by an AuthorizationPolicy"
        : `HTTP ${reply.status}`;
    case "bytes":
      return "an answer that is no HTTP";
    case "closed":
      return "the connection was closed without a byte";
    case "silence":
      return `nothing in ${seconds} s`;
    case "impossible":
      return reply.why;
  }
}

/** Whether the other end let the request in: it answered, and not to refuse. */
export function isLetIn(reply: Reply): boolean {
  if (reply.kind === "bytes") return true;
  return reply.kind === "http" && !/^RBAC: access denied/.test(reply.body) && ![502, 503, 504].includes(reply.status);
}

/** The namespace of the stranger, which is made for the time of the checks. */
export const strangerNamespace = "slipway-verify";

const stranger: Source = { namespace: strangerNamespace, pod: "stranger", container: "curl" };

const strangerObjects = {
  apiVersion: "v1",
  kind: "List",
  items: [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: strangerNamespace,
        labels: { "istio-injection": "enabled", "pod-security.kubernetes.io/enforce": "restricted" },
      },
    },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: stranger.pod, namespace: strangerNamespace },
      spec: {
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        securityContext: { runAsNonRoot: true, runAsUser: 100, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            name: stranger.container,
            image: "docker.io/curlimages/curl:8.16.0",
            command: ["sleep", "600"],
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
            resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "64Mi" } },
          },
        ],
      },
    },
  ],
};

/**
 * Makes a pod in the mesh that nobody's `calls` name, for as long as `use` takes: what it may do, any stranger may.
 *
 * @throws UserError where it does not become ready
 */
export async function withStranger<T>(live: LiveCluster, use: (source: Source) => Promise<T>): Promise<T> {
  const remove = () =>
    tryKubectl(live, ["delete", "namespace", strangerNamespace, "--ignore-not-found", "--wait=false"]);
  try {
    await waitUntil("the namespace of an earlier run to be gone", 120, async () => {
      const phase = await kubectl(live, [
        "get",
        "namespace",
        strangerNamespace,
        "--ignore-not-found",
        "-o",
        "jsonpath={.status.phase}",
      ]);
      return phase === "Terminating" ? `${strangerNamespace} is terminating` : undefined;
    });
    // The pod is refused until the namespace has its ServiceAccount.
    await waitUntil("a pod in the mesh to ask from", 60, async () => {
      const result = await tryKubectl(live, ["apply", ...serverSide, "-f", "-"], JSON.stringify(strangerObjects));
      return result.exitCode === 0 ? undefined : result.stderr.trim();
    });
    await waitUntil(
      "that pod to be ready",
      120,
      async () => {
        const ready = await kubectl(live, [
          "get",
          "pod",
          stranger.pod,
          "-n",
          strangerNamespace,
          "-o",
          "jsonpath={.status.conditions[?(@.type=='Ready')].status}",
        ]);
        return ready === "True" ? undefined : "it is not ready";
      },
      [`kubectl --context ${live.context} describe pod -n ${strangerNamespace}`],
    );
    return await use(stranger);
  } finally {
    await remove();
  }
}
