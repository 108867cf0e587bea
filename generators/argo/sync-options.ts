/** Deleting or pruning the object waits until a person confirms it in Argo CD. For what holds state. */
export const guarded = { "argocd.argoproj.io/sync-options": "Prune=confirm,Delete=confirm" } as const;
