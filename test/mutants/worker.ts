/** Renders mutants in a thread of its own, so that one that hangs can be told from one that is slow. */
import { parentPort, workerData } from "node:worker_threads";
import { plan } from "../../generators/index.ts";
import { InputError } from "../../generators/model/faults.ts";
import { type OutputFile, renderUnit } from "../../generators/render/output.ts";
import { readInputs } from "../../scripts/lib/inputs.ts";
import { readPlatform } from "../../scripts/lib/render.ts";
import { mutateInputs } from "./inputs.ts";
import { randomFrom } from "./random.ts";

/** What became of a mutant: its rendered files, or the lines that refuse it; a bug shows its stack. */
export type Verdict =
  | { readonly seed: number; readonly files: readonly OutputFile[] }
  | { readonly seed: number; readonly refusal: string }
  | { readonly seed: number; readonly stack: string };

const platforms = (workerData as readonly string[]).map((folder) => readInputs(folder));

parentPort?.on("message", (seed: number) => parentPort?.postMessage(judge(seed)));

function judge(seed: number): Verdict {
  const random = randomFrom(seed);
  try {
    const platform = readPlatform(mutateInputs(random.pick(platforms), random));
    return { seed, files: plan(platform).flatMap(renderUnit) };
  } catch (error) {
    if (error instanceof InputError) return { seed, refusal: error.message };
    return { seed, stack: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
