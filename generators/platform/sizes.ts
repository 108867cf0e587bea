import type { Cluster } from "../model/cluster.ts";

/** Whether the cluster is one machine for trying things out: little memory, nothing kept. */
export function isLocal({ provider }: Pick<Cluster, "provider">): boolean {
  return provider.type === "kind";
}

/** Requests of a container, and the memory that it may take at most. */
export function memory(cpu: string, request: string, limit: string) {
  return { requests: { cpu, memory: request }, limits: { memory: limit } };
}

/**
 * StorageClass for the volumes of components; the cluster's default where nothing is given. EKS has had a class but no
 * default since 1.30 (https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions-extended.html).
 */
export function storageClass({ provider }: Pick<Cluster, "provider">): string | undefined {
  return provider.type === "eks" ? "gp2" : undefined;
}
