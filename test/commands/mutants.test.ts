/**
 * Inputs and command lines as people and programs spoil them. A mutant is refused in lines that can be read, or it is
 * taken: it never shows a stack, hangs, or prints what is no text. `MUTANT_SEED` repeats one that a run has named.
 */
import { execFile } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { showText } from "../../scripts/lib/output.ts";
import { environment, git, prepareTemplate, remote } from "../clones.ts";
import { mutateCall } from "../mutants/commands.ts";
import { firstSeed, mutantLimit, renderMutants } from "../mutants/mutants.ts";
import { randomFrom } from "../mutants/random.ts";
import { repository, temporaryFolder } from "../support.ts";

prepareTemplate();

const inputs = Number(process.env.MUTANT_INPUTS ?? 100);
const calls = Number(process.env.MUTANT_CALLS ?? 12);

/** What no terminal or log should get. */
const noText = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|^\s*::\w+[^\n]*::|##\w*\[/mu;

test(`${inputs} inputs`, { timeout: 3_600_000 }, async () => {
  const bugs: string[] = [];
  let [taken, refused] = [0, 0];
  await renderMutants(inputs, (verdict) => {
    if ("stack" in verdict) bugs.push(`seed ${verdict.seed}: ${verdict.stack}`);
    else if ("files" in verdict) taken++;
    else {
      refused++;
      const lines = showText(verdict.refusal).split("\n");
      const odd = lines.find((line) => !/^(envs|clusters)(\/\S+)? {2}\S/.test(line) || noText.test(line));
      if (odd !== undefined) bugs.push(`seed ${verdict.seed}: ${JSON.stringify(odd)}`);
    }
  });
  expect(bugs).toEqual([]);
  // Otherwise the mutants are too wild or too tame to find anything.
  expect(taken).toBeGreaterThan(inputs / 50);
  expect(refused).toBeGreaterThan(inputs / 4);
});

test(`${calls} command lines`, { timeout: 3_600_000 }, async () => {
  const { clone, folder, bare } = remote();
  const template = clone("template");
  const home = temporaryFolder();
  const bugs: string[] = [];
  const one = async (seed: number) => {
    const call = mutateCall(randomFrom(seed));
    const root = join(folder, `clone-${seed}`);
    cpSync(template, root, { recursive: true });
    cpSync(bare, `${root}.git`, { recursive: true });
    git(root, "remote", "set-url", "origin", `${root}.git`);
    const { status, output } = await run([...call.slice(0, 1), "--root", root, ...call.slice(1)], home);
    const isBug = ![0, 1].includes(status ?? -1) || /^\s+at .*:\d+:\d+\)?$/m.test(output) || noText.test(output);
    if (isBug) bugs.push(`seed ${seed}: status ${status} of ${JSON.stringify(call)}: ${output.slice(0, 2_000)}`);
    for (const path of [root, `${root}.git`]) rmSync(path, { recursive: true, force: true });
  };
  const seeds = Array.from({ length: calls }, (_, index) => firstSeed + index);
  await Promise.all(
    [0, 1].map(async (half) => {
      for (const seed of seeds.filter((seed) => seed % 2 === half)) await one(seed);
    }),
  );
  expect(bugs).toEqual([]);
});

/** Runs a command without a cluster, a forge or a network to speak to. */
function run(args: readonly string[], home: string): Promise<{ status: number | undefined; output: string }> {
  const env = {
    ...environment,
    HOME: home,
    KUBECONFIG: "/dev/null",
    SLIPWAY_TIMEOUT: "5",
    https_proxy: "http://127.0.0.1:9",
    http_proxy: "http://127.0.0.1:9",
  };
  return new Promise((resolve) => {
    const options = { cwd: repository, env, timeout: mutantLimit, killSignal: "SIGKILL" as const, maxBuffer: 64e6 };
    execFile(process.execPath, ["scripts/run.js", ...args], options, (error, stdout, stderr) =>
      resolve({
        status: error ? (typeof error.code === "number" ? error.code : undefined) : 0,
        output: stdout + stderr,
      }),
    );
  });
}
