import { styleText } from "node:util";
import { main, requireOwnRepository, rootOf, UserError } from "./lib/cli.ts";
import { planRender, type Render } from "./lib/render.ts";
import { removeState } from "./lib/state.ts";
import { inTurn } from "./lib/turn.ts";

const marks = {
  create: styleText("green", "+"),
  change: styleText("yellow", "~"),
  remove: styleText("red", "-"),
  warn: styleText("magenta", "!"),
} as const;

/** How many lines a person reads. */
const few = 40;

/** How many changed files are looked into for what Kubernetes does with them. */
const most = 500;

await main({
  usage: "npm run render --",
  summary: "Renders envs/*.yaml and clusters/*.yaml into manifests and Applications, and prints what changed.",
  options: {
    check: { type: "boolean", help: "Write nothing; fail when the tree is stale." },
    "dry-run": { type: "boolean", help: "Write nothing; print what would change." },
    json: { type: "boolean", help: "Print the changes as JSON." },
    root: { type: "string", value: "DIR", help: "Folder that holds envs/ and clusters/. Default: this repository." },
  },
  run: async ({ check, "dry-run": dryRun, json, root: folder }) => {
    const root = rootOf(folder);
    requireOwnRepository(root);
    const isReading = check || dryRun;
    const { render, warned } = isReading
      ? await planWithWarnings(root, check)
      : await inTurn(root, () => writeRender(root));
    const changes = listChanges(render);
    if (json) console.log(JSON.stringify({ total: render.total, stale: changes.length > 0, changes }, null, 2));
    else console.log([...summarise(changes, render.total), ...warned].join("\n"));
    if (check && changes.length > 0) {
      // The next render must not trust what it remembers of these files.
      removeState(root);
      throw new UserError("the rendered tree is stale; run npm run render and commit what it changes");
    }
  },
});

interface Planned {
  readonly render: Render;
  /** What a person should know of before committing. */
  readonly warned: readonly string[];
}

async function writeRender(root: string): Promise<Planned> {
  const planned = await planWithWarnings(root);
  planned.render.write();
  return planned;
}

/** Works out a render, and what it means for the cluster: after the write, the old tree is gone. */
async function planWithWarnings(root: string, compareAll?: boolean): Promise<Planned> {
  const render = planRender(root, { compareAll });
  return { render, warned: compareAll ? [] : await warningsOf(render) };
}

/** What Kubernetes will refuse, empty or scale down, of a change that a person may have made by hand. */
async function warningsOf(render: Render): Promise<string[]> {
  const { change, remove } = render.tree;
  const count = change.length + remove.length;
  if (count === 0 || count > most) return [];
  // Loaded when it is needed: the readers of YAML take longer to load than a render takes.
  const { diffOfRender, warnings } = await import("./lib/diff/planned.ts");
  return warnings(diffOfRender(render, "", "")).map((line) => `${marks.warn} ${line}`);
}

interface Change {
  readonly action: "create" | "change" | "remove";
  readonly path: string;
}

function listChanges({ tree }: Render): Change[] {
  return [
    ...tree.create.map(({ path }): Change => ({ action: "create", path })),
    ...tree.change.map(({ path }): Change => ({ action: "change", path })),
    ...tree.remove.map((path): Change => ({ action: "remove", path })),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Each file where there are few, else a count per folder, of the depth that gives few lines. */
function summarise(changes: readonly Change[], total: number): string[] {
  if (changes.length === 0) return [`up to date: ${total} files`];
  if (changes.length <= few)
    return [...changes.map(({ action, path }) => `${marks[action]} ${path}`), `${describe(changes)} of ${total} files`];
  const byFolder = (depth: number) => Map.groupBy(changes, ({ path }) => path.split("/", depth).join("/"));
  const folders = [byFolder(3), byFolder(2)].find(({ size }) => size <= few) ?? byFolder(1);
  return [
    ...Array.from(folders, ([folder, own]) => `${describe(own)} ${folder}/`),
    `${describe(changes)} of ${total} files`,
  ];
}

function describe(changes: readonly Change[]): string {
  const count = (action: Change["action"]) => changes.filter((change) => change.action === action).length;
  return (["create", "change", "remove"] as const)
    .filter((action) => count(action) > 0)
    .map((action) => `${marks[action]}${count(action)}`)
    .join(" ");
}
