import type { ProcessOutput } from "zx/core";
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
  /** The connection was reset or closed without a byte. */
  | { readonly kind: "closed" }
  /** There was no connection: nothing listens there, no sidecar either. */
  | { readonly kind: "refused" }
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
  empty: 52,
  send: 55,
  receive: 56,
} as const;

/**
 * Sends one plain HTTP request from inside a container, with the curl that it has.
 *
 * @param address host and port
 */
export async function ask(live: LiveCluster, source: Source, address: string, path = "/"): Promise<Reply> {
  const url = `http://${address}${path}`;
  return replyOf(await execute(live, source, ["curl", "-s", "-m", String(seconds), "-w", "\n%{http_code}", url]));
}

/** Runs a program in a container. */
export async function execute(
  live: LiveCluster,
  { namespace, pod, container }: Source,
  command: readonly string[],
): Promise<Output> {
  return tryKubectl(live, ["exec", "-n", namespace, pod, "-c", container, "--", ...command]);
}

/** What `kubectl exec` left. */
export type Output = Pick<ProcessOutput, "exitCode" | "stdout" | "stderr">;

/** What a curl that writes the status below the body has met. */
export function replyOf({ exitCode, stdout, stderr }: Output): Reply {
  // kubectl itself ends with 1 where it fails: only what it says the program ended with is curl's.
  const ended = /^command terminated with exit code (\d+)$/m.exec(stderr)?.[1];
  if (exitCode !== 0 && ended === undefined) return { kind: "impossible", why: failure(stderr) };
  const [last = "", ...body] = stdout.split("\n").reverse();
  // Also where the rest of the body did not come in time.
  if (Number(last) > 0) return { kind: "http", status: Number(last), body: body.reverse().join("\n") };
  switch (Number(ended)) {
    case curl.unsupported:
      return { kind: "bytes" };
    case curl.timeout:
      return { kind: "silence" };
    case curl.refused:
      return { kind: "refused" };
    case curl.empty:
    case curl.send:
    case curl.receive:
      return { kind: "closed" };
    case curl.unresolved:
      return { kind: "impossible", why: "the name is unknown there" };
    default:
      return { kind: "impossible", why: failure(stderr) };
  }
}

/** Why a program did not run in a container. */
export function failure(stderr: string): string {
  if (/executable file not found|no such file/i.test(stderr)) return "its image has no curl";
  return stderr.trim().split("\n").at(-1) ?? "";
}

/** A reply in a few words. */
export function describeReply(reply: Reply): string {
  switch (reply.kind) {
    case "http":
      if (isDenied(reply)) return "403, refused by an AuthorizationPolicy";
      return hasNoPod(reply) ? `HTTP ${reply.status}: no healthy pod behind it` : `HTTP ${reply.status}`;
    case "bytes":
      return "an answer that is no HTTP";
    case "closed":
      return "the connection was closed without a byte";
    case "refused":
      return "the connection was refused: nothing listens there";
    case "silence":
      return `nothing in ${seconds} s`;
    case "impossible":
      return reply.why;
  }
}

/** Whether the other end let the request in: it answered, and not to refuse. */
export function isLetIn(reply: Reply): boolean {
  return reply.kind === "bytes" || (reply.kind === "http" && !isDenied(reply) && !hasNoPod(reply));
}

/** Whether an AuthorizationPolicy refused the request. */
export function isDenied(reply: Reply): boolean {
  return reply.kind === "http" && reply.status === 403 && /^RBAC: access denied/.test(reply.body);
}

/** Whether a proxy answered in the place of pods that it does not reach. */
function hasNoPod(reply: Reply): boolean {
  return reply.kind === "http" && [502, 503, 504].includes(reply.status);
}

/** The namespace of the stranger, which is made for the time of the checks. */
export const strangerNamespace = "slipway-verify";

/** How long the stranger lives where nobody is left to remove it, s. */
const lifetime = 900;

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
        activeDeadlineSeconds: lifetime,
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        securityContext: { runAsNonRoot: true, runAsUser: 100, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            name: stranger.container,
            image: "docker.io/curlimages/curl:8.16.0",
            command: ["sleep", String(lifetime)],
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
  let interrupted = false;
  let applied: Promise<unknown> = Promise.resolve();
  // The checks under way are not waited for: their requests would go on for minutes.
  const interrupt = () => {
    interrupted = true;
    void applied.then(remove).finally(() => process.exit(130));
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.once(signal, interrupt);
  try {
    // Of a run that was killed: its pod may have come to the end of its life.
    await remove();
    await waitUntil("the namespace of an earlier run to be gone", 120, async () => {
      const left = await kubectl(live, ["get", "namespace", strangerNamespace, "--ignore-not-found", "-o", "name"]);
      return left === "" ? undefined : `${strangerNamespace} is terminating`;
    });
    // The pod is refused until the namespace has its ServiceAccount.
    await waitUntil("a pod in the mesh to ask from", 60, async () => {
      if (interrupted) return "interrupted";
      const apply = tryKubectl(live, ["apply", ...serverSide, "-f", "-"], JSON.stringify(strangerObjects));
      applied = apply;
      const result = await apply;
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
    for (const signal of signals) process.off(signal, interrupt);
  }
}
