/** A finding that stands: the check, the objects as `Kind namespace/name`, and why. */
export interface Allowed {
  readonly check: string;
  readonly objects: RegExp;
  readonly reason: string;
}

const workloads = /^(Deployment|StatefulSet) /;
const gitServer = /^StatefulSet gitea\/gitea$/;
const databases = /^StatefulSet /;

/** By check: its scanner's own identifier. Everything else that a scanner finds must be mended. */
export const allowed: readonly Allowed[] = [
  {
    check: "CKV_K8S_43",
    objects: workloads,
    reason: "Demo images are named by tag, so that the README's releases read well; a pipeline releases by digest.",
  },
  {
    check: "CKV_K8S_35",
    objects: workloads,
    reason: "Secrets come as variables, which is what the images of the field read.",
  },
  {
    check: "CKV_K8S_15",
    objects: workloads,
    reason: "Moving tags are refused in the inputs, so that a node may start what it has while the registry is away.",
  },
  { check: "container-image-pull-policy", objects: workloads, reason: "As for CKV_K8S_15." },
  { check: "CKV_K8S_40", objects: databases, reason: "The user is the image's own, who owns what is on the volume." },
  { check: "container-security-context-user-group-id", objects: databases, reason: "As for CKV_K8S_40." },
  {
    check: "CKV_K8S_8",
    objects: /^(Deployment lab-|StatefulSet )/,
    reason:
      "A liveness probe kills a server that is busy or recovers; one that has ended is restarted without. The mesh lab shows a release without probes.",
  },
  { check: "CKV_K8S_9", objects: /^Deployment lab-/, reason: "As for CKV_K8S_8." },
  { check: "pod-probes", objects: /^(Deployment lab-|StatefulSet )/, reason: "As for CKV_K8S_8." },
  {
    check: "CKV_K8S_21",
    objects: /^ConfigMap default\/argocd-/,
    reason: "Patches of Argo CD's own installation: the kustomization sets their namespace.",
  },
  {
    check: "container-ephemeral-storage-request-and-limit",
    objects: workloads,
    reason:
      "Stated where it is known. A default request keeps pods off nodes that declare no such storage, and a default limit evicts an application that sorts in /tmp.",
  },
  {
    check: "statefulset-has-servicename",
    objects: databases,
    reason: "One pod, reached by the address of its Service; nobody asks for the name of the pod.",
  },
  {
    check: "deployment-replicas",
    objects: /^Deployment (\S+\/\S+-canary|lab-\S+)$/,
    reason: "A canary with a tenth of the traffic; the stable version has more. The mesh lab says one replica.",
  },
  {
    check: "horizontalpodautoscaler-replicas",
    objects: /^HorizontalPodAutoscaler dev-/,
    reason: "The input says so: dev may be without a pod for a moment.",
  },
  {
    check: "deployment-targeted-by-hpa-does-not-have-replicas-configured",
    objects: /^Deployment /,
    reason: "Argo CD leaves the field to the autoscaler; without it, all pods but one go when a version gets one.",
  },
  {
    check: "deployment-has-host-podantiaffinity",
    objects: /^Deployment /,
    reason: "Pods are spread by topologySpreadConstraints, over zones and nodes.",
  },
  {
    check: "networkpolicy-targets-pod",
    objects: /^NetworkPolicy /,
    reason: "The pods come from a chart, or there are none yet and the policy is for those that somebody adds.",
  },
  {
    check: "pod-networkpolicy",
    objects: gitServer,
    reason: "The Git server of a Kind cluster calls Argo CD's webhook; what else it calls is nobody's secret.",
  },
];
