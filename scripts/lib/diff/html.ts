import type { Platform } from "../../../generators/model/platform.ts";
import type { FieldChange } from "./compare.ts";
import type { ApplicationDiff, Diff, GroupDiff, ObjectDiff } from "./diff.ts";
import { callGraph, type Graph, type GraphNode } from "./graph.ts";
import {
  allObjects,
  countObjects,
  describeField,
  describeObject,
  describeSync,
  isWeights,
  objectsOf,
} from "./words.ts";

/** Objects beyond this are counted and not listed: a page of many megabytes helps nobody. */
const mostObjects = 2_000;

/**
 * A diff as one self-contained page: no script, no request. What changes on top, then each environment with its traffic and
 * its call graph, then every object, folded.
 *
 * @param platform the inputs on the new side, for the call graphs
 */
export function diffHtml(diff: Diff, platform: Platform): string {
  const title = diff.groups.length === 0 ? "No rendered object changes" : countObjects(allObjects(diff));
  const sections = diff.groups.map((group) => groupSection(group, platform));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${encode(title)}</title>
<style>${style}</style>
<header>
<p class="quiet">Rendered changes, ${encode(diff.base)} → ${encode(diff.head)}</p>
<h1>${encode(title)}</h1>
${overview(diff)}
</header>
<main>
${sections.join("\n")}
</main>
</html>
`;
}

function overview({ groups }: Diff): string {
  if (groups.length === 0) return "";
  const cards = groups.map((group) => {
    const effects = [
      ...Map.groupBy(
        objectsOf(group).flatMap((object) => object.effects),
        (effect) => effect,
      ),
    ];
    const lines = effects.map(([effect, all]) => `<li class="effect">${all.length} × ${encode(effect)}</li>`);
    return `<a class="card" href="#${id(group)}"><b>${encode(group.name)}</b><ul><li>${encode(countObjects(objectsOf(group)))}</li><li class="${group.sync}">${encode(describeSync(group))}</li>${lines.join("")}</ul></a>`;
  });
  return `<nav>${cards.join("")}</nav>`;
}

function groupSection(group: GroupDiff, platform: Platform): string {
  const environment = platform.environments.find(({ value }) => value.name === group.name)?.value;
  const names = new Set(group.applications.flatMap((application) => touchedServices(application)));
  const graph = environment ? drawGraph(callGraph(environment, names)) : "";
  const splits = objectsOf(group).flatMap(drawSplits).join("");
  return `<section id="${id(group)}">
<h2>${encode(group.name)} <span class="badge ${group.sync}">${encode(describeSync(group))}</span></h2>
${splits && `<div class="splits">${splits}</div>`}
${graph}
${applications(group)}
</section>`;
}

/** Services that the objects of an Application belong to: the folder's own, or the ones that routes are named after. */
function touchedServices({ folder, objects }: ApplicationDiff): string[] {
  const own = folder.split("/").at(-1) ?? "";
  return own === "routes" || own === "namespaces" ? objects.map(({ name }) => name) : [own];
}

function applications({ applications }: GroupDiff): string {
  let left = mostObjects;
  return applications
    .map(({ name, objects }) => {
      const shown = objects.slice(0, Math.max(0, left));
      left -= objects.length;
      const more = objects.length - shown.length;
      return `<h3>${encode(name)} <span class="quiet">${encode(countObjects(objects))}</span></h3>${shown.map(objectDetails).join("")}${more > 0 ? `<p class="quiet">${more} more objects: npm run diff</p>` : ""}`;
    })
    .join("\n");
}

function objectDetails(object: ObjectDiff): string {
  const effects = object.effects.map((effect) => `<span class="badge effect">${encode(effect)}</span>`).join(" ");
  const rows = object.fields.map(fieldRow).join("");
  const body = rows
    ? `<table>${rows}</table>`
    : `<p class="quiet">${object.action === "created" ? "A new object" : "Not rendered any more"}: ${encode(object.file)}</p>`;
  return `<details${object.fields.length > 0 && object.fields.length <= 6 ? " open" : ""}><summary><span class="mark ${object.action}">${object.action}</span> <code>${encode(describeObject(object))}</code> ${effects}</summary>${body}</details>`;
}

function fieldRow(field: FieldChange): string {
  const { path, change } = describeField(field);
  const [before, after] = change.split(" → ");
  const value =
    after === undefined
      ? `<ins>${encode(change)}</ins>`
      : `<del>${encode(before ?? "")}</del> <span class="arrow">→</span> <ins>${encode(after)}</ins>`;
  return `<tr><th scope="row">${encode(path).replaceAll(".", ".<wbr>")}</th><td>${value}</td></tr>`;
}

/** Two bars, before and after, for each list of weights that changed. */
function drawSplits(object: ObjectDiff): string[] {
  return object.fields.flatMap(({ path, before, after }) => {
    if (!path.endsWith(".weight") || !isWeights(before) || !isWeights(after)) return [];
    return [
      `<figure><figcaption><code>${encode(describeObject(object))}</code></figcaption>${bar("before", before)}${bar("after", after)}</figure>`,
    ];
  });
}

function bar(label: string, weights: Readonly<Record<string, number>>): string {
  const versions = Object.keys(weights).map((version) => ({ version }));
  const words = Object.entries(weights).map(([version, weight]) => `${version} ${weight}`);
  const parts = Object.entries(weights)
    .filter(([, weight]) => weight > 0)
    .map(([version, weight]) => `<span class="${tone(versions, version)}" style="flex:${weight}"></span>`);
  return `<div class="quiet">${label}: ${encode(words.join(" · "))}</div><div class="bar">${parts.join("")}</div>`;
}

const tone = (weights: readonly { version: string }[], version: string) =>
  `tone${weights.findIndex((one) => one.version === version) % 4}`;

const box = { width: 168, height: 64, gapX: 72, gapY: 22 } as const;

/** Boxes in columns by distance from the gateway, with lines between them; it scrolls sideways where it is wide. */
function drawGraph({ nodes, edges }: Graph): string {
  if (edges.length === 0) return "";
  const columns = Map.groupBy(nodes, ({ column }) => column);
  const place = new Map<string, { x: number; y: number }>();
  for (const [column, own] of columns) {
    for (const [row, { name }] of own.entries())
      place.set(name, { x: 8 + column * (box.width + box.gapX), y: 8 + row * (box.height + box.gapY) });
  }
  const width = 16 + columns.size * (box.width + box.gapX) - box.gapX;
  const height = 16 + Math.max(...[...columns.values()].map((own) => own.length)) * (box.height + box.gapY) - box.gapY;
  const lines = edges.map(({ from, to }) => line(place.get(from), place.get(to)));
  return `<div class="graph"><svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Who calls whom, with the split of the traffic"><defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z"/></marker></defs>${lines.join("")}${nodes.map((node) => drawNode(node, place.get(node.name))).join("")}</svg></div>`;
}

type Point = { readonly x: number; readonly y: number };

function line(from: Point | undefined, to: Point | undefined): string {
  if (!from || !to) return "";
  const [x1, y1, x2, y2] = [from.x + box.width, from.y + box.height / 2, to.x - 2, to.y + box.height / 2];
  const bend = Math.max(24, Math.abs(x2 - x1) / 2);
  return `<path class="edge" d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}" marker-end="url(#arrow)"/>`;
}

function drawNode({ name, kind, weights, changed }: GraphNode, at: Point = { x: 0, y: 0 }): string {
  const label = name.length > 20 ? `${name.slice(0, 19)}…` : name;
  let offset = 0;
  const inner = box.width - 20;
  const parts = weights
    .filter(({ weight }) => weight > 0)
    .map(({ version, weight }) => {
      const part = `<rect class="${tone(weights, version)}" x="${at.x + 10 + offset}" y="${at.y + 46}" width="${(inner * weight) / 100}" height="8"><title>${encode(version)} ${weight} %</title></rect>`;
      offset += (inner * weight) / 100;
      return part;
    });
  const detail = weights.length > 1 ? weights.map(({ version, weight }) => `${version} ${weight}`).join(" · ") : kind;
  return `<g class="node ${changed ? "touched" : ""}"><rect class="box" x="${at.x}" y="${at.y}" width="${box.width}" height="${box.height}" rx="8"/><text x="${at.x + 10}" y="${at.y + 21}" class="name">${encode(label)}</text><text x="${at.x + 10}" y="${at.y + 38}" class="detail">${encode(detail.length > 26 ? `${detail.slice(0, 25)}…` : detail)}</text>${parts.join("")}</g>`;
}

const id = ({ name }: GroupDiff) => `group-${name.replaceAll(/[^\w-]/g, "-")}`;
const encode = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const style = `
:root{color-scheme:light dark;--text:light-dark(#1b1f24,#e6e8eb);--quiet:light-dark(#5b6470,#9aa4b0);--page:light-dark(#f7f8fa,#14171b);--card:light-dark(#fff,#1d2127);--line:light-dark(#d9dee4,#343b44);--accent:light-dark(#0b63c9,#6db1ff);--add:light-dark(#116329,#6fdd8b);--del:light-dark(#a40e26,#ff8f8f);--warn:light-dark(#8a4b00,#ffc66d);--tone0:light-dark(#2f6fbf,#4d8fe0);--tone1:light-dark(#d98a1f,#e0a04a);--tone2:light-dark(#3f9a5f,#5ab87b);--tone3:light-dark(#9461b8,#b187d4)}
*{box-sizing:border-box}
body{margin:0 auto;max-width:70rem;padding:1.5rem 1rem 4rem;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif}
h1{margin:.2rem 0 1rem;font-size:1.7rem}h2{margin:2.5rem 0 .8rem;font-size:1.3rem}h3{margin:1.4rem 0 .4rem;font-size:1rem}
p{margin:.3rem 0}.quiet{color:var(--quiet);font-weight:400;font-size:.9rem}
code,th{font-family:ui-monospace,monospace;font-size:.85rem}code{overflow-wrap:anywhere}
nav{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.8rem}
.card,figure,details,.graph{background:var(--card);border:1px solid var(--line);border-radius:.6rem}
.card{display:block;padding:.8rem 1rem;color:inherit;text-decoration:none}.card:hover{border-color:var(--accent)}.card ul{margin:.3rem 0 0;padding:0;list-style:none;font-size:.9rem}
.manual,.effect{color:var(--warn)}.automated{color:var(--quiet)}
.badge{font-size:.8rem;font-weight:500;white-space:nowrap}
.splits{display:grid;grid-template-columns:repeat(auto-fill,minmax(18rem,1fr));gap:.8rem;margin:.8rem 0}
figure{margin:0;padding:.8rem 1rem}figcaption{margin-bottom:.3rem}
.bar{display:flex;gap:2px;height:.9rem;margin-bottom:.4rem;border-radius:.3rem;overflow:hidden}
.tone0{background:var(--tone0);fill:var(--tone0)}.tone1{background:var(--tone1);fill:var(--tone1)}.tone2{background:var(--tone2);fill:var(--tone2)}.tone3{background:var(--tone3);fill:var(--tone3)}
.graph{overflow-x:auto;margin:.8rem 0;padding:.4rem}.graph svg{display:block}
.box{fill:var(--page);stroke:var(--line)}.touched .box{stroke:var(--accent);stroke-width:2.5}.edge{fill:none;stroke:var(--quiet);stroke-width:1.4}marker path{fill:var(--quiet)}
.name{fill:var(--text);font:600 14px system-ui,sans-serif}.detail{fill:var(--quiet);font:12px system-ui,sans-serif}
details{margin:.4rem 0;padding:.5rem .8rem}summary{cursor:pointer}
.mark{display:inline-block;min-width:4.6rem;font-size:.8rem;font-weight:600}.created{color:var(--add)}.removed{color:var(--del)}.changed{color:var(--accent)}
table{width:100%;margin-top:.4rem;border-collapse:collapse;font-size:.9rem}th{text-align:left;font-weight:400;color:var(--quiet);overflow-wrap:anywhere;width:60%}td,th{padding:.25rem .5rem .25rem 0;border-top:1px solid var(--line);vertical-align:top}td{overflow-wrap:anywhere}
ins{color:var(--add);text-decoration:none;font-weight:600}del{color:var(--del)}
@media(max-width:40rem){th,td{display:block;width:auto}td{border-top:0;padding-top:0}h2 .badge{display:block}}
`.replaceAll("\n", "");
