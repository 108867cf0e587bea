import { Graph as Layout, layout } from "@dagrejs/dagre";
import { parseCall } from "../../../generators/model/calls.ts";
import type { Environment } from "../../../generators/model/environment.ts";
import { callsOf, primaryOf, weightOf } from "../../../generators/model/resolve.ts";
import type { Weights } from "./compare.ts";

export type Presence = "new" | "gone" | "kept";

/** A box of the call graph. */
export interface GraphNode {
  readonly name: string;
  readonly kind: "gateway" | "service" | "data store" | "external";
  readonly presence: Presence;
  /** Whether the change touches an object of it. */
  readonly touched: boolean;
  /** Share of each version, primary first; empty for what has no versions, or is not there. */
  readonly before: Weights;
  readonly after: Weights;
  readonly x: number;
  readonly y: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly presence: Presence;
  readonly points: readonly Point[];
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** Number of services that are not shown. */
  readonly hidden: number;
  readonly width: number;
  readonly height: number;
}

/** Size of a box. */
export const box = { width: 146, height: 68 } as const;

/** Boxes of a small environment, which is drawn as a whole, and of any picture. */
const most = { whole: 16, drawn: 40 } as const;

/** The same graph for wide screens, from left to right, and for narrow ones, from top to bottom where that is narrower. */
export interface Graphs {
  readonly wide: Graph;
  readonly narrow: Graph;
}

/**
 * Who calls whom in an environment, before and after a change: all of it where it is small, else what the change touches,
 * with its neighbours.
 *
 * @param before none where the environment is new
 * @param after none where it goes
 * @param touched names of services and data stores of which an object changes
 */
export function callGraphs(
  before: Environment | undefined,
  after: Environment | undefined,
  touched: ReadonlySet<string>,
): Graphs {
  const [old, now] = [callsIn(before), callsIn(after)];
  const presence = (had: boolean, has: boolean): Presence => (had && has ? "kept" : has ? "new" : "gone");
  const names = [...new Set([...now.names, ...old.names])];
  const calls = [...new Map([...now.calls, ...old.calls])];
  const near = calls.filter(([, [from, to]]) => touched.has(from) || touched.has(to)).flatMap(([, ends]) => ends);
  const nearby = [...new Set([...names.filter((name) => touched.has(name)), ...near])].slice(0, most.drawn);
  const shown = names.length <= most.whole ? names : nearby;
  const services = (environment: Environment | undefined, name: string) => environment?.services[name];
  const nodes = shown.map((name): Omit<GraphNode, "x" | "y"> => {
    const inStore = [before, after].some((environment) => environment && Object.hasOwn(environment.dataStores, name));
    const service = services(after, name) ?? services(before, name);
    return {
      name,
      kind: service ? "service" : inStore ? "data store" : name === "gateway" ? "gateway" : "external",
      presence: presence(old.names.has(name), now.names.has(name)),
      touched: touched.has(name),
      before: weightsOf(services(before, name)),
      after: weightsOf(services(after, name)),
    };
  });
  const edges = calls
    .filter(([, [from, to]]) => shown.includes(from) && shown.includes(to))
    .map(([key, [from, to]]) => ({ from, to, presence: presence(old.calls.has(key), now.calls.has(key)) }));
  const hidden = names.length - shown.length;
  const [wide, high] = [place("LR", nodes, edges, hidden), place("TB", nodes, edges, hidden)];
  return { wide, narrow: high.width < wide.width ? high : wide };
}

const margin = 6;

function place(
  rankdir: "LR" | "TB",
  nodes: readonly Omit<GraphNode, "x" | "y">[],
  edges: readonly Omit<GraphEdge, "points">[],
  hidden: number,
): Graph {
  const graph = new Layout().setGraph({ rankdir, nodesep: 10, ranksep: rankdir === "LR" ? 64 : 40 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { name } of nodes) graph.setNode(name, { ...box });
  for (const { from, to } of edges) graph.setEdge(from, to);
  layout(graph);
  const points = edges.map(({ from, to }) => (graph.edge(from, to) as { points?: Point[] }).points ?? []);
  const corners = nodes.map(({ name }) => {
    const { x = 0, y = 0 } = graph.node(name) as Point;
    return { x: x - box.width / 2, y: y - box.height / 2 };
  });
  // Lines may bend beyond the boxes.
  const all = [...points.flat(), ...corners, ...corners.map(({ x, y }) => ({ x: x + box.width, y: y + box.height }))];
  const [left, top] = [Math.min(...all.map(({ x }) => x)) - margin, Math.min(...all.map(({ y }) => y)) - margin];
  const move = ({ x, y }: Point): Point => ({ x: x - left, y: y - top });
  return {
    nodes: nodes.map((node, index) => ({ ...node, ...move(corners[index] ?? { x: 0, y: 0 }) })),
    edges: edges.map((edge, index) => ({ ...edge, points: (points[index] ?? []).map(move) })),
    hidden,
    width: Math.max(0, ...all.map((point) => move(point).x + margin)),
    height: Math.max(0, ...all.map((point) => move(point).y + margin)),
  };
}

interface Calls {
  readonly names: ReadonlySet<string>;
  /** Caller and callee, by both names. */
  readonly calls: ReadonlyMap<string, readonly [from: string, to: string]>;
}

function callsIn(environment: Environment | undefined): Calls {
  const { services = {}, dataStores = {} } = environment ?? {};
  const ends = Object.entries(services).flatMap(([from, service]) => [
    ...(service.expose ? [["gateway", from] as const] : []),
    ...callsOf(service).map((call) => {
      const target = parseCall(call);
      return [from, "host" in target ? target.host : target.service] as const;
    }),
  ]);
  return {
    names: new Set([...Object.keys(services), ...Object.keys(dataStores), ...ends.flat()]),
    calls: new Map(ends.map((pair) => [pair.join(" "), pair])),
  };
}

function weightsOf(service: Environment["services"][string] | undefined): Weights {
  if (!service) return {};
  const primary = primaryOf(service);
  const versions = Object.entries(service.versions).map(
    ([version, spec]) => [version, weightOf(service, spec)] as const,
  );
  return Object.fromEntries(versions.sort(([a], [b]) => Number(b === primary) - Number(a === primary)));
}
