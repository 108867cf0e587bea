import { simpleGit } from "simple-git";
import { chalk, echo } from "zx";
import { main } from "./lib/cli.ts";
import { planRender } from "./lib/render.ts";

const root = `${import.meta.dirname}/..`;

await main({
  usage: "npm start --",
  summary: "Checks and renders what this repository states, says what changed and where to look next.",
  options: {},
  run: async () => {
    const render = planRender(root);
    render.write();
    const { clusters, environments } = render.platform;
    for (const { value } of clusters) echo`${chalk.bold(value.name)} hosts ${value.environments.join(", ")}`;
    for (const { file, value } of environments) {
      const { services, dataStores } = value;
      echo`  ${chalk.bold(value.name)}  ${Object.keys(services).length} services, ${Object.keys(dataStores).length} data stores, ${value.delivery.sync} sync  (${file})`;
    }
    const { create, change, remove } = render.tree;
    echo`${render.total} files rendered: ${create.length} new, ${change.length} changed, ${remove.length} removed`;
    echo(await uncommitted());
    echo`next: change a weight in envs/prod.yaml, npm run render, git diff`;
  },
});

/** What Git has to say about the rendered folders. */
async function uncommitted(): Promise<string> {
  const git = simpleGit(root);
  if (!(await git.checkIsRepo())) return "this folder is no Git repository yet: git init, and commit what was rendered";
  const { files } = await git.status(["--", "envs", "clusters", "argo-apps"]);
  return files.length === 0
    ? "all of it is committed"
    : `${files.length} of the files in envs/, clusters/ and argo-apps/ are not committed: git status`;
}
