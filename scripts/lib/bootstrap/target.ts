import type { Cluster } from "../../../generators/model/cluster.ts";
import type { Platform } from "../../../generators/model/platform.ts";
import type { LiveCluster } from "../cluster.ts";

/** What is brought to life: the inputs, and the cluster they are for. */
export interface Target {
  readonly root: string;
  readonly platform: Platform;
  readonly cluster: Cluster;
  readonly live: LiveCluster;
}

/** A command as a person would type it. */
export function typed(live: LiveCluster, ...args: readonly string[]): string {
  return ["kubectl", "--context", live.context, ...args]
    .map((word) => (/^[-\w./:=@,%]+$/.test(word) ? word : `'${word}'`))
    .join(" ");
}
