// Runs one command: `node scripts/run.js render --check`. Plain JavaScript, so that a Node that is too old can still say so.
import { readdirSync } from "node:fs";
import module from "node:module";

const wanted = 24;
const [major] = process.versions.node.split(".").map(Number);
if (major < wanted) {
  console.error(
    `slipway needs Node ${wanted} or newer, and this is ${process.versions.node}; run "npm ci", which installs the pinned one, and call slipway as "npm run …"; where package-lock.json pins none for ${process.platform} on ${process.arch}, install Node ${wanted} yourself`,
  );
  process.exitCode = 1;
} else {
  // Half of the time of a short command is compiling: keep the result.
  module.enableCompileCache(`${import.meta.dirname}/../node_modules/.cache/slipway`);
  // https://no-color.org, which not all that prints here knows.
  if (process.env.NO_COLOR) process.env.FORCE_COLOR = "0";
  (await import("./lib/output.ts")).guardOutput();
  const [command = "--help"] = process.argv.splice(2, 1);
  const commands = readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => name.slice(0, -3));
  if (commands.includes(command)) await import(`./${command}.ts`);
  else if (["--help", "-h", "help"].includes(command))
    console.log(
      [
        "usage: npm run COMMAND -- [options]",
        "",
        ...commands.map((name) => `  npm run ${name} -- --help`),
        "",
        "README.md says what each of them does.",
      ].join("\n"),
    );
  else {
    const { nearMiss } = await import("../generators/model/faults.ts");
    console.error(
      `there is no command ${JSON.stringify(command)}; ${nearMiss(command, commands) || `there are ${commands.join(", ")}`}`,
    );
    process.exitCode = 1;
  }
}
