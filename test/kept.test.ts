/** Which values of a release a promotion would take from its target. */
import { expect, test } from "vitest";
import type { Release, Version } from "../generators/model/service.ts";
import { lostValues, placeLines, showValue, valuesOf } from "../scripts/lib/kept.ts";

const image = { repository: "a/b", tag: "1.0" };
const lost = (place: object, release: object, incoming: object) =>
  lostValues({ ...place, release: { image, ...release } } as Version, { image, ...incoming } as Release).map(
    ({ path, incoming: other }) => [path.join("."), other],
  );

test.for([
  [
    "the tag and the digest are what a promotion is for",
    {},
    {},
    { image: { repository: "a/b", tag: "2.0", digest: "x" } },
    [],
  ],
  ["another repository", {}, {}, { image: { repository: "c/d", tag: "1.0" } }, [["image.repository", "c/d"]]],
  ["a value that changes", {}, { config: { A: "1" } }, { config: { A: "2" } }, [["config.A", "2"]]],
  ["a value that goes", {}, { env: { A: "1" } }, { env: { B: "1" } }, [["env.A", undefined]]],
  ["a value that comes", {}, {}, { env: { A: "1" } }, []],
  ["a variable that moves from env to config", {}, { env: { A: "1" } }, { config: { A: "1" } }, []],
  ["one that stands beside the release", { config: { A: "1" } }, { env: { A: "0" } }, { env: { A: "2" } }, []],
  ["an entry of a list, at another place", {}, { secrets: ["a", "b"] }, { secrets: ["b", "a"] }, []],
  ["an entry of a list that goes", {}, { secrets: ["a", "b"] }, { secrets: ["b"] }, [["secrets.0", undefined]]],
  [
    "a call whose ranges differ",
    {},
    { calls: [{ host: "db.example.com", port: 5432, cidrs: ["10.1.0.0/16"] }] },
    { calls: [{ host: "db.example.com", port: 5432 }] },
    [["calls.0", { host: "db.example.com", port: 5432 }]],
  ],
  [
    "a call that stays beside the release",
    { calls: ["db.example.com:5432"] },
    { calls: [{ host: "db.example.com", port: 5432 }] },
    {},
    [],
  ],
  ["arguments as a whole", {}, { args: ["a", "b"] }, { args: ["a"] }, [["args", ["a"]]]],
  ["a probe as a whole", {}, { probes: { liveness: { tcp: true } } }, {}, [["probes.liveness", undefined]]],
  ["names that every object has", {}, { config: { constructor: "1" } }, {}, [["config.constructor", undefined]]],
] as const)("%s", ([, place, release, incoming, expected]) => expect(lost(place, release, incoming)).toEqual(expected));

test("older forms of a release, and what is none, are read as far as they go", () => {
  for (const odd of [undefined, null, "x", 1, [], { env: "x", calls: 1, ports: null }, { image: [] }])
    expect(() => valuesOf(odd)).not.toThrow();
});

test("the lines that keep values hold what stands beside the release already", () => {
  const values = valuesOf({ config: { B: "on: 1" }, secrets: ["b"], args: ["x"] });
  expect(placeLines({ config: { A: "1" } }, values)).toEqual(['config: { A: "1", B: "on: 1" }', "secrets: [ b ]"]);
});

test("what may be a secret is not shown, and a text stays in its line", () => {
  expect(showValue({ path: ["env", "DB_PASSWORD"], value: "hunter2" })).toBe("a value that is not shown");
  expect(showValue({ path: ["env", "A"], value: "postgres://u:hunter2@db" })).toBe("a value that is not shown");
  expect(showValue({ path: ["env", "A"], value: "a\nb\u001b[2J" })).toBe('"a\\nb\\u001b[2J"');
  expect(showValue({ path: ["env", "A"], value: undefined })).toBe("nothing");
});
