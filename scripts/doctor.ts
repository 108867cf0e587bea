import { chalk } from "zx/core";
import { main, rootOf } from "./lib/cli.ts";
import { clusterOptions } from "./lib/cluster.ts";
import { examine } from "./lib/doctor.ts";
import { readInputs } from "./lib/inputs.ts";
import { readPlatform } from "./lib/render.ts";
import { findCluster } from "./lib/services.ts";

const { cluster, context, root } = clusterOptions;

await main({
  usage: "npm run doctor --",
  summary: "What this machine lacks for a bootstrap, and how to get it. Exit status 1 where something is missing.",
  options: { cluster, context, root, json: { type: "boolean", help: "Print the checks as JSON." } },
  run: async ({ cluster: name, context: named, root: folder, json }) => {
    const target = { cluster: findCluster(readPlatform(readInputs(rootOf(folder))), name).value };
    const checks = await examine(target, named === undefined);
    if (json) console.log(JSON.stringify(checks, null, 2));
    else {
      const width = Math.max(...checks.map((check) => check.name.length));
      for (const { name, ok, advice, found, fix } of checks) {
        console.log(
          `${ok ? chalk.green("✓") : advice ? chalk.yellow("!") : chalk.red("✗")} ${name.padEnd(width)}  ${found}${fix ? `; ${fix}` : ""}`,
        );
      }
    }
    if (checks.some(({ ok, advice }) => !ok && !advice)) process.exitCode = 1;
  },
});
