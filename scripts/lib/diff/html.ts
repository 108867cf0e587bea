import type { Weights } from "./compare.ts";
import type { ApplicationDiff, Diff, FilePair, GroupDiff, ObjectDiff } from "./diff.ts";
import { arrows, drawGraphs, drawSplit } from "./draw.ts";
import { encode } from "./encode.ts";
import type { Graphs } from "./graph.ts";
import { headlines } from "./headlines.ts";
import { style } from "./style.ts";
import {
  allObjects,
  countable,
  countEffects,
  countObjects,
  describeField,
  describeNotes,
  describeObject,
  describeSync,
  describeSyncs,
  isMixed,
  isWeightChange,
  objectsOf,
  patchLines,
  sumUp,
} from "./words.ts";

/** What a page holds at most: a page of many megabytes helps nobody. The rest is counted. */
const most = {
  objects: 2_000,
  yamlBytes: 2_000_000,
  headlines: 8,
  subjects: 4,
  splits: 12,
  openObjects: 40,
  lines: 1_000,
} as const;

/** What is left of these while a page is written. */
type Room = { objects: number; yamlBytes: number };

/**
 * A diff as one self-contained page: no script, no request. What changes on top, then each environment with its traffic and
 * its call graph, then every object, folded.
 *
 * @param graph the call graph of an environment, before and after
 * @param pairs changed files by path
 */
export function diffHtml(
  diff: Diff,
  graph: (group: GroupDiff) => Graphs | undefined,
  pairs: ReadonlyMap<string, FilePair>,
): string {
  const objects = allObjects(diff);
  const title = objects.length === 0 ? "No rendered object changes" : sumUp(objects);
  const room = { objects: most.objects, yamlBytes: most.yamlBytes };
  const unfolded = objects.length <= most.openObjects;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${encode(title)}</title>
<style>${style}</style>
</head>
<body>
${arrows}
<header>
<p class="quiet">Rendered changes from <code>${encode(diff.base)}</code> to <code>${encode(diff.head)}</code></p>
<h1>${encode(title)}</h1>
${diff.note ? `<p><strong>${encode(diff.note)}</strong></p>\n` : ""}</header>
${navigation(diff)}
<main>
<div class="cards">${diff.groups.map(card).join("")}</div>
${diff.groups.map((group) => groupSection(group, graph(group), pairs, room, unfolded)).join("\n")}
</main>
</body>
</html>
`;
}

function navigation({ groups }: Diff): string {
  if (groups.length === 0) return "";
  const links = groups.map(
    (group) =>
      `<a href="#${idOf(group)}">${encode(group.name)} <span class="count">${objectsOf(group).length}</span></a>`,
  );
  return `<nav aria-label="Environments">${links.join("")}</nav>`;
}

/** What changes in a group, in plain words. */
function card(group: GroupDiff): string {
  const all = headlines(group);
  const lines = all.slice(0, most.headlines).map(({ text, subjects }) => {
    const links = subjects
      .slice(0, most.subjects)
      .map(({ name, application }) => `<a href="#${idOf(application)}">${encode(name)}</a>`);
    const others = subjects.length - links.length;
    return `<li><b>${encode(text)}</b> ${links.join(", ")}${others > 0 ? ` and ${others} more` : ""}</li>`;
  });
  const more = all.length > lines.length ? `<li class="quiet">… and ${all.length - lines.length} more</li>` : "";
  return `<article class="card"><h2><a href="#${idOf(group)}">${encode(group.name)}</a> <span class="quiet">${encode(countObjects(objectsOf(group)))}</span></h2><p>${badges(group)}</p><ul>${lines.join("")}${more}</ul></article>`;
}

function badges(group: GroupDiff): string {
  const waits = group.applications.some(({ sync }) => sync !== "automated");
  const effects = countEffects(objectsOf(group)).map((effect) => `<span class="badge effect">${encode(effect)}</span>`);
  return `<span class="badge ${waits ? "manual" : "automated"}">${encode(describeSyncs(group))}</span> ${effects.join(" ")}`;
}

function groupSection(
  group: GroupDiff,
  graphs: Graphs | undefined,
  pairs: ReadonlyMap<string, FilePair>,
  room: Room,
  unfolded: boolean,
): string {
  const splits = objectsOf(group).flatMap(splitFigures);
  const more = splits.length - most.splits;
  const figures = `${splits.slice(0, most.splits).join("")}${more > 0 ? `<p class="quiet">${more} more splits are in the objects below</p>` : ""}`;
  return `<section id="${idOf(group)}">
<h2>${encode(group.name)}</h2>
<p>${badges(group)}</p>
${figures && `<h3>Traffic</h3><div class="splits">${figures}</div>`}
${graphs ? drawGraphs(graphs, group.name) : ""}
${group.applications.map((application) => applicationDetails(application, isMixed(group), pairs, room, unfolded)).join("\n")}
</section>`;
}

/** Two bars for each list of weights that changed. */
function splitFigures(object: ObjectDiff): string[] {
  return object.fields.filter(isWeightChange).map(({ path, before, after }) => {
    const where = /http\[(.*?)\]\.route/.exec(path)?.[1];
    const route = where && where !== "default" ? `<div class="quiet"><code>${encode(where)}</code></div>` : "";
    return `<figure><figcaption><code>${encode(describeObject(object))}</code>${route}</figcaption>${drawSplit(before as Weights, after as Weights)}</figure>`;
  });
}

function applicationDetails(
  application: ApplicationDiff,
  mixed: boolean,
  pairs: ReadonlyMap<string, FilePair>,
  room: Room,
  unfolded: boolean,
): string {
  const { name, sync, objects } = application;
  const shown = objects.slice(0, room.objects);
  room.objects -= shown.length;
  const more = objects.length - shown.length;
  const note = more > 0 ? `<p class="quiet">${countable(more, "more object")}: npm run diff</p>` : "";
  const badge = mixed ? ` <span class="badge ${sync}">${encode(describeSync(application))}</span>` : "";
  const list = shown.map((object) => objectDetails(object, pairs.get(object.file), room)).join("");
  return `<details class="application" id="${idOf(application)}"${unfolded ? " open" : ""}><summary><h3>${encode(name)}</h3> <span class="quiet">${encode(countObjects(objects))}</span>${badge}</summary>${list}${note}</details>`;
}

function objectDetails(object: ObjectDiff, pair: FilePair | undefined, room: Room): string {
  const { action, fields } = object;
  const effects = object.effects.map((effect) => `<span class="badge effect">${encode(effect)}</span>`).join(" ");
  const rows = fields.map((field) => `<tr>${fieldCells(field)}</tr>`).join("");
  const table = rows && `<table>${rows}</table>`;
  const notes = describeNotes(object).map((note) => `<p class="note">${encode(note)}</p>`);
  const isOpen = notes.length > 0 || (fields.length > 0 && fields.length <= 6);
  return `<details class="object"${isOpen ? " open" : ""}><summary><span class="mark ${action}">${action}</span> <code>${encode(describeObject(object))}</code> ${effects}</summary>${notes.join("")}${table}${yamlDetails(object, pair, room)}</details>`;
}

function fieldCells(field: ObjectDiff["fields"][number]): string {
  const { path, before, after, lines } = describeField(field);
  const value = lines
    ? patch(lines)
    : [
        ...(before === undefined ? [] : [`<del>${encode(before)}</del>`]),
        ...(after === undefined ? [] : [`<ins>${encode(after)}</ins>`]),
      ].join(' <span class="arrow">→</span> ');
  return `<th scope="row">${encode(path).replaceAll(".", ".<wbr>")}</th><td>${value}</td>`;
}

/** The rendered file: what differs with its surroundings, or all of an object that comes or goes. */
function yamlDetails({ file, action }: ObjectDiff, pair: FilePair | undefined, room: Room): string {
  const name = `<p class="quiet file"><code>${encode(file)}</code></p>`;
  if (!pair || room.yamlBytes <= 0) return name;
  const lines = patchLines(pair.before ?? "", pair.after ?? "", 3, most.lines);
  const text = patch(lines);
  room.yamlBytes -= text.length;
  if (room.yamlBytes < 0) return name;
  return action === "changed"
    ? `<details class="yaml"><summary><code>${encode(file)}</code></summary>${text}</details>`
    : `${name}${text}`;
}

const patch = (lines: readonly string[]) =>
  `<pre tabindex="0">${lines
    .map((line) => {
      const tag = line.startsWith("+") ? "ins" : line.startsWith("-") ? "del" : "span";
      return `<${tag}>${encode(line)}</${tag}>`;
    })
    .join("\n")}</pre>`;

const idOf = (thing: GroupDiff | ApplicationDiff) => {
  const text = "folder" in thing ? thing.folder : thing.name;
  return `${"folder" in thing ? "folder" : "group"}-${encodeURIComponent(text).replaceAll("%", "_").replaceAll("'", "_27")}`;
};
