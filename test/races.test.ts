/** Clones that push at once, and commands that are killed. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { environment, git, isFresh, prepareTemplate, remote, slipway, subjects } from "./clones.ts";
import { repository } from "./support.ts";

prepareTemplate();

describe("races", () => {
  const clones = Number(process.env.RACE_CLONES ?? 3);
  const rounds = Number(process.env.RACE_ROUNDS ?? 1);

  test(`${clones} clones change different values at once, ${rounds} rounds: each lands exactly once`, {
    timeout: 900_000,
  }, async () => {
    const { clone, bare } = remote();
    const roots = Array.from({ length: clones }, (_, index) => clone(`clone-${index}`));
    const targets = ["dev", "staging", "prod"].flatMap((name) =>
      ["frontend", "backend", "ml"].map((service) => ({ name, service })),
    );
    const expected: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const results = await Promise.all(
        roots.map((root, index) => {
          const { name, service } = targets[index] ?? { name: "", service: "" };
          const weight = ((round * 7 + index) % 49) + 11;
          return slipway(root, "weight", service, "--env", name, `canary=${weight}`, "--push", "--json");
        }),
      );
      for (const result of results) {
        expect(result.stderr).toBe("");
        expected.push(JSON.parse(result.stdout).subject);
      }
      const check = clone(`check-${round}`);
      expect(isFresh(check)).toBe(true);
      rmSync(check, { recursive: true });
    }
    const landed = subjects(bare, "main").slice(0, -1);
    expect(landed.sort()).toEqual(expected.sort());
    expect(git(bare, "rev-list", "--merges", "main")).toBe("");
  });

  test("the same value: one wins, the others are told both values and keep their commit", {
    timeout: 120_000,
  }, async () => {
    const { clone, bare } = remote();
    const roots = Array.from({ length: clones }, (_, index) => clone(`clone-${index}`));
    const results = await Promise.all(
      roots.map((root, index) => slipway(root, "weight", "ml", "--env", "prod", `canary=${20 + index}`, "--push")),
    );
    const winners = results.filter(({ status }) => status === 0);
    expect(winners).toHaveLength(1);
    const winner = results.indexOf(winners[0] ?? (results[0] as never));
    for (const [index, { stderr, status }] of results.entries()) {
      if (index === winner) continue;
      expect(status).toBe(1);
      expect(stderr).toContain(
        `services.ml.versions.canary.weight: here ${20 + index}, there ${20 + winner} (it was 10)`,
      );
      expect(subjects(roots[index] ?? "")[0]).toBe(`weight(prod): ml canary 10 → ${20 + index}`);
    }
    expect(subjects(bare, "main")).toHaveLength(2);
  });
});

const kills = Number(process.env.KILLS ?? 3);

test(`killed at ${kills} random moments of promote --push: before or after, and the remote is never stale`, {
  timeout: 1_800_000,
}, async () => {
  const { clone, bare } = remote();
  const root = clone("a");
  let killed = 0;
  for (let round = 0; round < kills; round++) {
    const start = performance.now();
    await slipway(root, "release", "ml", "--env", "dev", "--tag", `7.${round}.0`, "--push");
    // A promotion takes about as long as a release.
    const span = performance.now() - start;
    const call = ["scripts/run.js", "promote", "ml", "--from", "dev", "--to", "staging", "--push", "--root", root];
    const child = spawn(process.execPath, call, { cwd: repository, env: environment, stdio: "ignore" });
    const gone = new Promise<string | null>((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * span));
    child.kill("SIGKILL");
    if ((await gone) === "SIGKILL") killed += 1;
    // What Git itself was doing at that moment goes on without its parent.
    const limit = Date.now() + 10_000;
    while (existsSync(join(root, ".git/index.lock")) && Date.now() < limit)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const check = clone(`check-${round}`);
    expect(isFresh(check)).toBe(true);
    rmSync(check, { recursive: true });
    // The next command goes on, and says so where it had to undo something.
    const next = await slipway(root, "promote", "ml", "--from", "dev", "--to", "staging", "--push");
    expect(next, next.stderr).toMatchObject({ status: 0, stderr: "" });
    expect(isFresh(root)).toBe(true);
    expect(git(root, "status", "--porcelain")).toBe("");
    expect(readFileSync(join(root, "envs/staging.yaml"), "utf8")).toContain(`7.${round}.0`);
    expect(git(bare, "rev-parse", "main")).toBe(git(root, "rev-parse", "HEAD"));
  }
  expect(killed).toBeGreaterThan(0);
});
