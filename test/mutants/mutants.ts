import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { platformFolders } from "../support.ts";
import type { Verdict } from "./worker.ts";

/** `MUTANT_SEED` repeats a run that has found something. */
export const firstSeed = Number(process.env.MUTANT_SEED ?? 1);

/** Time for one mutant, ms. */
export const mutantLimit = Number(process.env.MUTANT_LIMIT ?? 10_000);

/**
 * Renders mutants of all platforms, one after the other.
 *
 * @param count how many, with the seeds from `firstSeed` on
 * @param see gets each verdict; a mutant that hangs is a bug too
 */
export async function renderMutants(count: number, see: (verdict: Verdict) => void): Promise<void> {
  let worker = start();
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const verdict = await ask(worker, seed);
    if (!verdict) {
      await worker.terminate();
      worker = start();
    }
    see(verdict ?? { seed, stack: `no answer in ${mutantLimit / 1000} s` });
  }
  await worker.terminate();
}

const start = () => new Worker(join(import.meta.dirname, "worker.ts"), { workerData: Object.values(platformFolders) });

function ask(worker: Worker, seed: number): Promise<Verdict | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(undefined), mutantLimit);
    const end = (verdict: Verdict | undefined) => {
      clearTimeout(timer);
      worker.off("message", end);
      worker.off("error", reject);
      resolve(verdict);
    };
    worker.once("message", end);
    worker.once("error", reject);
    worker.postMessage(seed);
  });
}
