import { z } from "zod";
import { targetCidrs } from "./calls.ts";
import { cidr } from "./cidr.ts";
import { name, port } from "./scalars.ts";

const dnsServer = z
  .strictObject({
    namespace: name.optional().describe("Namespace of its pods."),
    labels: z
      .record(z.string(), z.string())
      .optional()
      .describe("Labels of its pods. Default: all pods of the namespace."),
    cidr: cidr.optional().describe("Its address where it is no pod, or its Service's, such as 10.96.0.10/32."),
    port: port.default(53).describe("The port that it listens on. Default: 53."),
  })
  .refine(
    ({ namespace, labels, cidr }) => (namespace === undefined) !== (cidr === undefined) && !(labels && cidr),
    "must state either namespace, with or without labels, or cidr",
  )
  .meta({
    oneOf: [{ required: ["namespace"] }, { required: ["cidr"] }],
    dependencies: { labels: ["namespace"] },
  });

/** What is particular about a cluster's network. */
export const network = z
  .strictObject({
    hosts: z
      .record(
        z
          .string()
          .regex(
            /^(\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)\.([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
            "must be a host such as db.example.com, or the end of many: *.corp.example.com",
          ),
        targetCidrs,
      )
      .default({})
      .describe(
        'Ranges that the addresses of external hosts are in, by host or by the end of many: { "*.corp.example.com": [10.20.0.0/16] }. Policies then let calls of such a host out to these ranges alone; the longest match counts. Default: none, hosts are public.',
      ),
    dns: z
      .array(dnsServer)
      .default([])
      .describe(
        "Where names are resolved besides CoreDNS and NodeLocal DNSCache at their usual places. OpenShift: [{ namespace: openshift-dns, port: 5353 }]. Default: none.",
      ),
    reserved: z
      .array(cidr)
      .default([])
      .describe(
        "Ranges of the cluster itself: pods, Services, nodes, the API server. No call gets there by the range of an external host. Default: none besides what Kind takes.",
      ),
  })
  .prefault({})
  .describe("What is particular about the cluster's network. Default: nothing is.");

export type Network = z.output<typeof network>;
export type DnsServer = z.output<typeof dnsServer>;

/**
 * Addresses of DNS that are no pods' to a NetworkPolicy, by how a cluster is made. Where NodeLocal DNSCache or the node
 * itself answers in place of the Service kube-dns, its address is what the policy sees.
 */
const dnsAddresses = {
  kind: ["10.96.0.10/32"],
  // The two ranges that EKS takes Services from; on nodes of Auto Mode DNS is no pod.
  eks: ["10.100.0.10/32", "172.20.0.10/32"],
  // The Service, and LocalDNS.
  aks: ["10.0.0.10/32", "169.254.10.11/32"],
  // The Service of kubeadm, of k3s and RKE2, and of GKE; Cloud DNS of GKE, which is on the metadata service's address.
  existing: ["10.96.0.10/32", "10.43.0.10/32", "34.118.224.10/32", "169.254.169.254/32"],
} as const;

const kubeSystem = "kube-system";
/** https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/ */
const nodeLocal = "169.254.20.10/32";

/** Where the pods of a cluster ask for names: the usual places and those that its input adds. */
export function dnsServers(provider: keyof typeof dnsAddresses, { dns }: Network): DnsServer[] {
  return [
    { namespace: kubeSystem, labels: { "k8s-app": "kube-dns" }, port: 53 },
    { namespace: kubeSystem, labels: { "k8s-app": "node-local-dns" }, port: 53 },
    ...[nodeLocal, ...dnsAddresses[provider]].map((cidr) => ({ cidr, port: 53 })),
    ...dns,
  ];
}

/** Ranges of a cluster's own pods and Services, as far as they are known: https://kind.sigs.k8s.io/docs/user/configuration/ */
export function reservedRanges(provider: keyof typeof dnsAddresses, { reserved }: Network): string[] {
  return [...(provider === "kind" ? ["10.244.0.0/16", "10.96.0.0/16"] : []), ...reserved];
}

/** The ranges that a cluster states for a host: those of the host, else those of the longest end of it. */
export function rangesOf(host: string, { hosts }: Network): readonly string[] | undefined {
  const matches = Object.keys(hosts).filter((key) =>
    key.startsWith("*.") ? host.endsWith(key.slice(1)) : host === key,
  );
  const rank = (key: string) => (key === host ? Number.POSITIVE_INFINITY : key.length);
  const [best] = matches.sort((a, b) => rank(b) - rank(a));
  return best === undefined ? undefined : hosts[best];
}
