import { execFile } from "node:child_process";
import { UserError } from "../cli.ts";
import { gitEnvironment } from "../git-words.ts";

/** Git has failed, with its own words. */
export class GitFailure extends Error {}

export interface Git {
  (...args: string[]): Promise<Buffer>;
  readonly input: (input: string, ...args: string[]) => Promise<Buffer>;
}

/** Minutes are for trees of a hundred thousand files on a slow disk; without a limit a broken disk would hang a pipeline. */
const limit = 300_000;

/** Git without simple-git, which takes as long to load as Git to compare a small tree. */
export function gitIn(root: string): Git {
  const input = (text: string, ...args: string[]) =>
    new Promise<Buffer>((resolve, reject) => {
      const options = { cwd: root, encoding: "buffer", maxBuffer: Number.POSITIVE_INFINITY, timeout: limit } as const;
      const child = execFile("git", args, { ...options, env: gitEnvironment() }, (error, stdout, stderr) => {
        if (!error) resolve(stdout);
        else if (error.killed) reject(new UserError(`git ${args[0]} gave no answer within ${limit / 60_000} minutes`));
        else reject(new GitFailure(stderr.toString() || error.message));
      });
      // Git may be gone before it has read anything; its exit status tells.
      child.stdin?.on("error", () => {}).end(text);
    });
  return Object.assign((...args: string[]) => input("", ...args), { input });
}

export const trim = (text: Buffer) => text.toString().trim();
