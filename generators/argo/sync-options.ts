import { syncWave } from "./waves.ts";

/**
 * Applied after the Deployment and deleted before it: where Flagger's finalizer finds no Deployment to give the traffic
 * back to, the Canary stays for ever. The autoscaler comes along, because it is Degraded until there are metrics.
 */
export const afterDeployment = syncWave(1);

/** Deleting or pruning the object waits until a person confirms it in Argo CD. For what holds state. */
export const guarded = { "argocd.argoproj.io/sync-options": "Prune=confirm,Delete=confirm" } as const;

/** Argo CD neither prunes nor deletes the object. For volumes. */
export const kept = { "argocd.argoproj.io/sync-options": "Prune=false,Delete=false" } as const;
