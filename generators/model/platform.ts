import type { ZodType } from "zod";
import { type Cluster, cluster } from "./cluster.ts";
import { type Environment, environment } from "./environment.ts";
import type { Fault } from "./faults.ts";
import { parseInput } from "./parse.ts";

/** An input with the file it came from, for messages and for the headers of what is rendered from it. */
export interface Input<T> {
  /** Path relative to the repository root, such as envs/prod.yaml. */
  readonly file: string;
  readonly value: T;
}

/** Everything people state: the whole of what is rendered follows from it. */
export interface Platform {
  readonly clusters: readonly Input<Cluster>[];
  readonly environments: readonly Input<Environment>[];
}

/**
 * Reads all inputs.
 *
 * @param texts text of each input by path: envs/<name>.yaml and clusters/<name>.yaml
 * @param parse reads one input; given where the result of an earlier reading may serve
 * @returns what could be read, and the faults of what could not
 */
export function parsePlatform(
  texts: ReadonlyMap<string, string>,
  parse: typeof parseInput = parseInput,
): { platform: Platform; faults: Fault[] } {
  const faults: Fault[] = [];
  const read = <T>(folder: string, schema: ZodType<T>): Input<T>[] =>
    [...texts].flatMap(([file, text]) => {
      if (!file.startsWith(`${folder}/`)) return [];
      const parsed = parse(file, text, schema);
      if ("value" in parsed) return [{ file, value: parsed.value }];
      faults.push(...parsed.faults);
      return [];
    });
  return { platform: { environments: read("envs", environment), clusters: read("clusters", cluster) }, faults };
}
