import { describe, expect, test } from "vitest";
import { testSplit } from "../scripts/lib/split.ts";
import { countTraffic } from "../scripts/lib/traffic.ts";

const shares = (...rows: readonly (readonly [number, number])[]) =>
  rows.map(([observed, declared], index) => ({ version: `v${index}`, observed, declared }));

describe("the verdict about a split", () => {
  // R: binom.test(60, 500, 0.1)$p.value and so on; chisq.test(c(30, 50, 20), p = c(.5, .3, .2))$p.value
  test.each([
    ["60 of 500 where 10 % are declared", shares([440, 0.9], [60, 0.1]), "exact binomial", 0.136],
    ["none of 500 where 10 % are declared", shares([500, 0.9], [0, 0.1]), "exact binomial", 3.21e-23],
    ["as many as declared, of 10,000", shares([9000, 0.9], [1000, 0.1]), "exact binomial", 1],
    ["three versions as declared", shares([50, 0.5], [30, 0.3], [20, 0.2]), "chi-squared", 1],
    ["three versions, two of them swapped", shares([30, 0.5], [50, 0.3], [20, 0.2]), "chi-squared", 2.33e-5],
    ["an answer of a version that should get nothing", shares([999, 1], [1, 0]), "certain", 0],
    ["the only version", shares([10, 1]), "certain", 1],
  ])("%s", (_, counts, name, p) => {
    const found = testSplit(counts);
    expect(found.test).toBe(name);
    expect(found.p).toBeCloseTo(p, p < 1e-3 ? 7 : 3);
  });

  test("is none where there are too few answers for it", () => {
    expect(testSplit(shares([0, 0.9], [0, 0.1])).test).toBe("none");
    expect(testSplit(shares([5, 0.5], [3, 0.3], [2, 0.2])).test).toBe("none");
  });
});

test("traffic is counted by version, with errors and percentiles", () => {
  const count = countTraffic(
    new Map([
      ["stable", 0.9],
      ["canary", 0.1],
    ]),
  );
  for (let milliseconds = 1; milliseconds <= 100; milliseconds++) count.add("stable", { status: 200, milliseconds });
  count.add("canary", { status: 500, milliseconds: 7 });
  count.add(undefined, { status: 503, milliseconds: 1 });
  const { sent, versions, unanswered } = count.report();
  expect(sent).toBe(102);
  expect(unanswered).toEqual({ 503: 1 });
  expect(versions).toEqual([
    { version: "stable", observed: 100, declared: 0.9, errors: 0, p50: 50, p95: 95, p99: 99 },
    { version: "canary", observed: 1, declared: 0.1, errors: 1, p50: 7, p95: 7, p99: 7 },
  ]);
});
