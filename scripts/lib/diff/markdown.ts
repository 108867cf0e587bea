import type { ApplicationDiff, Diff, GroupDiff, ObjectDiff } from "./diff.ts";
import { headlines, listSubjects } from "./headlines.ts";
import {
  allObjects,
  countable,
  countEffects,
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

/**
 * Bytes of a comment. GitHub takes 65,536 characters, and there is more than one way to count those: bytes are the most
 * careful. The rest is for what a pipeline puts around the text; Azure DevOps takes more.
 */
const commentLimit = 65_000;

/** Bytes for the summary's rows and for its headlines, and the least that is worth giving to the details of an Application. */
const shares = { rows: 8_000, headlines: 8_000, details: 250 } as const;

/**
 * A diff as a pull request comment: a summary by environment, then the objects, folded. What does not fit is counted and
 * not cut off in the middle.
 *
 * @param limit most bytes of the text
 */
export function diffMarkdown(diff: Diff, limit = commentLimit): string {
  const title = `### Rendered changes: ${htmlCode(diff.base)} → ${htmlCode(diff.head)}\n`;
  const note = diff.note ? `\n> **Note:** ${htmlCode(diff.note)}\n` : "";
  if (diff.groups.length === 0) return `${title}\nNo rendered object changes.\n${note}`;
  const rows = keepWithin(diff.groups.map(summaryRow), shares.rows, (count) => `| … ${count} more | | | |`);
  const told = diff.groups.flatMap((group) =>
    headlines(group).map(({ text, subjects }) => {
      const names = subjects.map(({ name }) => name);
      return `- ${htmlCode(group.name)}: ${htmlCode(text)} – ${htmlCode(listSubjects(names, 5))}`;
    }),
  );
  const lines = keepWithin(told, shares.headlines, (count) => `- … ${count} more`);
  const head = [title, "| where | objects | then | effects |", "|---|---|---|---|", ...rows, "", ...lines, ""].join(
    "\n",
  );
  const foot = `\n_${countObjects(allObjects(diff))}. All of it: \`npm run diff\`._\n${note}`;
  return `${head}${details(diff, limit - size(head) - size(foot))}${foot}`;
}

function summaryRow(group: GroupDiff): string {
  const objects = objectsOf(group);
  const effects = countEffects(objects).join(", ") || "–";
  return `| ${htmlCode(group.name)} | ${countObjects(objects)} | ${describeSyncs(group)} | ${effects} |`;
}

interface Section {
  readonly group: GroupDiff;
  readonly application: ApplicationDiff;
}

/** Details of the Applications, in fair shares: what a small one leaves goes to the larger ones. */
function details({ groups }: Diff, limit: number): string {
  const most = Math.floor(limit / shares.details);
  const sections = groups
    .slice(0, most)
    .flatMap((group, _, shown): Section[] =>
      group.applications
        .slice(0, Math.max(1, Math.floor(most / shown.length)))
        .map((application) => ({ group, application })),
    );
  const total = groups.reduce((sum, { applications }) => sum + applications.length, 0);
  const note = (count: number) => (count > 0 ? `\n… ${countable(count, "more Application")}\n` : "");
  let left = limit - size(note(total));
  const written = new Map<Section, string>();
  const smallFirst = sections.toSorted((a, b) => a.application.objects.length - b.application.objects.length);
  for (const [index, section] of smallFirst.entries()) {
    const text = writeSection(section, Math.floor(left / (sections.length - index)));
    if (text) written.set(section, text);
    left -= size(text);
  }
  return sections.map((section) => written.get(section) ?? "").join("") + note(total - written.size);
}

/** @returns nothing where there is no room for anything */
function writeSection({ group, application }: Section, limit: number): string {
  const { name, objects } = application;
  const sync = isMixed(group) ? ` · ${describeSync(application)}` : "";
  const head = `\n<details><summary>${htmlCode(group.name)} · ${htmlCode(name)} · ${countObjects(objects)}${sync}</summary>\n\n`;
  const foot = "\n\n</details>\n";
  const room = limit - size(head) - size(foot);
  if (room < size(moreObjects(objects.length))) return "";
  const full = objects.map((object) => [objectLine(object), ...detailLines(object)].join("\n"));
  const list = size(full.join("\n")) <= room ? full : shorten(objects, full, room);
  return `${head}${list.join("\n")}${foot}`;
}

/** First every object gets its line, as far as there is room, and then the first ones their fields. */
function shorten(objects: readonly ObjectDiff[], full: readonly string[], limit: number): string[] {
  const short = objects.map(
    (object) => `${objectLine(object)}${object.fields.length + object.notes.length > 0 ? " …" : ""}`,
  );
  const lines = keepWithin(short, limit, moreObjects);
  let left = limit - size(lines.join("\n"));
  return lines.map((line, index) => {
    const longer = full[index] ?? line;
    const cost = size(longer) - size(line);
    if (line !== short[index] || cost > left) return line;
    left -= cost;
    return longer;
  });
}

const moreObjects = (count: number) => `- … ${countable(count, "more object")}`;

/** As many lines as fit, and one that counts the others. */
function keepWithin(lines: readonly string[], limit: number, more: (count: number) => string): string[] {
  let left = limit;
  const last = lines.findIndex((line) => {
    left -= size(line) + 1;
    return left < 0;
  });
  if (last < 0) return [...lines];
  const reserve = size(more(lines.length)) + 1;
  let end = last;
  for (let room = left + size(lines[last] ?? "") + 1; room < reserve && end > 0; end--)
    room += size(lines[end - 1] ?? "") + 1;
  return [...lines.slice(0, end), more(lines.length - end)];
}

function objectLine(object: ObjectDiff): string {
  const effects = object.effects.length > 0 ? ` – **${object.effects.join(", ")}**` : "";
  return `- ${object.action} ${code(describeObject(object))}${effects}`;
}

function detailLines(object: ObjectDiff): string[] {
  const notes = describeNotes(object).map((note) => `  - **${plain(note)}**`);
  const fields = object.fields.map(describeField).map(({ lines, ...words }) => {
    if (!lines) return `  - ${code(words.path)}: ${code(describeChange(words))}`;
    const fence = fenceFor(lines.join("\n"), 3);
    return [`  - ${code(words.path)}:`, ...[`${fence}diff`, ...lines, fence].map((line) => `    ${line}`)].join("\n");
  });
  return [...notes, ...fields];
}

const size = (text: string) => Buffer.byteLength(text);

/** A code span: nothing in it is Markdown, HTML or a mention of somebody. */
function code(text: string): string {
  const fence = fenceFor(text, 1);
  const pad = /^[` ]|[` ]$/.test(text) || text === "" ? " " : "";
  return `${fence}${pad}${text}${pad}${fence}`;
}

/** Backticks, one more than stand anywhere in the text. */
function fenceFor(text: string, least: number): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  return "`".repeat(Math.max(least, longest + 1));
}

/** A sentence in which nothing is Markdown, HTML, a link or a mention of somebody. */
function plain(text: string): string {
  return text.replace(/[^A-Za-z0-9\s,;()→-]/gu, (one) => `&#${one.codePointAt(0)};`);
}

/** The same for a name where a code span is not possible: in a summary, which is HTML, and in a table, whose cells end at `|`. */
function htmlCode(name: string): string {
  const text = name.length > 100 ? `${name.slice(0, 99)}…` : name;
  return `<code>${text.replace(/[^\w\s.,:;()/+→–…-]/gu, (one) => `&#${one.codePointAt(0)};`)}</code>`;
}
