import type { Environment } from "../../../generators/model/environment.ts";
import { parsePlatform } from "../../../generators/model/platform.ts";
import { readInputs } from "../inputs.ts";
import type { GroupDiff } from "./diff.ts";
import { callGraphs } from "./graph.ts";
import { diffHtml } from "./html.ts";
import type { Comparison } from "./revisions.ts";

/** A comparison as a page, with the call graphs of the inputs on both sides. Inputs that are wrong only cost the graph. */
export async function diffPage({ diff, pairs, inputsBefore }: Comparison, root: string): Promise<string> {
  const names = new Set(diff.groups.map(({ name }) => name));
  const [before, after] = [environmentsIn(await inputsBefore(), names), environmentsIn(readInputs(root), names)];
  const graph = (group: GroupDiff) => {
    const [old, now] = [before.get(group.name), after.get(group.name)];
    // What cannot be read is not what is not there: without a comparison the side that can be read is drawn.
    if (old === "unreadable" || now === "unreadable") {
      const only = old === "unreadable" ? now : old;
      return only === "unreadable" ? undefined : callGraphs(only, only, touchedIn(group));
    }
    return old || now ? callGraphs(old, now, touchedIn(group)) : undefined;
  };
  return diffHtml(diff, graph, new Map(pairs.map((pair) => [pair.path, pair])));
}

function environmentsIn(
  texts: ReadonlyMap<string, string>,
  names: ReadonlySet<string>,
): Map<string, Environment | "unreadable"> {
  const own = [...texts].filter(([path]) => names.has(/^envs\/(.*)\.ya?ml$/.exec(path)?.[1] ?? ""));
  const { environments } = parsePlatform(new Map(own)).platform;
  return new Map(
    own.map(([path]) => {
      const name = path.replace(/^envs\/|\.ya?ml$/g, "");
      return [name, environments.find(({ file }) => file === path)?.value ?? "unreadable"];
    }),
  );
}

/** Services and data stores that changed objects belong to: the folder's own, or the ones that routes are named after. */
function touchedIn({ applications }: GroupDiff): Set<string> {
  return new Set(
    applications.flatMap(({ folder, objects }) => {
      const own = folder.split("/").at(-1) ?? "";
      return own === "routes" ? objects.map(({ name }) => name) : [own];
    }),
  );
}
