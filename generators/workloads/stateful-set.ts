import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { guarded } from "../argo/sync-options.ts";
import type { DataStoreWorkload } from "../model/resolve.ts";
import { configMapName } from "./config-map.ts";
import { labels, selectorLabels } from "./labels.ts";
import { claimName } from "./persistent-volume-claim.ts";
import {
  configChecksum,
  environment,
  imageReference,
  podSecurity,
  probe,
  resourceRequirements,
  securityOf,
} from "./pod.ts";

/**
 * A data store: one pod that mounts one claim. The claim is an object of its own: Kubernetes changes no
 * `volumeClaimTemplates` of a StatefulSet that exists, so that a volume could not grow by a commit.
 */
export function statefulSet(workload: DataStoreWorkload): StatefulSet {
  const { spec, name, namespace } = workload;
  const check = probe(spec.probe ?? { tcp: true }, "tcp", { tcp: { port: spec.port } });
  return new StatefulSet({
    metadata: { name, namespace, labels: labels(workload), annotations: guarded },
    spec: {
      replicas: 1,
      serviceName: name,
      selector: { matchLabels: selectorLabels(name) },
      template: {
        metadata: { labels: labels(workload), annotations: configChecksum(spec.config) },
        spec: {
          serviceAccountName: name,
          enableServiceLinks: false,
          automountServiceAccountToken: false,
          securityContext: { ...podSecurity(spec.user, [spec.port]), fsGroupChangePolicy: "OnRootMismatch" },
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
              // No liveness: a server that is busy or recovers from a crash would be killed, and one that has ended is restarted anyway.
              readinessProbe: check,
              resources: resourceRequirements(spec.resources),
              securityContext: securityOf(spec.capabilities, [spec.port]),
              volumeMounts: [
                { name: "data", mountPath: spec.storage.path },
                ...spec.writable.map((path, index) => ({ name: "scratch", mountPath: path, subPath: `${index}` })),
              ],
            },
          ],
          volumes: [
            { name: "data", persistentVolumeClaim: { claimName: claimName(name) } },
            { name: "scratch", emptyDir: {} },
          ],
        },
      },
    },
  });
}
