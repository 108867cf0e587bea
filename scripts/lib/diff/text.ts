import { styleText } from "node:util";
import type { ApplicationDiff, Diff, GroupDiff, ObjectDiff } from "./diff.ts";
import {
  allObjects,
  countObjects,
  describeChange,
  describeField,
  describeNotes,
  describeObject,
  describeSync,
  describeSyncs,
  isMixed,
  objectsOf,
} from "./words.ts";

type Style = Parameters<typeof styleText>[0];
const paint = (style: Style, text: string) => styleText(style, text, { stream: process.stdout });

const marks = { created: ["green", "+"], changed: ["yellow", "~"], removed: ["red", "-"] } as const;

/** A diff for the terminal: one line per field, without the values of whole objects that come or go. */
export function diffText(diff: Diff): string {
  const note = diff.note ? [paint("yellow", diff.note)] : [];
  const sides = `between ${diff.base} and ${diff.head}`;
  if (diff.groups.length === 0) return [`no rendered object changes ${sides}`, ...note].join("\n");
  const total = [`${countObjects(allObjects(diff))} ${sides}`, ...note].join("\n");
  return [...diff.groups.map(groupText), total].join("\n\n");
}

function groupText(group: GroupDiff): string {
  const mixed = isMixed(group);
  const title = `${paint(["bold", "underline"], group.name)}  ${countObjects(objectsOf(group))}; ${describeSyncs(group)}`;
  return [title, ...group.applications.flatMap((application) => applicationLines(application, mixed))].join("\n");
}

function applicationLines(application: ApplicationDiff, mixed: boolean): string[] {
  const sync = mixed ? `  ${describeSync(application)}` : "";
  return [`  ${paint("bold", application.name)}${sync}`, ...application.objects.flatMap(objectLines)];
}

function objectLines(object: ObjectDiff): string[] {
  const [colour, mark] = marks[object.action];
  const effects = object.effects.length > 0 ? paint("magenta", `  ${object.effects.join(", ")}`) : "";
  const fields = object.fields.map(describeField).flatMap(({ lines, ...words }) => {
    const path = `        ${paint("dim", words.path)}`;
    if (!lines) return [`${path}  ${describeChange(words)}`];
    return [path, ...lines.map((line) => `          ${paintLine(line)}`)];
  });
  const notes = describeNotes(object).map((note) => paint("magenta", `      ! ${note}`));
  return [`    ${paint(colour, mark)} ${describeObject(object)}${effects}`, ...notes, ...fields];
}

function paintLine(line: string): string {
  if (line.startsWith("+")) return paint("green", line);
  return line.startsWith("-") ? paint("red", line) : line;
}
