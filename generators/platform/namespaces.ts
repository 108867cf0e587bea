import { Namespace } from "kubernetes-models/v1/Namespace";
import { guarded } from "../argo/sync-options.ts";

/** A namespace of platform components. Pod Security `baseline`: the charts' pods state no seccomp profile. */
export function platformNamespace(name: string): Namespace {
  return new Namespace({
    metadata: {
      name,
      labels: {
        "app.kubernetes.io/part-of": "platform",
        "app.kubernetes.io/managed-by": "slipway",
        "pod-security.kubernetes.io/enforce": "baseline",
      },
      annotations: guarded,
    },
  });
}
