import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OutputFile } from "../../generators/render/output.ts";
import { edited, environmentText, repository } from "./input.ts";
import { run, time } from "./process.ts";
import { render, writeFiles } from "./slipway.ts";

/** Runs of each contestant, in turn; what counts is their median. */
const runs = 9;

/** Commits a platform, and the change of one weight of prod on a branch of its own. */
export async function commitChange(root: string, count: number, files: readonly OutputFile[]): Promise<void> {
  const identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"];
  const git = (...args: string[]) => run("git", ["-C", root, ...identity, ...args]);
  writeFiles(root, [{ path: ".gitignore", text: ".slipway\n" }, ...files]);
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", "--all");
  await git("commit", "--quiet", "--message=before");
  await git("switch", "--quiet", "--create=change");
  writeFileSync(join(root, "envs/prod.yaml"), environmentText("prod", count, { edit: true }));
  await render(root);
  await git("commit", "--quiet", "--all", "--message=after");
}

/**
 * Compares a whole process of `npm run diff` with a whole process of `git diff` and parsing (`git-diff.ts`).
 *
 * @returns milliseconds
 * @throws Error where the diff does not tell of the weight, and of nothing else
 */
export async function timeDiffs(root: string): Promise<{ diff: number; gitDiff: number }> {
  const slipway = [join(repository, "scripts/run.js"), "diff", "--root", root];
  const least = [join(import.meta.dirname, "git-diff.ts"), root, "main"];
  const { stdout } = await run(process.execPath, slipway);
  if (!stdout.includes(`/${edited}\n`) || stdout.match(/90\/10 → 80\/20/g)?.length !== 2)
    throw new Error(`one edited weight gives this diff:\n${stdout}`);
  const times = { diff: [] as number[], gitDiff: [] as number[] };
  await run(process.execPath, least);
  for (let index = 0; index < runs; index++) {
    times.diff.push(await time(() => run(process.execPath, slipway)));
    times.gitDiff.push(await time(() => run(process.execPath, least)));
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[runs >> 1] ?? Number.NaN;
  return { diff: median(times.diff), gitDiff: median(times.gitDiff) };
}
