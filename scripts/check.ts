import { $, chalk } from "zx/core";
import { main, UserError } from "./lib/cli.ts";

/** What a team's own inputs can break; `render --check` covers the schema and the analysis too. */
const inputs = { "rendered tree": ["node", "scripts/run.js", "render", "--check"] };

/** What CI runs, one named step each. The tests read fixtures alone: the inputs belong to whoever has cloned this. */
const everything = {
  "format and lint": ["biome", "ci", "."],
  types: ["tsc", "--project", "."],
  tests: ["vitest", "run"],
  ...inputs,
};

await main({
  usage: "npm run check --",
  positionals: "[inputs]",
  summary: `Runs every check that needs no cluster: ${Object.keys(everything).join(", ")}. With inputs, what a change of envs/ and clusters/ can break: ${Object.keys(inputs).join(", ")}, with its schema and analysis.`,
  examples: ["inputs"],
  options: {},
  run: async (_options, [part, ...rest]) => {
    if ((part !== undefined && part !== "inputs") || rest.length > 0)
      throw new UserError(`there is no part ${[part, ...rest].join(" ")} of the checks; there is inputs`);
    const failed: string[] = [];
    for (const [name, command] of Object.entries(part ? inputs : everything)) {
      console.log(chalk.bold(`\n${name}: ${command.join(" ")}`));
      const { exitCode } = await $({ stdio: "inherit", nothrow: true, cwd: `${import.meta.dirname}/..` })`${command}`;
      if (exitCode !== 0) failed.push(name);
    }
    if (failed.length > 0) throw new UserError(`failed: ${failed.join(", ")}`);
  },
});
