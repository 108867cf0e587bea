// Runs one command: `node scripts/run.js render --check`. Plain JavaScript, so that a Node that is too old can still say so.
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
  const [command] = process.argv.splice(2, 1);
  await import(`./${command}.ts`);
}
