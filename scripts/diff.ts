import { writeFileSync } from "node:fs";
import { echo } from "zx";
import { parsePlatform } from "../generators/model/platform.ts";
import { main, rootOf, UserError } from "./lib/cli.ts";
import type { Diff } from "./lib/diff/diff.ts";
import { diffHtml } from "./lib/diff/html.ts";
import { diffMarkdown } from "./lib/diff/markdown.ts";
import { diffAgainst } from "./lib/diff/revisions.ts";
import { diffText } from "./lib/diff/text.ts";
import { openGit } from "./lib/git.ts";
import { readInputs } from "./lib/inputs.ts";

const formats: Readonly<Record<string, (diff: Diff, root: string) => string>> = {
  text: diffText,
  markdown: (diff) => diffMarkdown(diff),
  html: (diff, root) => diffHtml(diff, parsePlatform(readInputs(root)).platform),
  json: (diff) => JSON.stringify(diff, null, 2),
};

await main({
  usage: "npm run diff --",
  positionals: "[REF]",
  summary:
    "Shows what the change under review does to the rendered objects: from REF (default: where this branch left the default branch) to the work tree.",
  options: {
    format: { type: "string", value: "NAME", help: `One of ${Object.keys(formats).join(", ")}. Default: text.` },
    json: { type: "boolean", help: "The same as --format json." },
    output: { type: "string", value: "FILE", help: "Write to a file. Default: print." },
    root: { type: "string", value: "DIR", help: "The clone to look at. Default: this repository." },
  },
  run: async ({ format, json, output, root: folder }, [ref, ...more]) => {
    if (more.length > 0)
      throw new UserError(`one ref is enough: ${[ref, ...more].join(" ")}; the other side is the work tree`);
    const chosen = json ? "json" : (format ?? "text");
    const write = formats[chosen];
    if (!write) throw new UserError(`--format ${chosen}: must be one of ${Object.keys(formats).join(", ")}`);
    const root = rootOf(folder);
    const text = write(await diffAgainst(openGit(root), root, ref), root);
    if (output) writeFileSync(output, text.endsWith("\n") ? text : `${text}\n`);
    else echo(text.trimEnd());
  },
});
