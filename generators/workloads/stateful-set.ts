import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { guarded } from "../argo/sync-options.ts";
import type { DataStoreWorkload } from "../model/resolve.ts";
import { configMapName } from "./config-map.ts";
import { labels, selectorLabels } from "./labels.ts";
import {
  configChecksum,
  containerSecurity,
  environment,
  imageReference,
  podSecurity,
  probe,
  resourceRequirements,
} from "./pod.ts";

/** A data store: one pod, one volume that outlives it and the StatefulSet. */
export function statefulSet(workload: DataStoreWorkload): StatefulSet {
  const { spec, name, namespace } = workload;
  const check = probe(spec.probe ?? { tcp: true }, "tcp", { tcp: { port: spec.port } });
  return new StatefulSet({
    metadata: { name, namespace, labels: labels(workload), annotations: guarded },
    spec: {
      replicas: 1,
      serviceName: name,
      selector: { matchLabels: selectorLabels(name) },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      template: {
        metadata: { labels: labels(workload), annotations: configChecksum(spec.config) },
        spec: {
          serviceAccountName: name,
          enableServiceLinks: false,
          automountServiceAccountToken: false,
          securityContext: { ...podSecurity(spec.user), fsGroupChangePolicy: "OnRootMismatch" },
          terminationGracePeriodSeconds: 60,
          containers: [
            {
              name,
              image: imageReference(spec.image),
              args: spec.args,
              ports: [{ name: "tcp", containerPort: spec.port }],
              ...environment(spec, spec.config && configMapName(name)),
              // A first start fills the volume, which takes minutes.
              startupProbe: { ...check, periodSeconds: 10, failureThreshold: 60 },
              readinessProbe: check,
              livenessProbe: { ...check, failureThreshold: 6 },
              resources: resourceRequirements(spec.resources),
              securityContext: containerSecurity,
              volumeMounts: [
                { name: "data", mountPath: spec.storage.path },
                ...spec.writable.map((path, index) => ({ name: "scratch", mountPath: path, subPath: `${index}` })),
              ],
            },
          ],
          volumes: [{ name: "scratch", emptyDir: {} }],
        },
      },
      volumeClaimTemplates: [
        {
          // The API server fills in kind and volumeMode; stated here, they are no difference to Argo CD.
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          metadata: { name: "data" },
          spec: {
            accessModes: ["ReadWriteOnce"],
            volumeMode: "Filesystem",
            storageClassName: spec.storage.class,
            resources: { requests: { storage: spec.storage.size } },
          },
        },
      ],
    },
  });
}
