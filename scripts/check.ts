import { $, chalk, echo } from "zx";
import { main, UserError } from "./lib/cli.ts";

/** What CI runs, one named step each; `render --check` covers the schema and the analysis too. */
const steps = {
  "format and lint": ["biome", "ci", "."],
  types: ["tsc", "--project", "."],
  tests: ["vitest", "run"],
  "rendered tree": ["node", "scripts/run.js", "render", "--check"],
} as const;

await main({
  usage: "npm run check --",
  summary: `Runs every check that needs no cluster: ${Object.keys(steps).join(", ")}.`,
  options: {},
  run: async () => {
    const failed: string[] = [];
    for (const [name, command] of Object.entries(steps)) {
      echo(chalk.bold(`\n${name}: ${command.join(" ")}`));
      const { exitCode } = await $({ stdio: "inherit", nothrow: true, cwd: `${import.meta.dirname}/..` })`${command}`;
      if (exitCode !== 0) failed.push(name);
    }
    if (failed.length > 0) throw new UserError(`failed: ${failed.join(", ")}`);
  },
});
