import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readInputs } from "../../scripts/lib/inputs.ts";
import { inputs } from "../bench/input.ts";
import { edit, gitEnvironment, type Inputs, reviewRepository, serviceText } from "../review.ts";
import { repository, shippedFolder } from "../support.ts";

const shipped = readInputs(shippedFolder);

/** A service with the text of another, which `replacements` change. */
const change = (
  all: Inputs,
  name: string,
  service: string,
  ...replacements: readonly (readonly [RegExp, string])[]
) => {
  const file = `envs/${name}.yaml`;
  const text = serviceText(all, file, service);
  return edit(all, file, [text, replacements.reduce((now, [old, other]) => now.replaceAll(old, other), text)]);
};

/** More traffic for a canary of prod, a release in staging, and a new service in dev. */
function aDay(): Inputs {
  const canary = change(shipped, "prod", "backend", [/weight: 90/g, "weight: 70"], [/weight: 10\b/g, "weight: 30"]);
  const release = change(canary, "staging", "ml", [/tag: [\d.]+/g, "tag: 6.16.0"]);
  const called = change(release, "dev", "backend", [/calls: \[ml, database\]/g, "calls: [ml, database, orders]"]);
  const orders = serviceText(called, "envs/dev.yaml", "ml").replaceAll("ml", "orders");
  return edit(called, "envs/dev.yaml", ["\n  ml:\n", `\n${orders}  ml:\n`]);
}

/** One image for hundreds of workloads. */
const platform = new Map(inputs(60).map(({ path, text }) => [path, text]));
const released = new Map([...platform].map(([path, text]) => [path, text.replaceAll("tag: 6.1", "tag: 7.1")]));

export const names = ["small", "day", "large", "hostile"] as const;
export type Name = (typeof names)[number];

/** Changes whose pages are looked at; the hostile one is not rendered. */
const changes: Readonly<Record<Exclude<Name, "hostile">, () => readonly [before: Inputs, after: Inputs]>> = {
  small: () => [
    shipped,
    change(shipped, "prod", "backend", [/weight: 90/g, "weight: 80"], [/weight: 10\b/g, "weight: 20"]),
  ],
  day: () => [shipped, aDay()],
  large: () => [platform, released],
};

/** Writes the page of a change below a folder. @returns the path of the page */
export function writePage(folder: string, name: Name): string {
  const root = join(folder, name);
  const [before, after] = name === "hostile" ? [shipped] : changes[name]();
  reviewRepository(root, before, after);
  if (name === "hostile") {
    const file = join(root, "envs/dev/ml/config-map-ml-stable.yaml");
    const values = [
      "<script>document.title='taken'</script>",
      "</pre></td><img src='http://127.0.0.1:1/x'>",
      "w".repeat(3000),
    ];
    const data = values.map((value, index) => `  key-${index}: ${JSON.stringify(value)}\n`).join("");
    writeFileSync(file, readFileSync(file, "utf8").replace(/^data:\n/m, `data:\n${data}`));
  }
  const page = join(folder, `${name}.html`);
  const call = [join(repository, "scripts/run.js"), "diff", "--root", root, "--format", "html", "--output", page];
  execFileSync(process.execPath, call, { env: gitEnvironment });
  return page;
}
