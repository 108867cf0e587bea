/** Clones that push at once. */
import { rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { git, isFresh, prepareTemplate, remote, slipway, subjects } from "../clones.ts";

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
