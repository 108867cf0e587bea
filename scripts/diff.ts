import { writeFileSync } from "node:fs";
import { main, rootOf, UserError } from "./lib/cli.ts";
import { type Comparison, compareWith } from "./lib/diff/revisions.ts";

/** Each format is loaded when it is asked for: the page's reader of inputs takes longer to load than a diff takes. */
const formats: Readonly<Record<string, (comparison: Comparison, root: string) => Promise<string>>> = {
  text: async ({ diff }) => (await import("./lib/diff/text.ts")).diffText(diff),
  markdown: async ({ diff }) => (await import("./lib/diff/markdown.ts")).diffMarkdown(diff),
  html: async (comparison, root) => (await import("./lib/diff/page.ts")).diffPage(comparison, root),
  json: async ({ diff }) => JSON.stringify(diff, null, 2),
};

await main({
  usage: "npm run diff --",
  positionals: "[REF]",
  summary:
    "Shows what the change under review does to the rendered objects: from REF (default: where this branch left the default branch) to the work tree, with what is not committed yet.",
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
    const write = Object.hasOwn(formats, chosen) ? formats[chosen] : undefined;
    if (!write) throw new UserError(`--format ${chosen}: must be one of ${Object.keys(formats).join(", ")}`);
    const root = rootOf(folder);
    const text = `${(await write(await compareWith(root, ref), root)).trimEnd()}\n`;
    if (output) writeFileSync(output, text);
    else process.stdout.write(text);
  },
});
