import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readInputs } from "../scripts/lib/inputs.ts";

/*
 * Each file in fixtures/invalid is a platform with the fault it is named after. It opens with the lines that the render
 * promises to print, in the order of their printing, and says how the platform differs from the valid one in base/:
 *
 *     # expect: envs/dev.yaml:15:17  services.frontend.versions.stable.weight: is 101, must be at most 100
 *     # patch: envs/dev.yaml
 *     -        weight: 90
 *     +        weight: 101
 *
 * `# patch:` is the body of a unified diff, whose old lines must stand in the file exactly once; `# file:` gives a whole
 * file; `# no file:` takes one away. Any other comment before the first of them is for the reader.
 */
const folder = join(import.meta.dirname, "fixtures/invalid");
/** The valid platform that the faults are put into. */
export const base = readInputs(join(folder, "base"));
/** The fixtures, with the texts of their inputs by path. */
export const fixtures = readdirSync(folder)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => readFixture(name.replace(/\.yaml$/, ""), readFileSync(join(folder, name), "utf8")));

export interface Fixture {
  readonly name: string;
  readonly expected: readonly string[];
  readonly texts: ReadonlyMap<string, string>;
}

function readFixture(name: string, text: string): Fixture {
  const [head = "", ...sections] = text.split(/^# (?=(?:patch|file|no file): )/m);
  const texts = new Map(base);
  for (const section of sections) {
    const [, kind, file = "", body = ""] = /^(patch|file|no file): ([^\n]*)\n(.*)$/s.exec(section) ?? [];
    if (kind === "patch") texts.set(file, patch(texts.get(file) ?? "", body, name));
    else if (kind === "file") texts.set(file, body);
    else texts.delete(file);
  }
  return { name, expected: Array.from(head.matchAll(/^# expect: (.*)$/gm), ([, line = ""]) => line), texts };
}

function patch(text: string, diff: string, name: string): string {
  const lines = diff.trimEnd().split("\n");
  const side = (marks: string) =>
    lines.flatMap((line) => (marks.includes(line.charAt(0)) ? `\n${line.slice(1)}` : [])).join("");
  const parts = `\n${text}`.split(`${side(" -")}\n`);
  if (parts.length !== 2) throw new Error(`${name}.yaml: its old lines stand ${parts.length - 1} times in the file`);
  return parts.join(`${side(" +")}\n`).slice(1);
}
