import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { Workload } from "../model/resolve.ts";
import { labels } from "./labels.ts";

/** Name of the ConfigMap of a version, or of a data store, which has none. */
export function configMapName(workload: string, version?: string): string {
  return version ? `${workload}-${version}` : workload;
}

/** The configuration of one version; none where it has no configuration. */
export function configMap(workload: Workload, data: Record<string, string> | undefined, version?: string): ConfigMap[] {
  if (!data) return [];
  const name = configMapName(workload.name, version);
  return [
    new ConfigMap({ metadata: { name, namespace: workload.namespace, labels: labels(workload, version) }, data }),
  ];
}
