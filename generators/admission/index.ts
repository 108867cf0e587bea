import type { Cluster } from "../model/cluster.ts";
import type { KubernetesObject } from "../render/output.ts";
import { applicationPolicies } from "./applications.ts";
import type { Boundary } from "./boundary.ts";
import { admissionPolicy } from "./policy.ts";
import { trafficPolicies } from "./traffic.ts";

/** What the admission policies of a cluster follow from. */
export interface AdmissionContext extends Pick<Cluster, "repository"> {
  readonly boundaries: readonly Boundary[];
  readonly components: { readonly istio: boolean; readonly flagger: boolean };
}

/**
 * What the API server refuses to one environment, so that it takes nothing of another's where projects of Argo CD cannot
 * say it. They need Kubernetes 1.30 and no component of their own, and are root's: an environment cannot change them.
 */
export function admissionPolicies({ boundaries, components, repository }: AdmissionContext): KubernetesObject[] {
  return [...applicationPolicies(boundaries, repository), ...trafficPolicies(boundaries, components)].flatMap(
    admissionPolicy,
  );
}
