import { cpSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $, chalk } from "zx/core";
import { main, rootOf, UserError } from "./lib/cli.ts";
import { leaveRepository } from "./lib/git-environment.ts";
import { readInputs } from "./lib/inputs.ts";
import { planRender, readPlatform } from "./lib/render.ts";
import { planTour, type Step } from "./lib/tour.ts";

const repository = join(import.meta.dirname, "..");

/** The platform that is shown where the clone's own has no service yet. */
const example = "test/fixtures/valid/calculator";

await main({
  usage: "npm run tour --",
  summary:
    "Shows the whole Git side in a sandbox with a remote of its own, in the folder for temporary files, where it stays to be looked at. This clone is not touched.",
  options: {
    root: { type: "string", value: "DIR", help: "The clone whose platform is shown. Default: this repository." },
  },
  run: async ({ root }) => {
    $.quiet = true;
    const { folder, steps } = choosePlatform(rootOf(root));
    const started = Date.now();
    const sandbox = await makeSandbox(folder);
    console.log(chalk.dim(`sandbox: ${sandbox}, a clone of the bare remote ${sandbox}.git`));
    const first = (await $({ cwd: sandbox })`git rev-parse HEAD`).stdout.trim();
    for (const [index, step] of steps.entries()) await show(index + 1, step, sandbox);
    const page = join(sandbox, "..", "review.html");
    const review = await slipway(sandbox, "diff", [first, "--format", "html", "--output", page]);
    if (review.exitCode !== 0) throw new UserError(`diff failed in the sandbox ${sandbox}: ${review.stderr.trim()}`);
    console.log(`\n${chalk.bold("What Git remembers")}`);
    console.log((await $({ cwd: sandbox })`git log --format=${"  %h %s"} ${first}..HEAD`).stdout.trimEnd());
    console.log(`\n${chalk.bold("The review page of all of it:")} ${page}`);
    console.log(chalk.dim(`${((Date.now() - started) / 1000).toFixed(1)} s. Now for real: npm run weight -- --help`));
  },
});

/** The clone's platform, or the example where that has no service. @throws InputError where the clone's inputs are wrong */
function choosePlatform(own: string): { folder: string; steps: readonly Step[] } {
  const steps = planTour(readPlatform(readInputs(own)));
  if (steps) return { folder: own, steps };
  const folder = join(repository, example);
  if (!existsSync(folder))
    throw new UserError(`the platform has no service yet, and the example of ${example} is gone`);
  console.log(`The platform has no service yet, so this is the tour of the example in ${example}.`);
  return { folder, steps: planTour(readPlatform(readInputs(folder))) ?? [] };
}

/** A clone of a bare remote that holds a platform's inputs and what is rendered from them. */
async function makeSandbox(source: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "slipway-tour-"));
  const [sandbox, remote] = [join(folder, "platform"), join(folder, "platform.git")];
  isolate(folder);
  for (const file of readInputs(source).keys()) cpSync(join(source, file), join(sandbox, file));
  mkdirSync(remote);
  planRender(sandbox).write();
  writeFileSync(join(sandbox, ".gitignore"), ".slipway\n*.slipway-tmp\n");
  const git = $({ cwd: sandbox });
  await git`git init --quiet --bare --initial-branch=main ${remote}`;
  await git`git init --quiet --initial-branch=main`;
  await git`git config user.name slipway`;
  await git`git config user.email slipway@localhost`;
  await git`git add --all`;
  await git`git commit --quiet --message ${"feat: the platform as it is"}`;
  await git`git remote add origin ${remote}`;
  await git`git push --quiet --set-upstream origin main`;
  return sandbox;
}

/**
 * Keeps what this process starts within the sandbox: Git without the user's hooks and signatures, and no cluster, whose
 * health would decide what may be promoted.
 */
function isolate(folder: string): void {
  leaveRepository("drop");
  process.env.GIT_CONFIG_GLOBAL = "/dev/null";
  process.env.GIT_CONFIG_NOSYSTEM = "1";
  process.env.KUBECONFIG = join(folder, "no-cluster");
}

async function show(number: number, { what, command, args = [] }: Step, sandbox: string): Promise<void> {
  const started = Date.now();
  console.log(`\n${chalk.bold(`${number}. ${what}`)}`);
  if (!command) return;
  await type(sandbox, command, args);
  console.log(chalk.dim(`  ${((Date.now() - started) / 1000).toFixed(1)} s`));
}

/** Types a command, and goes on with --force where it asks for that. @throws UserError where it refuses all the same */
async function type(sandbox: string, command: string, args: readonly string[]): Promise<void> {
  console.log(chalk.cyan(`$ npm run ${command} -- ${args.join(" ")}`));
  const { exitCode, stdout, stderr } = await slipway(sandbox, command, args);
  for (const line of `${stdout}\n${stderr}`.split("\n").filter((text) => text.trim() !== "")) console.log(`  ${line}`);
  if (exitCode === 0) return;
  if (/--force\b/.test(stderr) && !args.includes("--force")) return type(sandbox, command, [...args, "--force"]);
  throw new UserError(`${command} failed in the sandbox ${sandbox}`);
}

/** Runs a command of slipway in the sandbox, as a person would. */
function slipway(sandbox: string, command: string, args: readonly string[]) {
  return $({ cwd: repository, nothrow: true })`${process.execPath} scripts/run.js ${command} ${args} --root ${sandbox}`;
}
