import type { Cluster } from "../../../generators/model/cluster.ts";
import { nearMiss } from "../../../generators/model/faults.ts";
import type { Input, Platform } from "../../../generators/model/platform.ts";
import { UserError } from "../cli.ts";
import type { LiveCluster } from "../cluster.ts";

/** What is brought to life: the inputs, and the cluster they are for. */
export interface Target {
  readonly root: string;
  readonly platform: Platform;
  readonly cluster: Cluster;
  readonly live: LiveCluster;
}

/**
 * The cluster of a name, or the only one.
 *
 * @throws UserError with a near miss
 */
export function findCluster({ clusters }: Platform, name?: string): Input<Cluster> {
  const names = clusters.map(({ value }) => value.name);
  const [only] = clusters;
  if (!name && only && clusters.length === 1) return only;
  if (!name) throw new UserError(`--cluster is missing; it is one of ${names.join(", ")}`);
  const found = clusters.find(({ value }) => value.name === name);
  if (!found)
    throw new UserError(`there is no cluster ${name}; ${nearMiss(name, names) || `there are ${names.join(", ")}`}`);
  return found;
}

/** A command as a person would type it. */
export function typed(live: LiveCluster, ...args: readonly string[]): string {
  return ["kubectl", "--context", live.context, ...args]
    .map((word) => (/^[-\w./:=@,%]+$/.test(word) ? word : `'${word}'`))
    .join(" ");
}
