import { structuredPatch } from "diff/lib/patch/create.js";
import { dump } from "js-yaml";
import type { FieldChange, Weights } from "./compare.ts";
import type { ApplicationDiff, Diff, GroupDiff, ObjectDiff } from "./diff.ts";

/** The words that all formats of a diff share. */

/** What a field's change says: `90/10 → 80/20`, `6.14.0 → 6.15.0`. */
export interface FieldWords {
  readonly path: string;
  /** `undefined` where the field is new. */
  readonly before?: string;
  /** `undefined` where the field is gone. */
  readonly after?: string;
  /** For texts of several lines, instead of the two: what differs, each line after `-`, `+` or a space. */
  readonly lines?: readonly string[];
}

export function describeField({ path, before, after }: FieldChange): FieldWords {
  if (isWeightChange({ path, before, after })) return describeWeights(path, before as Weights, after as Weights);
  if (path.endsWith(".image") && typeof before === "string" && typeof after === "string")
    return { path: oneLine(path), ...describeImages(before, after) };
  const words = { path: oneLine(path), ...describeValues(before, after) };
  const texts = [before, after].map((value) => (value === undefined ? "" : linesOf(value)));
  return texts.some((text) => text?.trimEnd().includes("\n")) && texts.every((text) => text !== undefined)
    ? { ...words, lines: patchLines(texts[0] ?? "", texts[1] ?? "", 1, height) }
    : words;
}

/** A value that says more in lines than in one: a text of several, or an object that comes or goes. */
function linesOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return inline(value).length > width / 2 ? dump(value, { lineWidth: -1, noRefs: true }) : undefined;
}

/** `90/10 → 80/20`, `+ value`, `- value` */
export function describeChange({ before, after }: Pick<FieldWords, "before" | "after">): string {
  if (before === undefined) return `+ ${after}`;
  return after === undefined ? `- ${before}` : `${before} → ${after}`;
}

/** Whether a field is the weights of a route, as `compareValues` gives them. */
export function isWeightChange({ path, before, after }: FieldChange): boolean {
  return path.endsWith(".weight") && isWeights(before) && isWeights(after);
}

const isWeights = (value: unknown): value is Weights =>
  typeof value === "object" && value !== null && Object.values(value).every((weight) => typeof weight === "number");

function describeWeights(path: string, before: Weights, after: Weights): FieldWords {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const list = (weights: Weights) => names.map((name) => weights[name] ?? "–").join("/");
  return { path: oneLine(`${path} (${names.join("/")})`), before: list(before), after: list(after) };
}

/** The tags alone where the repository is the same, and without digests where the tags tell enough. */
function describeImages(before: string, after: string): { before: string; after: string } {
  const [repository, tag] = splitImage(before);
  const [otherRepository, otherTag] = splitImage(after);
  return repository === otherRepository && tag !== otherTag
    ? { before: oneLine(tag), after: oneLine(otherTag) }
    : { before: oneLine(before), after: oneLine(after) };
}

function splitImage(image: string): [string, string] {
  const [, repository = image, tag = ""] = /^(.*?):([^:/@]+)(@.*)?$/.exec(image) ?? [];
  return [repository, tag];
}

/** Characters of a value that are shown. */
const width = 160;

function describeValues(before: unknown, after: unknown): { before?: string; after?: string } {
  const [old, now] = [show(before), show(after)];
  let same = 0;
  // What differs has to be seen, also at the end of a long value.
  if (old !== undefined && now !== undefined && Math.max(old.length, now.length) > width)
    while (same < Math.min(old.length, now.length) && old[same] === now[same]) same++;
  const start = same > width / 2 ? same - 20 : 0;
  const cut = (text: string) => {
    const end = start + width;
    const shown = printable(text.slice(start, end)).replaceAll("\n", "⏎");
    return `${start > 0 ? "…" : ""}${shown}${text.length > end ? "…" : ""}`;
  };
  return { ...(old !== undefined && { before: cut(old) }), ...(now !== undefined && { after: cut(now) }) };
}

/** A value in one line. A string that reads like another type, or like nothing, is quoted. */
function show(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") return inline(value);
  return value.trim() === value && value !== "" && !looksTyped(value) ? value : JSON.stringify(value);
}

/** A value as YAML in one line. */
const inline = (value: unknown) => dump(value, { flowLevel: 0, lineWidth: -1, noRefs: true }).trimEnd();

const looksTyped = (text: string) => /^(true|false|null)$/.test(text) || !Number.isNaN(Number(text));

/** Lines of a text that differ that are shown. */
const height = 40;

/**
 * What differs between two texts, with lines around it; each line after `-`, `+` or a space, `@@` between the places.
 *
 * @param most lines; the others are counted
 */
export function patchLines(before: string, after: string, context: number, most: number): string[] {
  const lines = before === "" || after === "" ? wholeLines(before, after) : hunkLines(before, after, context);
  const shown = lines
    .slice(0, most)
    .map((line) => (line.length > 2 * width ? `${printable(line.slice(0, 2 * width))}…` : printable(line)));
  return lines.length > most ? [...shown, `  … ${countable(lines.length - most, "more line")}`] : shown;
}

function hunkLines(before: string, after: string, context: number): string[] {
  // Beyond this many lines a shortest script is not worth its time.
  const patch = structuredPatch("", "", before, after, "", "", { context, maxEditLength: 2_000 });
  if (!patch) return wholeLines(before, after);
  return patch.hunks
    .flatMap(({ lines }, index) => [...(index > 0 ? ["@@"] : []), ...lines])
    .filter((line) => !line.startsWith("\\"));
}

function wholeLines(before: string, after: string): string[] {
  const lines = (text: string, mark: string) =>
    text === ""
      ? []
      : text
          .replace(/\n$/, "")
          .split("\n")
          .map((line) => mark + line);
  return [...lines(before, "-"), ...lines(after, "+")];
}

/** Control characters, and those that change the direction of a text, as escapes: a diff must not hide what it shows. */
function printable(text: string): string {
  return text.replace(/(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`);
}

/** For names: they are short, unless somebody means harm. */
function oneLine(text: string): string {
  return printable(text.length > 2 * width ? `${text.slice(0, 2 * width)}…` : text).replaceAll("\n", "⏎");
}

/** `Deployment prod-backend/backend-stable` */
export function describeObject({ kind, name, namespace }: ObjectDiff): string {
  return oneLine(`${kind} ${namespace ? `${namespace}/` : ""}${name}`.trim());
}

/** What happens and what to do, a sentence each. They hold names of objects, which may mean harm. */
export function describeNotes({ notes }: ObjectDiff): string[] {
  return notes.map((note) => printable(note).replaceAll("\n", "⏎"));
}

export const countable = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** `1 object changed`, `15 objects created, 9 changed` */
export function sumUp(objects: readonly ObjectDiff[]): string {
  return countObjects(objects).replace(/^(\d+)/, (_, count) => countable(Number(count), "object"));
}

/** `2 changed, 1 created` */
export function countObjects(objects: readonly ObjectDiff[]): string {
  return (["created", "changed", "removed"] as const)
    .map((action) => [objects.filter((object) => object.action === action).length, action] as const)
    .filter(([count]) => count > 0)
    .map(([count, action]) => `${count} ${action}`)
    .join(", ");
}

/** `restarts pods: 2`, `is pruned: 1` */
export function countEffects(objects: readonly ObjectDiff[]): string[] {
  const effects = Map.groupBy(
    objects.flatMap((object) => object.effects),
    (effect) => effect,
  );
  return [...effects].map(([effect, all]) => `${effect}: ${all.length}`);
}

export const objectsOf = ({ applications }: GroupDiff): ObjectDiff[] => applications.flatMap(({ objects }) => objects);
export const allObjects = ({ groups }: Diff): ObjectDiff[] => groups.flatMap(objectsOf);

const syncs = {
  automated: "Argo CD syncs it",
  manual: "waits for a person to press Sync",
  none: "not through Argo CD: npm run bootstrap applies it",
} as const;

/** Who brings an Application's change to the cluster. */
export const describeSync = ({ sync }: ApplicationDiff): string => syncs[sync];

/** Whether the Applications of a group get to the cluster in different ways. */
export const isMixed = ({ applications }: GroupDiff): boolean => new Set(applications.map(({ sync }) => sync)).size > 1;

/** The same for a group; in numbers, where its Applications differ. */
export function describeSyncs(group: GroupDiff): string {
  const { applications } = group;
  const [first] = applications;
  if (first && !isMixed(group)) return describeSync(first);
  const count = (sync: ApplicationDiff["sync"]) => applications.filter((one) => one.sync === sync).length;
  const of = `of ${countable(applications.length, "Application")}`;
  const numbers = [
    [count("automated"), "Argo CD syncs"],
    [count("manual"), "a person syncs"],
    [count("none"), "npm run bootstrap applies"],
  ] as const;
  return `${numbers
    .filter(([number]) => number > 0)
    .map(([number, who]) => `${who} ${number}`)
    .join(", ")} ${of}`;
}
