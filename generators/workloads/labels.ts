import type { Workload } from "../model/resolve.ts";

/** Labels of the selector of a Deployment or Service; they never change, because a Deployment's selector is immutable. */
export function selectorLabels(workload: string, version?: string): Record<string, string> {
  return { app: workload, ...(version && { version }) };
}

/** Selects all pods of a workload or a version, those too that Flagger makes: it gives its copies another `app`. */
export function podSelector(workload: string, version?: string): Record<string, string> {
  return { "app.kubernetes.io/name": workload, ...(version && { version }) };
}

/** Labels of every object of a workload: `app` and `version` for Istio and Kiali, the recommended ones for everything else. */
export function labels({ name, scope }: Workload, version?: string): Record<string, string> {
  return {
    ...selectorLabels(name, version),
    ...podSelector(name),
    ...groupLabels(scope.name),
  };
}

/** Labels of what belongs to an environment, or to the platform, and to none of its workloads. */
export function groupLabels(group: string): Record<string, string> {
  return { "app.kubernetes.io/part-of": group, "app.kubernetes.io/managed-by": "slipway" };
}
