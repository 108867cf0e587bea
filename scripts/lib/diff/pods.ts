/** What a change does to the number of pods of a Deployment. */

import type { Manifest } from "./argo.ts";
import { type Changed, type Consequence, neighbour } from "./consequence.ts";

interface Range {
  readonly min: number;
  readonly max: number;
}

/** Who sets the number of pods on one side of a change: a number in Git, an autoscaler, or Flagger. */
interface Scale {
  readonly replicas: number;
  readonly range: Range | undefined;
  readonly flagger: boolean;
}

/** The number of pods of a Deployment or StatefulSet, and the range of an autoscaler. */
export function* podsOf(changed: Changed): Iterable<Consequence> {
  const { before, after } = changed;
  if (after?.kind === "HorizontalPodAutoscaler" && before) yield* rangeMoves(rangeOf(before), rangeOf(after));
  if (after?.kind !== "Deployment" && after?.kind !== "StatefulSet") return;
  const [old, now] = (["before", "after"] as const).map((side) => scaleOf(changed, side)) as [Scale, Scale];
  if (old.range && now.range) return;
  if (now.range) yield* autoscalerComes(changed, old.replicas, now.range, now.flagger);
  else if (old.range) yield* autoscalerGoes(old.range, now.replicas);
  else yield* numberMoves(old.replicas, now.replicas);
}

function scaleOf(changed: Changed, side: "before" | "after"): Scale {
  const manifest = changed[side];
  const { name = "", labels } = manifest?.metadata ?? {};
  const autoscaler = neighbour(changed, "HorizontalPodAutoscaler", name)[side];
  const canary = neighbour(changed, "Canary", labels?.["app.kubernetes.io/name"] ?? "")[side];
  return {
    replicas: Number(manifest?.spec?.replicas ?? 1),
    range: autoscaler && rangeOf(autoscaler),
    flagger: canary !== undefined,
  };
}

const rangeOf = ({ spec }: Manifest): Range => ({
  min: Number(spec?.minReplicas ?? 1),
  max: Number(spec?.maxReplicas ?? 1),
});

function* numberMoves(old: number, now: number): Iterable<Consequence> {
  if (now === old) return;
  const effect = now === 0 ? "removes all pods" : now < old ? "removes pods" : "adds pods";
  yield { effect, note: `${old} → ${now} pods at once` };
}

/** Argo CD keeps the live number where it knows of the autoscaler; before that, it applies the new minimum. */
function* autoscalerComes(
  { place }: Changed,
  replicas: number,
  { min, max }: Range,
  flagger: boolean,
): Iterable<Consequence> {
  const parent = place.group;
  if (flagger) {
    const note = `${replicas} → 1 pod where ${parent} is synced after ${place.application}; give it autoscaling in a commit of its own first`;
    yield replicas > 1 ? { effect: "removes pods", note } : {};
    return;
  }
  const least = Math.min(replicas, min);
  const first =
    replicas === 0
      ? `starts with 1 pod, then ${min}`
      : replicas > max
        ? `${replicas} → ${max} pods, its max`
        : `keeps its ${replicas} pods until the autoscaler has measured`;
  const order = least < replicas && replicas > min ? `; sync ${parent} first, else it starts from ${least}` : "";
  yield { effect: "is scaled by its autoscaler", note: `${first}${order}` };
}

function* autoscalerGoes({ min, max }: Range, now: number): Iterable<Consequence> {
  yield { effect: "is no longer scaled by its autoscaler" };
  const note = `from what the autoscaler has set (${min} to ${max}) to ${now} pods at once`;
  if (now < max) yield { effect: now === 0 ? "removes all pods" : "removes pods", note };
  else yield { effect: "adds pods", note };
}

function* rangeMoves(old: Range, now: Range): Iterable<Consequence> {
  if (now.min > old.min) yield { effect: "adds pods", note: `at least ${now.min} pods, where ${old.min} may run now` };
  if (now.min < old.min) yield { note: `as few as ${now.min} pods, where ${old.min} are the fewest now` };
  if (now.max < old.max)
    yield { effect: "removes pods", note: `pods above ${now.max} go at once, where up to ${old.max} may run now` };
}

/** Flagger takes over or gives up the routes of a service; those in Git must wait for it. */
export function* canaryNotes({ before, after, place }: Changed): Iterable<Consequence> {
  if ((after ?? before)?.kind !== "Canary" || (before && after)) return;
  const until = after ? "Flagger has its own" : "Flagger has given the traffic back";
  yield { note: `hold ${place.group}-routes until ${until}: README, "Rollouts by Flagger"` };
}
