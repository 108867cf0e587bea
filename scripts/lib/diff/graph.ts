import type { Environment } from "../../../generators/model/environment.ts";
import { callsOf, parseCall, primaryOf, weightOf } from "../../../generators/model/resolve.ts";

/** A box of the call graph. */
export interface GraphNode {
  readonly name: string;
  readonly kind: "gateway" | "service" | "data store" | "external";
  /** Share of each version, primary first; empty for what has no versions. */
  readonly weights: readonly { readonly version: string; readonly weight: number }[];
  readonly changed: boolean;
  /** Distance from what is called by nobody: its column. */
  readonly column: number;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

/** More boxes than this are no picture any more. */
const most = 40;

/**
 * Who calls whom in an environment: all of it where it is small, else what changed with its neighbours.
 *
 * @param changed names of services and data stores that a change touches
 */
export function callGraph(environment: Environment, changed: ReadonlySet<string>): Graph {
  const { services, dataStores } = environment;
  const all = Object.entries(services).flatMap(([from, service]) => [
    ...(service.expose ? [{ from: "gateway", to: from }] : []),
    ...callsOf(service).map((call) => {
      const target = parseCall(call);
      return { from, to: "host" in target ? target.host : target.service };
    }),
  ]);
  const names = [
    ...new Set([...Object.keys(services), ...Object.keys(dataStores), ...all.flatMap(({ from, to }) => [from, to])]),
  ];
  const near = new Set(
    all.filter(({ from, to }) => changed.has(from) || changed.has(to)).flatMap(({ from, to }) => [from, to]),
  );
  const shown = new Set((names.length <= most ? names : [...new Set([...changed, ...near])]).slice(0, most));
  const edges = [...new Map(all.map((edge) => [`${edge.from} ${edge.to}`, edge])).values()].filter(
    ({ from, to }) => shown.has(from) && shown.has(to),
  );
  const columns = columnsOf([...shown], edges);
  const nodes = [...shown].map((name): GraphNode => {
    const service = services[name];
    return {
      name,
      kind: service ? "service" : name in dataStores ? "data store" : name === "gateway" ? "gateway" : "external",
      weights: service ? weightsOf(service) : [],
      changed: changed.has(name),
      column: columns.get(name) ?? 0,
    };
  });
  return { nodes, edges };
}

function weightsOf(service: Environment["services"][string]): { version: string; weight: number }[] {
  const primary = primaryOf(service);
  return Object.entries(service.versions)
    .map(([version, spec]) => ({ version, weight: weightOf(service, spec) }))
    .sort((a, b) => Number(b.version === primary) - Number(a.version === primary));
}

/** Longest way from a node that nobody calls; calls in a circle are cut where they close. */
function columnsOf(names: readonly string[], edges: Graph["edges"]): Map<string, number> {
  const columns = new Map<string, number>();
  const depth = (name: string, path: ReadonlySet<string>): number => {
    const known = columns.get(name);
    if (known !== undefined) return known;
    const callers = edges.filter(({ to, from }) => to === name && !path.has(from));
    const column = Math.max(-1, ...callers.map(({ from }) => depth(from, new Set([...path, name])))) + 1;
    columns.set(name, column);
    return column;
  };
  for (const name of names) depth(name, new Set([name]));
  return columns;
}
