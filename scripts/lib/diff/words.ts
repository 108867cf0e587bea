import type { FieldChange } from "./compare.ts";
import type { Diff, GroupDiff, ObjectDiff } from "./diff.ts";

/** The words that all formats of a diff share. */

/** `90/10 → 80/20`, `6.14.0 → 6.15.0`, `+ value`, `- value`. */
export function describeField({ path, before, after }: FieldChange): {
  readonly path: string;
  readonly change: string;
} {
  if (path.endsWith(".weight") && isWeights(before) && isWeights(after)) return describeWeights(path, before, after);
  if (path.endsWith(".image") && typeof before === "string" && typeof after === "string") {
    return { path, change: describeImages(before, after) };
  }
  if (before === undefined) return { path, change: `+ ${show(after)}` };
  if (after === undefined) return { path, change: `- ${show(before)}` };
  return { path, change: `${show(before)} → ${show(after)}` };
}

type Weights = Readonly<Record<string, number>>;

/** Whether a value is weights by subset, as `compareValues` gives them. */
export function isWeights(value: unknown): value is Weights {
  return (
    typeof value === "object" && value !== null && Object.values(value).every((weight) => typeof weight === "number")
  );
}

function describeWeights(path: string, before: Weights, after: Weights): { path: string; change: string } {
  const subsets = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const list = (weights: Weights) => subsets.map((subset) => weights[subset] ?? 0).join("/");
  return { path: `${path} (${subsets.join("/")})`, change: `${list(before)} → ${list(after)}` };
}

/** The tags alone where the repository is the same. */
function describeImages(before: string, after: string): string {
  const [repository, tag] = splitImage(before);
  const [otherRepository, otherTag] = splitImage(after);
  return repository === otherRepository && tag !== otherTag ? `${tag} → ${otherTag}` : `${before} → ${after}`;
}

function splitImage(image: string): [string, string] {
  const [, repository = image, tag = ""] = /^(.*?):([^:/@]+)(@.*)?$/.exec(image) ?? [];
  return [repository, tag];
}

function show(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 157)}…` : text;
}

/** `Deployment prod-backend/backend-stable` */
export function describeObject({ kind, name, namespace }: ObjectDiff): string {
  return `${kind} ${namespace ? `${namespace}/` : ""}${name}`.trim();
}

/** `2 changed, 1 created` */
export function countObjects(objects: readonly ObjectDiff[]): string {
  return (["created", "changed", "removed"] as const)
    .map((action) => [objects.filter((object) => object.action === action).length, action] as const)
    .filter(([count]) => count > 0)
    .map(([count, action]) => `${count} ${action}`)
    .join(", ");
}

export const objectsOf = (group: GroupDiff): ObjectDiff[] => group.applications.flatMap(({ objects }) => objects);
export const allObjects = ({ groups }: Diff): ObjectDiff[] => groups.flatMap(objectsOf);

/** `synced by Argo CD`, or who has to act. */
export function describeSync({ sync }: GroupDiff): string {
  return sync === "automated" ? "Argo CD syncs it" : "waits for a person to press Sync";
}
