import type { Workload } from "../model/resolve.ts";

/** Labels that a selector may use: they never change, because a Deployment's selector is immutable. */
export function selectorLabels(workload: string, version?: string): Record<string, string> {
  return { app: workload, ...(version && { version }) };
}

/** Labels of every object of a workload: `app` and `version` for Istio and Kiali, the recommended ones for everything else. */
export function labels({ name, scope }: Workload, version?: string): Record<string, string> {
  return {
    ...selectorLabels(name, version),
    "app.kubernetes.io/name": name,
    "app.kubernetes.io/part-of": scope.name,
    "app.kubernetes.io/managed-by": "slipway",
  };
}
