import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { UserError } from "../../scripts/lib/cli.ts";

/** Ends what is under way: Ctrl-C must not leave gigabytes behind. */
export const interrupt = new AbortController();

/** Runs a program to its end. @throws Error with what it printed, where it fails or takes more than ten minutes */
export async function run(file: string, args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const options = { signal: interrupt.signal, killSignal: "SIGKILL", timeout: 600_000, maxBuffer: 2 ** 28 } as const;
  return promisify(execFile)(file, args, options).catch((error) => {
    throw interrupt.signal.aborted ? new UserError("interrupted") : error;
  });
}

/** Milliseconds that `work` takes, with the file system's backlog written before, so that none pays for another's. */
export async function time(work: () => unknown): Promise<number> {
  await run("sync", []);
  const start = performance.now();
  await work();
  return performance.now() - start;
}
