import { ingress, type ResolvedEnvironment, serviceHost, type Workload } from "../../../generators/model/resolve.ts";
import type { KubernetesObject } from "../../../generators/render/output.ts";
import { type LiveCluster, type LiveObject, list } from "../cluster.ts";
import { ask, describeReply, execute, failure, isDenied, isLetIn, type Reply, type Source } from "./probe.ts";
import type { Verdict } from "./verdict.ts";

/** The pods of the cluster that run. */
export type Pods = readonly LiveObject[];

export async function readPods(live: LiveCluster): Promise<Pods> {
  return (await list(live, "pods")).filter(({ status }) => status?.phase === "Running" && status.podIP);
}

/** Address of a pod of a workload; none where nothing of it runs. */
function addressOf(pods: Pods, { name, namespace }: Pick<Workload, "name" | "namespace">): string | undefined {
  return podOf(pods, namespace, "app.kubernetes.io/name", name)?.status.podIP;
}

/** The container of a workload that runs its program. */
function containerOf(pods: Pods, { name, namespace }: Pick<Workload, "name" | "namespace">): Source | undefined {
  const pod = podOf(pods, namespace, "app.kubernetes.io/name", name);
  return pod && { namespace, pod: pod.metadata?.name ?? "", container: name };
}

/** The sidecar of a workload. */
function sidecarOf(pods: Pods, workload: Pick<Workload, "name" | "namespace">): Source | undefined {
  const source = containerOf(pods, workload);
  return source && { ...source, container: "istio-proxy" };
}

/** The ingress gateway's proxy. It is a router: nothing that is sent from its pod is redirected. */
function gatewayOf(pods: Pods): Source | undefined {
  const pod = podOf(pods, ingress.namespace, "istio", ingress.selector.istio);
  return pod && { namespace: ingress.namespace, pod: pod.metadata?.name ?? "", container: "istio-proxy" };
}

function podOf(pods: Pods, namespace: string, label: string, value: string): LiveObject | undefined {
  return pods.find(({ metadata }) => {
    const { labels = {} } = metadata as { labels?: Record<string, string> };
    return metadata?.namespace === namespace && labels[label] === value;
  });
}

/**
 * Plain text, past every proxy, straight to a pod: with mutual TLS enforced nothing comes back. Asked from where the
 * NetworkPolicy lets requests in, one after the other, until one says something.
 */
export async function mutualTls(live: LiveCluster, workload: Workload, pods: Pods): Promise<Verdict> {
  const name = `mutual TLS of ${label(workload)}`;
  const [address, port] = [addressOf(pods, workload), workload.ports[0]?.targets[0]];
  if (!address || !port) return unknown(name, "looked for a pod to ask", "none runs");
  const callers = workload.callers.flatMap((caller) => {
    const source = sidecarOf(pods, caller);
    return source ? [{ source, port: caller.ports[0] ?? port, sidecar: true }] : [];
  });
  const gateway = gatewayOf(pods);
  const sources = [
    ...callers,
    ...(gateway ? [{ source: gateway, port: workload.exposed[0] ?? port, sidecar: false }] : []),
  ];
  if (sources.length === 0)
    return unknown(name, "looked for a caller's or the gateway's pod, to ask from", "none runs");
  const tried: string[] = [];
  for (const { source, port, sidecar } of sources) {
    const from = `${source.namespace}/${source.pod}`;
    const obstacle = sidecar ? await redirected(live, source) : undefined;
    const reply: Reply = obstacle
      ? { kind: "impossible", why: obstacle }
      : await ask(live, source, `${address}:${port}`);
    const did = `plain HTTP from the proxy of ${from} to ${address}:${port}`;
    const saw = describeReply(reply);
    if (reply.kind === "closed") return { name, did, saw, result: "passed" };
    // A refusal by policy is an answer too: it was read without mutual TLS.
    if (reply.kind === "http" || reply.kind === "bytes")
      return { name, did, saw: `${saw}: plain text is taken`, result: "failed" };
    tried.push(`from ${from}: ${reply.kind === "silence" ? `${saw}, a NetworkPolicy may have stopped it` : saw}`);
  }
  return unknown(name, `plain HTTP from the proxies of its callers and of the gateway to ${address}`, tried.join("; "));
}

/** The user whose traffic the redirection of a sidecar leaves alone: its proxy's. */
const proxyUser = "1337";

/** Why what is sent from a sidecar's container would go through its proxy, and not be plain text. */
async function redirected(live: LiveCluster, sidecar: Source): Promise<string | undefined> {
  const { exitCode, stdout, stderr } = await execute(live, sidecar, ["id", "-u"]);
  if (exitCode !== 0) return failure(stderr);
  const user = stdout.trim();
  return user === proxyUser ? undefined : `user ${user} there is not the proxy's, ${proxyUser}: its sidecar encrypts`;
}

/** What is declared in `calls` passes. */
export async function declaredCalls(live: LiveCluster, caller: Workload, pods: Pods): Promise<Verdict[]> {
  return Promise.all(
    caller.callees.map(async (callee): Promise<Verdict> => {
      const name = `${label(caller)} may call ${callee.name}`;
      const source = containerOf(pods, caller);
      const address = `${serviceHost(callee)}:${callee.service.port}`;
      if (!source) return unknown(name, "looked for a pod to ask from", "none runs");
      const did = `HTTP from ${source.pod} to ${address}`;
      const reply = await ask(live, source, address);
      const saw = describeReply(reply);
      if (reply.kind === "impossible") return unknown(name, did, saw);
      if (callee.service.protocol === "tcp" && reply.kind === "silence")
        return unknown(name, did, `${saw}: its server may be waiting for its client to speak first`);
      return { name, did, saw, result: isLetIn(reply) ? "passed" : "failed" };
    }),
  );
}

/**
 * Whether the stranger's connections get anywhere: without that its silence says nothing. It asks istiod, which tells everybody
 * its version, outside of the mesh.
 */
export async function strangerReaches(live: LiveCluster, stranger: Source): Promise<boolean> {
  return isLetIn(await ask(live, stranger, "istiod.istio-system.svc.cluster.local:15014"));
}

/**
 * What is not declared is denied, for a caller with a good certificate too.
 *
 * @param reaches what `strangerReaches` found
 */
export async function strangerDenied(
  live: LiveCluster,
  workload: Workload,
  stranger: Source,
  reaches: boolean,
  pods: Pods,
): Promise<Verdict> {
  const name = `strangers may not call ${label(workload)}`;
  const [port] = workload.ports;
  if (!addressOf(pods, workload) || !port) return unknown(name, "looked for a pod to ask", "none runs");
  const address = `${serviceHost(workload)}:${port.port}`;
  const did = `HTTP from a pod in the mesh that no calls name to ${address}`;
  return { name, did, ...judgeStranger(await ask(live, stranger, address), reaches) };
}

/** What a stranger's request says about who gets in. */
export function judgeStranger(reply: Reply, reaches: boolean): Pick<Verdict, "saw" | "result"> {
  const saw = describeReply(reply);
  if (isDenied(reply)) return { saw, result: "passed" };
  if (isLetIn(reply)) return { saw, result: "failed" };
  if (reply.kind !== "closed" && reply.kind !== "silence") return { saw, result: "unknown" };
  if (reaches) return { saw, result: "passed" };
  return { saw: `${saw}, but that pod does not reach istiod:15014 either`, result: "unknown" };
}

/** Kinds that decide who gets in, and their resources. */
const policyKinds: Readonly<Record<string, string>> = {
  AuthorizationPolicy: "authorizationpolicies.security.istio.io",
  PeerAuthentication: "peerauthentications.security.istio.io",
  NetworkPolicy: "networkpolicies.networking.k8s.io",
};

/**
 * The policies of an environment's namespaces are the ones in Git: one more, or one less, might let somebody in.
 *
 * @param rendered objects of Git, policies among them
 */
export async function policiesOfGit(
  live: LiveCluster,
  { input, namespaces }: ResolvedEnvironment,
  rendered: readonly KubernetesObject[],
): Promise<Verdict> {
  const policies = (objects: readonly KubernetesObject[]) =>
    new Set(
      objects
        .filter(({ kind, metadata }) => kind in policyKinds && namespaces.includes(metadata?.namespace ?? ""))
        .map(({ kind, metadata }) => `${kind} ${metadata?.namespace}/${metadata?.name}`),
    );
  const found = policies((await Promise.all(Object.values(policyKinds).map((kind) => list(live, kind)))).flat());
  const wanted = policies(rendered);
  const name = `policies of ${input.value.name} are those of Git`;
  const did = "listed AuthorizationPolicies, PeerAuthentications and NetworkPolicies";
  if (found.size === 0) return unknown(name, did, "there is none: was it ever synced?");
  const faults = [
    ["not in Git", found.difference(wanted)] as const,
    ["not on the cluster", wanted.difference(found)] as const,
  ].flatMap(([what, odd]) => (odd.size > 0 ? [`${what}: ${[...odd].join(", ")}`] : []));
  const saw = faults.join("; ") || `${found.size}, all of them rendered`;
  return { name, did, saw, result: faults.length === 0 ? "passed" : "failed" };
}

function label({ scope, name }: Workload): string {
  return `${scope.name}/${name}`;
}

function unknown(name: string, did: string, saw: string): Verdict {
  return { name, did, saw, result: "unknown" };
}
