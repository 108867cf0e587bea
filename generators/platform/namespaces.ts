import { Namespace } from "kubernetes-models/v1/Namespace";
import { guarded } from "../argo/sync-options.ts";
import { ingress, loadTester } from "../model/resolve.ts";
import { groupLabels } from "../workloads/labels.ts";

/** A namespace of platform components. Pod Security `baseline`: the charts' pods state no seccomp profile. */
export function platformNamespace(name: string): Namespace {
  return new Namespace({
    metadata: {
      name,
      labels: {
        ...groupLabels("platform"),
        // The ingress gateway is injected: its chart leaves the image to istiod. Flagger and its load tester call each
        // other and the services as members of the mesh.
        ...([ingress.namespace, loadTester.namespace].some((own) => own === name) && { "istio-injection": "enabled" }),
        "pod-security.kubernetes.io/enforce": "baseline",
      },
      annotations: guarded,
    },
  });
}
