import type { Weights } from "./compare.ts";
import { encode } from "./encode.ts";
import { box, type Graph, type GraphEdge, type GraphNode, type Graphs, type Presence } from "./graph.ts";

/** Colours of the versions of a service, by the order in which they are named. */
const tone = (versions: readonly string[], version: string) => `tone${versions.indexOf(version) % 4}`;

/** Two bars, before and after, with the numbers beside them. */
export function drawSplit(before: Weights, after: Weights): string {
  const versions = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const bar = (label: string, weights: Weights) => {
    const parts = versions
      .filter((version) => (weights[version] ?? 0) > 0)
      .map((version) => `<span class="${tone(versions, version)}" style="flex:${Number(weights[version])}"></span>`);
    return `<div class="split"><span class="quiet">${label}</span><div class="bar">${parts.join("")}</div></div>`;
  };
  const legend = versions.map((version) => {
    const [old, now] = [before[version], after[version]];
    const change = old === now ? `${now} %` : `${old ?? "–"} → <b>${now ?? "–"}</b> %`;
    return `<li><span class="dot ${tone(versions, version)}"></span>${encode(version)} ${change}</li>`;
  });
  return `${bar("before", before)}${bar("after", after)}<ul class="legend">${legend.join("")}</ul>`;
}

/** Boxes from callers to callees, with lines between them. */
export function drawGraphs({ wide, narrow }: Graphs, place: string): string {
  const { nodes, edges, hidden } = wide;
  if (nodes.length === 0) return "";
  const any = (presence: Presence) => [...nodes, ...edges].some((one) => one.presence === presence);
  const key = (name: string, words: string, shown: boolean) => (shown ? `<li class="key ${name}">${words}</li>` : "");
  const legend = [
    key(
      "touched",
      "changed",
      nodes.some(({ presence, touched }) => touched && presence === "kept"),
    ),
    key("new", "new", any("new")),
    key("gone", "gone", any("gone")),
  ];
  const others = hidden > 0 ? `<li>${hidden} more are not drawn: the change does not touch them</li>` : "";
  const pictures = [
    ["wide", wide],
    ["narrow", narrow],
  ] as const;
  const scrolling = pictures.map(
    ([name, graph]) =>
      `<div class="scroll ${name}" tabindex="0" role="region" aria-label="Call graph of ${encode(place)}">${drawGraph(graph)}</div>`,
  );
  return `<figure class="graph"><figcaption>Who calls whom<ul class="legend">${legend.join("")}${others}</ul></figcaption>${scrolling.join("")}</figure>`;
}

/** It is a picture: its label says it to those who do not see it. */
function drawGraph({ nodes, edges, width, height }: Graph): string {
  const calls = edges.map(
    ({ from, to, presence }) => `${from} calls ${to}${presence === "kept" ? "" : ` (${presence})`}`,
  );
  const label = `Who calls whom: ${calls.join(", ") || "nobody calls anybody"}`;
  return `<svg width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}" role="img" aria-label="${encode(label)}">${edges.map(drawEdge).join("")}${nodes.map(drawNode).join("")}</svg>`;
}

/** Heads of the lines, once for all graphs of a page. */
export const arrows = `<svg class="arrows" width="0" height="0" aria-hidden="true"><defs>${["kept", "new", "gone"]
  .map(
    (presence) =>
      `<marker id="arrow-${presence}" class="${presence}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker>`,
  )
  .join("")}</defs></svg>`;

const round = (number: number) => Math.round(number * 10) / 10;

/** A smooth line through the points: each but the first and last one bends it. */
function drawEdge({ points, presence }: GraphEdge): string {
  const [first, ...rest] = points.map(({ x, y }) => ({ x: round(x), y: round(y) }));
  const last = rest.pop();
  if (!first || !last) return "";
  const curves = rest.map(({ x, y }, index) => {
    const next = rest[index + 1] ?? last;
    return index === rest.length - 1
      ? `Q${x} ${y} ${last.x} ${last.y}`
      : `Q${x} ${y} ${round((x + next.x) / 2)} ${round((y + next.y) / 2)}`;
  });
  const path = curves.length > 0 ? curves.join("") : `L${last.x} ${last.y}`;
  return `<path class="edge ${presence}" d="M${first.x} ${first.y}${path}" marker-end="url(#arrow-${presence})"/>`;
}

const inner = box.width - 20;
/** Characters of a name and of a detail that surely fit into a box. */
const fits = { name: 15, detail: 21 } as const;
const clip = (text: string, length: number) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

function drawNode({ name, kind, presence, touched, before, after, x, y }: GraphNode): string {
  const versions = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const moved = presence === "kept" && versions.some((version) => before[version] !== after[version]);
  const now = presence === "gone" ? before : after;
  const list = (weights: Weights) => versions.map((version) => weights[version] ?? "–").join("/");
  const detail =
    versions.length < 2 ? kind : `${versions.join("/")} ${moved ? `${list(before)} → ${list(after)}` : list(now)}`;
  const bars = moved
    ? `${drawBar(versions, before, 46, 5)}${drawBar(versions, after, 53, 9)}`
    : drawBar(versions, now, 50, 9);
  const short = moved ? `${list(before)} → ${list(after)}` : detail;
  return `<g class="node ${presence}${touched ? " touched" : ""}" transform="translate(${round(x)} ${round(y)})"><title>${encode(`${name}: ${presence === "kept" ? "" : `${presence}, `}${detail}`)}</title><rect class="box" width="${box.width}" height="${box.height}" rx="8"/><text x="10" y="21" class="name">${encode(clip(name, fits.name))}</text><text x="10" y="38" class="detail">${encode(clip(detail.length > fits.detail ? short : detail, fits.detail))}</text>${bars}</g>`;
}

function drawBar(versions: readonly string[], weights: Weights, y: number, height: number): string {
  let offset = 10;
  return versions
    .map((version) => {
      const width = (inner * (weights[version] ?? 0)) / 100;
      const part = `<rect class="${tone(versions, version)}" x="${round(offset)}" y="${y}" width="${round(width)}" height="${height}"/>`;
      offset += width;
      return width > 0 ? part : "";
    })
    .join("");
}
