/** What Kubernetes and Argo CD do with a change of one object, in words. */

import { type Manifest, podsEffect, removalEffect, removalFrom } from "./argo.ts";
import type { Changed, Consequence } from "./consequence.ts";
import { refusedFields } from "./immutable.ts";
import { canaryNotes, podsOf } from "./pods.ts";
import { claimEffects, mountEffects, namespaceNotes } from "./volumes.ts";

type Rule = (changed: Changed) => Iterable<Consequence>;

/** Rules for an object that is on both sides. */
const changes: readonly Rule[] = [refused, restarts, podsOf, claimEffects, mountEffects, canaryNotes, later, ports];

/** Everything that follows from a change of an object, most telling first. */
export function consequencesOf(changed: Changed): Consequence[] {
  const { before, after, place, applications } = changed;
  if (!before) return [...canaryNotes(changed)];
  if (!after)
    return [
      { effect: removalEffect(before, removalFrom(place, applications)) },
      ...namespaceNotes(changed),
      ...canaryNotes(changed),
    ];
  return changes.flatMap((rule) => [...rule(changed)]);
}

function* refused({ before, fields, place }: Changed): Iterable<Consequence> {
  if (!before) return;
  const paths = refusedFields(before, fields);
  if (paths.length === 0) return;
  const { kind = "", metadata } = before;
  const where = metadata?.namespace ? ` -n ${metadata.namespace}` : "";
  const keepsPods = kind === "StatefulSet" || kind === "DaemonSet" ? " --cascade=orphan" : "";
  const way =
    kind === "PersistentVolumeClaim"
      ? 'see the runbook "A volume changes its class or shrinks"'
      : `to go on: kubectl delete ${kind.toLowerCase()} ${metadata?.name}${where}${keepsPods}, then sync`;
  yield {
    effect: "is refused",
    note: `Kubernetes changes ${paths.join(" and ")} of no ${kind} that exists, and each sync of ${place.application} fails until then, and prunes nothing; ${way}`,
  };
}

function* restarts({ before, after, fields, place, applications }: Changed): Iterable<Consequence> {
  const runsPods = ["Deployment", "StatefulSet", "DaemonSet"].includes(after?.kind ?? "");
  if (!after || !runsPods || !fields.some(({ path }) => path.startsWith("spec.template"))) return;
  if (before?.spec?.replicas === 0) return;
  yield { effect: podsEffect(after, place, applications) };
  const alone = (after.spec?.replicas ?? 1) === 1;
  if (after.kind === "StatefulSet" && alone)
    yield { note: "its only pod stops before the new one starts; until that is ready, its callers get no answer" };
}

/** Changes that count for pods that start after them. */
function* later({ after, fields }: Changed): Iterable<Consequence> {
  const changes = (pattern: RegExp) => fields.some(({ path }) => pattern.test(path));
  if (after?.kind === "ServiceAccount" && changes(/^metadata\.annotations|^automountServiceAccountToken/))
    yield { note: "pods that run keep the identity they started with; kubectl rollout restart gives them the new one" };
  if (after?.kind === "Namespace" && changes(/^metadata\.labels.*(pod-security|istio)/))
    yield { note: "counts for pods that start from now on; those that run stay as they are" };
  if (after?.kind === "LimitRange" && changes(/^spec/)) yield { note: "counts for pods that start from now on" };
  if (after?.kind === "ResourceQuota" && changes(/^spec\.hard/))
    yield { note: "pods that run stay, also above the quota; only new ones are refused" };
}

/** A port of a Service that its callers still use. */
function* ports({ before, after }: Changed): Iterable<Consequence> {
  if (before?.kind !== "Service" || after?.kind !== "Service") return;
  const offered = ({ spec }: Manifest) =>
    ((spec?.ports ?? []) as { port?: number }[]).flatMap(({ port }) => (port === undefined ? [] : port));
  const gone = offered(before).filter((port) => !offered(after).includes(port));
  if (gone.length > 0)
    yield { note: `callers that still ask for port ${gone.join(", ")} fail until they restart with the new address` };
}
