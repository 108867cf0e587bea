/** Fields that the API server never changes: `ValidateImmutableField` and its like in Kubernetes' validation.go files. */

import type { Manifest } from "./argo.ts";
import type { FieldChange } from "./compare.ts";

/** By kind: the paths that cannot change. */
const immutable: Readonly<Record<string, RegExp>> = {
  ClusterRoleBinding: /^roleRef\b/,
  DaemonSet: /^spec\.selector\b/,
  Deployment: /^spec\.selector\b/,
  EndpointSlice: /^addressType$/,
  IngressClass: /^spec\.controller$/,
  Job: /^spec\.(selector|template|completions|completionMode|podFailurePolicy|successPolicy|backoffLimitPerIndex|managedBy)\b/,
  PersistentVolume:
    /^spec\.(?!capacity\b|accessModes\b|claimRef\b|persistentVolumeReclaimPolicy\b|storageClassName\b|mountOptions\b|nodeAffinity\b|volumeAttributesClassName\b)/,
  PersistentVolumeClaim: /^spec\.(?!resources\.requests\b|volumeAttributesClassName\b)/,
  PriorityClass: /^(value|preemptionPolicy)$/,
  ReplicaSet: /^spec\.selector\b/,
  RoleBinding: /^roleRef\b/,
  RuntimeClass: /^handler$/,
  Secret: /^type$/,
  Service: /^spec\.clusterIPs?\b/,
  StatefulSet:
    /^spec\.(?!replicas\b|ordinals\b|template\b|updateStrategy\b|revisionHistoryLimit\b|persistentVolumeClaimRetentionPolicy\b|minReadySeconds\b)/,
  StorageClass: /^(provisioner|parameters|reclaimPolicy|volumeBindingMode)\b/,
};

/** @returns the first path of each field that the API server refuses to change */
export function refusedFields(before: Manifest, fields: readonly FieldChange[]): string[] {
  const { kind = "" } = before;
  const sealed = (kind === "ConfigMap" || kind === "Secret") && before.immutable === true;
  const pattern = sealed ? /^(data|binaryData|stringData|immutable)\b/ : immutable[kind];
  if (!pattern) return [];
  const paths = fields.filter(({ path, before: old }) => pattern.test(path) && !isFirst(kind, path, old));
  return [
    ...new Set(
      paths.map(({ path }) =>
        path
          .split(/[.[]/)
          .slice(0, path.startsWith("spec") ? 2 : 1)
          .join("."),
      ),
    ),
  ];
}

/** Whether a field is given its first value, which is allowed for some: the API server has chosen one meanwhile. */
function isFirst(kind: string, path: string, before: unknown): boolean {
  return kind === "PersistentVolumeClaim" && path === "spec.volumeName" && before === undefined;
}
