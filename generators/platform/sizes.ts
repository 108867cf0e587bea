import type { Cluster } from "../model/cluster.ts";

/** Whether the cluster is one machine for trying things out: little memory, nothing kept. */
export function isLocal({ provider }: Pick<Cluster, "provider">): boolean {
  return provider.type === "kind";
}

/** Requests of a container, and the memory that it may take at most. */
export function memory(cpu: string, request: string, limit: string) {
  return { requests: { cpu, memory: request }, limits: { memory: limit } };
}
