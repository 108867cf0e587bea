import { ingress, type ResolvedEnvironment, serviceHost, type Workload } from "../../../generators/model/resolve.ts";
import { type LiveCluster, type LiveObject, list } from "../cluster.ts";
import { ask, describeReply, isLetIn, type Reply, type Source } from "./probe.ts";
import type { Verdict } from "./verdict.ts";

/** The pods of the cluster, by what they belong to. */
export class Pods {
  readonly #pods: readonly LiveObject[];

  constructor(pods: readonly LiveObject[]) {
    this.#pods = pods.filter(({ status }) => status?.phase === "Running" && status.podIP);
  }

  static async read(live: LiveCluster): Promise<Pods> {
    return new Pods(await list(live, "pods"));
  }

  /** Address of a pod of a workload; none where nothing of it runs. */
  addressOf({ name, namespace }: Pick<Workload, "name" | "namespace">): string | undefined {
    return this.#find(namespace, "app.kubernetes.io/name", name)?.status.podIP;
  }

  /** The container of a workload that runs its program. */
  containerOf({ name, namespace }: Pick<Workload, "name" | "namespace">): Source | undefined {
    const pod = this.#find(namespace, "app.kubernetes.io/name", name);
    return pod && { namespace, pod: pod.metadata?.name ?? "", container: name };
  }

  /** The ingress gateway's proxy: the one place in the mesh whose own requests no sidecar wraps into mutual TLS. */
  gateway(): Source | undefined {
    const pod = this.#find(ingress.namespace, "istio", ingress.selector.istio);
    return pod && { namespace: ingress.namespace, pod: pod.metadata?.name ?? "", container: "istio-proxy" };
  }

  #find(namespace: string, label: string, value: string): LiveObject | undefined {
    return this.#pods.find(({ metadata }) => {
      const { labels = {} } = metadata as { labels?: Record<string, string> };
      return metadata?.namespace === namespace && labels[label] === value;
    });
  }
}

/** Plain text, past every proxy, straight to a pod: with mutual TLS enforced nothing comes back. */
export async function mutualTls(live: LiveCluster, workload: Workload, pods: Pods): Promise<Verdict> {
  const name = `mutual TLS of ${label(workload)}`;
  const [address, source, port] = [pods.addressOf(workload), pods.gateway(), workload.ports[0]?.targets[0]];
  if (!address || !port) return unknown(name, "looked for a pod to ask", "none runs");
  if (!source) return unknown(name, "looked for the gateway's pod, to ask from", "none runs");
  const did = `plain HTTP from the gateway's pod to ${address}:${port}`;
  const reply = await ask(live, source, `${address}:${port}`);
  const saw = describeReply(reply);
  if (reply.kind === "closed") return { name, did, saw, result: "passed" };
  // A refusal by policy is an answer too: it was read without mutual TLS.
  if (reply.kind === "http" || reply.kind === "bytes")
    return { name, did, saw: `${saw}: plain text is taken`, result: "failed" };
  const why = reply.kind === "silence" ? `${saw}: a NetworkPolicy may have stopped it before` : saw;
  return unknown(name, did, why);
}

/** What is declared in `calls` passes. */
export async function declaredCalls(live: LiveCluster, caller: Workload, pods: Pods): Promise<Verdict[]> {
  return Promise.all(
    caller.callees.map(async (callee): Promise<Verdict> => {
      const name = `${label(caller)} may call ${callee.name}`;
      const source = pods.containerOf(caller);
      const address = `${serviceHost(callee)}:${callee.service.port}`;
      if (!source) return unknown(name, "looked for a pod to ask from", "none runs");
      const did = `HTTP from ${source.pod} to ${address}`;
      const reply = await ask(live, source, address);
      if (reply.kind === "impossible") return unknown(name, did, describeReply(reply));
      // A server that waits for its client to speak first is silent, and lets it in all the same.
      const silent = callee.service.protocol === "tcp" && reply.kind === "silence";
      return { name, did, saw: describeReply(reply), result: isLetIn(reply) || silent ? "passed" : "failed" };
    }),
  );
}

/** What is not declared is denied, for a caller with a good certificate too. */
export async function strangerDenied(
  live: LiveCluster,
  workload: Workload,
  stranger: Source,
  pods: Pods,
): Promise<Verdict> {
  const name = `strangers may not call ${label(workload)}`;
  const [port] = workload.ports;
  if (!pods.addressOf(workload) || !port) return unknown(name, "looked for a pod to ask", "none runs");
  const address = `${serviceHost(workload)}:${port.port}`;
  const did = `HTTP from a pod in the mesh that no calls name to ${address}`;
  const reply: Reply = await ask(live, stranger, address);
  if (reply.kind === "impossible") return unknown(name, did, describeReply(reply));
  return { name, did, saw: describeReply(reply), result: isLetIn(reply) ? "failed" : "passed" };
}

/** Kinds that decide who gets in. */
const policyKinds = [
  "authorizationpolicies.security.istio.io",
  "peerauthentications.security.istio.io",
  "networkpolicies.networking.k8s.io",
];

/**
 * The policies of an environment's namespaces are the ones in Git: one more might let somebody in.
 *
 * @param rendered `kind namespace/name` of each policy in Git
 */
export async function policiesOfGit(
  live: LiveCluster,
  { input, namespaces }: ResolvedEnvironment,
  rendered: ReadonlySet<string>,
): Promise<Verdict> {
  const found = (await Promise.all(policyKinds.map((kind) => list(live, kind)))).flat();
  const own = found.filter(({ metadata }) => namespaces.includes(metadata?.namespace ?? ""));
  const foreign = own
    .map(({ kind, metadata }) => `${kind} ${metadata?.namespace}/${metadata?.name}`)
    .filter((policy) => !rendered.has(policy));
  return {
    name: `policies of ${input.value.name} are those of Git`,
    did: "listed AuthorizationPolicies, PeerAuthentications and NetworkPolicies",
    saw: foreign.length === 0 ? `${own.length}, all of them rendered` : `not in Git: ${foreign.join(", ")}`,
    result: foreign.length === 0 ? "passed" : "failed",
  };
}

function label({ scope, name }: Workload): string {
  return `${scope.name}/${name}`;
}

function unknown(name: string, did: string, saw: string): Verdict {
  return { name, did, saw, result: "unknown" };
}
