import { parentProjectName } from "../argo/app-project.ts";
import { argocdNamespace } from "../argo/application.ts";
import type { Cluster } from "../model/cluster.ts";
import { paths } from "../render/paths.ts";
import { type Boundary, ownerOf } from "./boundary.ts";
import { type Policy, text, texts } from "./policy.ts";

const trackingId = "argocd.argoproj.io/tracking-id";
const deletable = "slipway.dev/deletable";

/**
 * What an environment's parent may make of Applications, whose namespace it shares with all others: a project cannot say
 * it. Argo CD notes the parent on each object that it applies, and whatever Git says there is overwritten
 * (https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/). Applications in namespaces of their own would do
 * it without a policy, but need settings and rights that an Argo CD of the cluster's own does not have.
 */
export function applicationPolicies(
  boundaries: readonly Boundary[],
  { url, revision }: Cluster["repository"],
): Policy[] {
  const names = boundaries.map(({ name }) => name);
  const owners = new Map(names.flatMap((name) => [[name, ""] as const, [`${name}-*`, name] as const]));
  const source = [
    "has(object.spec.source) && !has(object.spec.sources) && !has(object.spec.sourceHydrator)",
    `object.spec.source.repoURL == ${text(url)}`,
    `object.spec.source.?targetRevision.orValue('') == ${text(revision)}`,
    `object.spec.source.?path.orValue('').startsWith('${paths.environment("' + variables.parent + '", "")}')`,
    "!object.spec.source.path.contains('..')",
    // Neither a kustomization, which may fetch from anywhere, nor a plugin.
    "has(object.spec.source.directory)",
  ];
  const manual = boundaries.filter(({ sync }) => sync === "manual").map(({ name }) => name);
  const common = { apiGroup: "argoproj.io", resource: "applications", namespace: argocdNamespace };
  return [
    {
      ...common,
      name: "applications",
      // Argo CD writes the status of an Application in the same place.
      when: "request.operation == 'CREATE' || object.spec != oldObject.spec || object.metadata.?annotations != oldObject.metadata.?annotations",
      variables: {
        // Empty where no environment's parent has applied it.
        parent: `[object.metadata.?annotations[?${text(trackingId)}].orValue('').split(':')[0]].filter(parent, parent in ${texts(names)}).join('')`,
      },
      rules: {
        "An environment's parent may make Applications of its own project alone, named <environment>-….": `variables.parent == '' || object.spec.project == variables.parent && (${ownerOf("object.metadata.name", owners)}) == variables.parent`,
        "An environment's parent may make Applications of plain manifests below envs/<environment>/ of this repository alone.": `variables.parent == '' || (${source.join(" && ")})`,
        ...(manual.length > 0 && {
          "A person syncs this environment: its Applications must not have syncPolicy.automated.": `!(object.spec.project in ${texts(manual.flatMap((name) => [name, parentProjectName(name)]))}) || !has(object.spec.syncPolicy) || !has(object.spec.syncPolicy.automated)`,
        }),
      },
    },
    {
      ...common,
      // A forced replacement deletes before it asks whether it may make.
      name: "untracked-applications",
      operations: ["DELETE"],
      // Whoever deletes the namespace deletes them all.
      when: `oldObject.metadata.?annotations[?${text(trackingId)}].orValue('') == '' && request.userInfo.username != 'system:serviceaccount:kube-system:namespace-controller'`,
      rules: {
        [`Everything follows from root. To delete it all the same: kubectl annotate application root -n ${argocdNamespace} ${deletable}=true`]: `oldObject.metadata.name != 'root' || oldObject.metadata.?annotations[?${text(deletable)}].orValue('') == 'true'`,
        "A sync must not delete an Application that no sync has made.":
          "!request.userInfo.username.endsWith('argocd-application-controller')",
      },
    },
  ];
}
