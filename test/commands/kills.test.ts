/** Commands that are killed at any moment: what they were to do is done, not done, or mended by the next command. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { environment, git, isFresh, prepareTemplate, remote, slipway } from "../clones.ts";
import { randomFrom } from "../mutants/random.ts";
import { repository } from "../support.ts";

prepareTemplate();

/** Of each command. `KILL_SEED` repeats the moments, as far as the machine is as fast. */
const kills = Number(process.env.COMMAND_KILLS ?? 2);
const random = randomFrom(Number(process.env.KILL_SEED ?? 1));

/** A day of a service, each command after the one that it needs. */
const commands: readonly { readonly name: string; readonly args: (round: number) => readonly string[] }[] = [
  { name: "release", args: (round) => ["ml", "--env", "dev", "--tag", `7.${round}.0`, "--push"] },
  { name: "promote", args: () => ["ml", "--from", "dev", "--to", "staging", "--push"] },
  { name: "weight", args: (round) => ["ml", "--env", "dev", `canary=${11 + (round % 80)}`, "--push"] },
  { name: "rollback", args: () => ["ml", "--env", "dev", "--push"] },
  { name: "render", args: () => [] },
];

test(`${kills} kills each of ${commands.map(({ name }) => name).join(", ")}: the remote is never stale, and the next command goes on`, {
  timeout: 7_200_000,
}, async () => {
  const { clone, bare } = remote();
  const root = clone("a");
  /** How long a command takes, ms: as long as the last time. */
  const spans = new Map<string, number>();
  const killed = new Map<string, number>();
  for (let round = 0; round < kills; round++) {
    for (const { name, args } of commands) {
      if (name === "render") editInputs(root, round);
      const isKilled = await killAfter(random.next() * (spans.get(name) ?? 1_500), root, name, args(round));
      if (isKilled) killed.set(name, (killed.get(name) ?? 0) + 1);
      await quiet(root);
      const check = clone("check");
      expect(isFresh(check), `${name} ${round}: the remote is fresh`).toBe(true);
      rmSync(check, { recursive: true });
      expect(emptyFiles(root)).toEqual([]);

      const start = performance.now();
      const next = await slipway(root, name, ...args(round));
      spans.set(name, performance.now() - start);
      expect(next, `${name} ${round}: ${next.stderr}`).toMatchObject({ status: 0, stderr: "" });
      expect(isFresh(root)).toBe(true);
      if (name === "render") {
        git(root, "add", "--all");
        git(root, "commit", "--quiet", "--message", "feat: by hand");
        git(root, "push", "--quiet", "origin", "main");
      }
      expect(git(root, "status", "--porcelain")).toBe("");
      expect(git(bare, "rev-parse", "main"), `${name} ${round}`).toBe(git(root, "rev-parse", "HEAD"));
      expect(left(root)).toEqual([]);
    }
  }
  if (process.env.COMMAND_KILLS)
    console.log(`still running when killed: ${[...killed].map((entry) => entry.join(" ")).join(", ")}`);
  for (const { name } of kills >= 10 ? commands : []) expect(killed.get(name), name).toBeGreaterThan(kills / 4);
});

/** Changes that show in many rendered files. */
function editInputs(root: string, round: number): void {
  for (const name of ["dev", "staging", "prod"]) {
    const path = join(root, `envs/${name}.yaml`);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/PODINFO_UI_MESSAGE: [\w-]+/g, `PODINFO_UI_MESSAGE: round${round}`));
  }
}

/** @returns whether the command was still running */
async function killAfter(delay: number, root: string, name: string, args: readonly string[]): Promise<boolean> {
  const call = ["scripts/run.js", name, ...args, "--root", root];
  const child = spawn(process.execPath, call, { cwd: repository, env: environment, stdio: "ignore" });
  const gone = new Promise<string | null>((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
  await new Promise((resolve) => setTimeout(resolve, delay));
  child.kill("SIGKILL");
  return (await gone) === "SIGKILL";
}

/** What Git itself was doing at that moment goes on without its parent. */
async function quiet(root: string): Promise<void> {
  const limit = Date.now() + 10_000;
  const pause = (time: number) => new Promise((resolve) => setTimeout(resolve, time));
  while (existsSync(join(root, ".git/index.lock")) && Date.now() < limit) await pause(20);
  await pause(100);
}

/** Files that hold nothing, where every rendered file and every input holds something. */
function emptyFiles(root: string): string[] {
  const files = ["envs", "clusters", "argo-apps"].flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()),
  );
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return paths.filter((path) => !path.endsWith(".slipway-tmp") && readFileSync(path, "utf8") === "");
}

/** What a command that has come to its end leaves nothing of. */
function left(root: string): string[] {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" });
  return files.filter((name) => name.endsWith(".slipway-tmp") || /\.slipway\/(turn|pending)\.json$/.test(name));
}
