/**
 * Sync waves: Argo CD applies the objects of one parent in this order, and starts a wave when the one before is healthy
 * (the health of Applications is defined in `health.ts`).
 */
export const waves = {
  root: { projects: -1, platform: 0, environments: 1 },
  platform: { namespaces: -1, foundations: 0, controlPlanes: 1, mesh: 2, gateway: 3, operators: 4, configuration: 5 },
  environment: { namespaces: 0, dataStores: 1, services: 2, routes: 3 },
} as const;

/** The annotation that puts an object into a wave. */
export function syncWave(wave: number): Record<"argocd.argoproj.io/sync-wave", string> {
  return { "argocd.argoproj.io/sync-wave": String(wave) };
}
