import { Namespace } from "kubernetes-models/v1/Namespace";
import { guarded } from "../argo/sync-options.ts";
import { ingress } from "../model/resolve.ts";
import { groupLabels } from "../workloads/labels.ts";

/** A namespace of platform components. Pod Security `baseline`: the charts' pods state no seccomp profile. */
export function platformNamespace(name: string): Namespace {
  return new Namespace({
    metadata: {
      name,
      labels: {
        ...groupLabels("platform"),
        // The ingress gateway is injected: its chart leaves the image to istiod.
        ...(name === ingress.namespace && { "istio-injection": "enabled" }),
        "pod-security.kubernetes.io/enforce": "baseline",
      },
      annotations: guarded,
    },
  });
}
