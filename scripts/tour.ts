import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $, chalk, echo } from "zx";
import type { Environment } from "../generators/model/environment.ts";
import type { Input, Platform } from "../generators/model/platform.ts";
import { environmentsOf, primaryOf } from "../generators/model/resolve.ts";
import { main, UserError } from "./lib/cli.ts";
import { readInputs } from "./lib/inputs.ts";
import { planRender, readPlatform } from "./lib/render.ts";

const repository = join(import.meta.dirname, "..");

interface Step {
  readonly what: string;
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * What a team does on a day, as it would be typed, for a service with a canary of the environments that a cluster hosts.
 *
 * @throws UserError where no service is in all of them, with a second version in the last
 */
function planSteps(platform: Platform): Step[] {
  const environments = platform.clusters[0] ? environmentsOf(platform.clusters[0].value, platform) : [];
  const [first, last] = [environments[0], environments.at(-1)];
  const name = Object.keys(last?.value.services ?? {}).find(
    (service) => canaryOf(last, service) !== undefined && environments.every(({ value }) => service in value.services),
  );
  if (!first || !last || first === last || !name) {
    throw new UserError(
      "the tour needs two environments and a service in all of them that has two versions in the last",
    );
  }
  const canary = canaryOf(last, name) ?? "";
  const service = first.value.services[name];
  const tag = service?.versions[primaryOf(service)]?.release.image.tag ?? "";
  const promotions = environments.slice(1).map(({ value }, index): Step => {
    const from = environments[index]?.value.name ?? "";
    const toLast = value.name === last.value.name ? ["--as", canary, "--weight", "10"] : [];
    const what =
      toLast.length > 0 ? `Then to ${value.name}, as ${canary} at 10 %` : `What ${from} has goes to ${value.name}`;
    return { what, command: "promote", args: [name, "--from", from, "--to", value.name, ...toLast, "--push"] };
  });
  const inLast = last.value.name;
  return [
    { what: "The tree is what the inputs say", command: "render", args: ["--check"] },
    {
      what: `Give ${canary} half of ${inLast}'s traffic`,
      command: "weight",
      args: [name, "--env", inLast, `${canary}=50`, "--push"],
    },
    {
      what: `An application's CI releases to ${first.value.name}`,
      command: "release",
      args: [name, "--env", first.value.name, "--tag", `${tag}-next`, "--push"],
    },
    ...promotions,
    {
      what: `The ${canary} is good: it becomes the primary`,
      command: "promote",
      args: [name, "--to", inLast, "--finish", "--as", canary, "--push"],
    },
    {
      what: "It was not: back to the release before",
      command: "rollback",
      args: [name, "--env", inLast, "--release", "--push"],
    },
  ];
}

function canaryOf(environment: Input<Environment> | undefined, name: string): string | undefined {
  const service = environment?.value.services[name];
  return service && Object.keys(service.versions).find((version) => version !== primaryOf(service));
}

await main({
  usage: "npm run tour --",
  summary:
    "Shows the whole Git side in a sandbox with a remote of its own, in the folder for temporary files, where it stays to be looked at. This clone is not touched.",
  options: {},
  run: async () => {
    $.quiet = true;
    const steps = planSteps(readPlatform(readInputs(repository)));
    const started = Date.now();
    const sandbox = await makeSandbox();
    echo`${chalk.dim(`sandbox: ${sandbox}, a clone of the bare remote ${sandbox}.git`)}`;
    const first = (await $({ cwd: sandbox })`git rev-parse HEAD`).stdout.trim();
    for (const [index, step] of steps.entries()) await show(index + 1, step, sandbox);
    const page = join(sandbox, "..", "review.html");
    await slipway(sandbox, "diff", [first, "--format", "html", "--output", page]);
    echo`\n${chalk.bold("What Git remembers")}`;
    echo((await $({ cwd: sandbox })`git log --format=${"  %h %s"} ${first}..HEAD`).stdout.trimEnd());
    echo`\n${chalk.bold("The review page of all of it:")} ${page}`;
    echo`${chalk.dim(`${((Date.now() - started) / 1000).toFixed(1)} s. Now for real: npm run weight -- --help`)}`;
  },
});

/** A clone of a bare remote that holds this repository's inputs and what is rendered from them. */
async function makeSandbox(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "slipway-tour-"));
  const [sandbox, remote] = [join(folder, "platform"), join(folder, "platform.git")];
  for (const file of readInputs(repository).keys()) cpSync(join(repository, file), join(sandbox, file));
  mkdirSync(remote);
  planRender(sandbox).write();
  writeFileSync(join(sandbox, ".gitignore"), ".slipway/\n*.slipway-tmp\n");
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

async function show(number: number, { what, command, args }: Step, sandbox: string): Promise<void> {
  const started = Date.now();
  echo`\n${chalk.bold(`${number}. ${what}`)}`;
  echo`${chalk.cyan(`$ npm run ${command} -- ${args.join(" ")}`)}`;
  const output = await slipway(sandbox, command, args);
  for (const line of output.split("\n").filter((text) => text.trim() !== "")) echo(`  ${line}`);
  echo`${chalk.dim(`  ${((Date.now() - started) / 1000).toFixed(1)} s`)}`;
}

/** Runs a command of slipway in the sandbox, as a person would. @throws UserError with what it said */
async function slipway(sandbox: string, command: string, args: readonly string[]): Promise<string> {
  const result = await $({
    cwd: repository,
    nothrow: true,
  })`${process.execPath} scripts/run.js ${command} ${args} --root ${sandbox}`;
  if (result.exitCode !== 0)
    throw new UserError(`${command} failed in the sandbox ${sandbox}: ${result.stderr.trim()}`);
  return result.stdout;
}
