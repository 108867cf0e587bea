import { LimitRange } from "kubernetes-models/v1/LimitRange";
import { Namespace } from "kubernetes-models/v1/Namespace";
import { ResourceQuota } from "kubernetes-models/v1/ResourceQuota";
import { guarded } from "../argo/sync-options.ts";
import type { Environment } from "../model/environment.ts";
import { groupLabels } from "./labels.ts";

/**
 * A namespace of services: sidecars are injected, pods must meet Pod Security `restricted` (Istio's CNI plugin makes
 * that possible), and deleting it waits for a person.
 */
export function namespace(name: string, environment: string): Namespace {
  return new Namespace({
    metadata: {
      name,
      labels: {
        ...groupLabels(environment),
        "istio-injection": "enabled",
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/audit": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
      },
      annotations: guarded,
    },
  });
}

/** Quota of a namespace where the environment asks for one. */
export function resourceQuota(namespace: string, quota: Environment["namespaces"]["quota"]): ResourceQuota[] {
  if (!quota) return [];
  return [
    new ResourceQuota({
      metadata: { name: "default", namespace },
      spec: {
        hard: {
          ...(quota.cpu && { "requests.cpu": quota.cpu }),
          ...(quota.memory && { "requests.memory": quota.memory }),
          ...(quota.pods !== undefined && { pods: String(quota.pods) }),
        },
      },
    }),
  ];
}

/** Defaults for containers that state no resources, where the environment asks for them. */
export function limitRange(namespace: string, limits: Environment["namespaces"]["limits"]): LimitRange[] {
  if (!limits) return [];
  return [
    new LimitRange({
      metadata: { name: "default", namespace },
      spec: {
        limits: [
          {
            type: "Container",
            defaultRequest: { cpu: limits.cpu, memory: limits.memory },
            default: { memory: limits.memory },
          },
        ],
      },
    }),
  ];
}
