import { rmSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { kind, kindClusters, unfinishedNote } from "./lib/bootstrap/kind.ts";
import { main, rootOf, UserError } from "./lib/cli.ts";
import { clusterOptions } from "./lib/cluster.ts";
import { readInputs } from "./lib/inputs.ts";
import { readPlatform } from "./lib/render.ts";
import { findCluster } from "./lib/services.ts";

await main({
  usage: "npm run destroy --",
  summary:
    "Removes the Kind cluster that bootstrap made, with everything on it: volumes and the Git server too. This clone, its history and its remotes stay as they are.",
  options: {
    cluster: clusterOptions.cluster,
    root: clusterOptions.root,
    yes: { type: "boolean", help: "Do not ask." },
    "dry-run": { type: "boolean", help: "Print the command, and do nothing." },
  },
  run: async ({ cluster: wanted, root: folder, yes, "dry-run": dryRun }) => {
    const root = rootOf(folder);
    const { name, provider } = findCluster(readPlatform(readInputs(root)), wanted).value;
    if (provider.type !== "kind") {
      const how =
        provider.type === "eks"
          ? `; eksctl delete cluster -f clusters/${name}/eksctl.yaml --disable-nodegroup-eviction`
          : "";
      throw new UserError(`bootstrap did not make the cluster ${name}, so this does not remove it${how}`);
    }
    const command = ["delete", "cluster", "--name", name];
    if (dryRun) {
      console.log(`kind ${command.join(" ")}`);
      return;
    }
    if (!(await kindClusters()).includes(name)) {
      console.log(`nothing to do: there is no Kind cluster ${name}`);
      return;
    }
    if (!yes) await confirm(name);
    await kind(command);
    rmSync(unfinishedNote(root, name), { force: true });
    console.log(`removed the Kind cluster ${name}`);
  },
});

/** @throws UserError where the answer is not the cluster's name, or nobody is there to give one */
async function confirm(name: string): Promise<void> {
  if (!process.stdin.isTTY) throw new UserError("nobody is there to confirm it; say --yes");
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(
    `This removes the Kind cluster ${name} and all that is on it. Type its name to go on: `,
  );
  terminal.close();
  if (answer.trim() !== name) throw new UserError("nothing was removed");
}
