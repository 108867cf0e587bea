import { resolve } from "node:path";
import { chalk, echo } from "zx";
import { main, UserError } from "./lib/cli.ts";
import { planRender, type Render } from "./lib/render.ts";
import { removeState } from "./lib/state.ts";

const marks = { create: chalk.green("+"), change: chalk.yellow("~"), remove: chalk.red("-") } as const;

await main({
  usage: "npm run render --",
  summary: "Renders envs/*.yaml and clusters/*.yaml into manifests and Applications, and prints what changed.",
  options: {
    check: { type: "boolean", help: "Write nothing; fail when the tree is stale." },
    "dry-run": { type: "boolean", help: "Write nothing; print what would change." },
    json: { type: "boolean", help: "Print the changes as JSON." },
    root: { type: "string", value: "DIR", help: "Folder that holds envs/ and clusters/. Default: this repository." },
  },
  run: ({ check, "dry-run": dryRun, json, root: folder }) => {
    const root = resolve(folder ?? `${import.meta.dirname}/..`);
    const render = planRender(root, { compareAll: check ?? false });
    const changes = listChanges(render);
    if (!check && !dryRun) render.write();
    if (json) echo(JSON.stringify({ total: render.total, stale: changes.length > 0, changes }, null, 2));
    else for (const line of summarise(changes, render.total)) echo(line);
    if (check && changes.length > 0) {
      // The next render must not trust what it remembers of these files.
      removeState(root);
      throw new UserError("the rendered tree is stale; run npm run render and commit what it changes");
    }
  },
});

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

/** Each file where there are few, else a count per folder. */
function summarise(changes: readonly Change[], total: number): string[] {
  if (changes.length === 0) return [`up to date: ${total} files`];
  const lines =
    changes.length <= 40
      ? changes.map(({ action, path }) => `${marks[action]} ${path}`)
      : [...Map.groupBy(changes, ({ path }) => path.split("/").slice(0, 3).join("/"))].map(
          ([folder, own]) => `${describe(own)} ${folder}/`,
        );
  return [...lines, `${describe(changes)} of ${total} files`];
}

function describe(changes: readonly Change[]): string {
  const count = (action: Change["action"]) => changes.filter((change) => change.action === action).length;
  return (["create", "change", "remove"] as const)
    .filter((action) => count(action) > 0)
    .map((action) => `${marks[action]}${count(action)}`)
    .join(" ");
}
