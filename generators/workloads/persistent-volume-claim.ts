import { PersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { kept } from "../argo/sync-options.ts";
import type { DataStoreWorkload } from "../model/resolve.ts";
import { labels } from "./labels.ts";

/** Name of a data store's claim: the one that a StatefulSet gives to the claim of its first pod. */
export function claimName(dataStore: string): string {
  return `data-${dataStore}-0`;
}

/** The volume of a data store. Argo CD never deletes it, whatever happens to the data store. */
export function persistentVolumeClaim(workload: DataStoreWorkload): PersistentVolumeClaim {
  const { storage } = workload.spec;
  return new PersistentVolumeClaim({
    metadata: {
      name: claimName(workload.name),
      namespace: workload.namespace,
      labels: labels(workload),
      annotations: kept,
    },
    spec: {
      accessModes: ["ReadWriteOnce"],
      storageClassName: storage.class,
      resources: { requests: { storage: storage.size } },
    },
  });
}
