import { expect, test } from "vitest";
import { copyBlock, removeValue, setValue } from "../scripts/lib/edit.ts";

const text = `# about prod
services:
  backend: # the API
    versions:
      stable:
        weight: 90 # most of it
        release:
          image: { repository: a/b, tag: "6.14.0" }
          config:
            A: 'it''s'   # kept
      canary:
        release: { image: { repository: a/b, tag: 6.15.0, digest: old }, ports: {} }
  other: {}
`;
const version = (name: string) => ["services", "backend", "versions", name];

test.each([
  ["a number, its comment stays", [...version("stable"), "weight"], 80, "weight: 80 # most of it"],
  ["double quotes stay", [...version("stable"), "release", "image", "tag"], "6.15.0", 'tag: "6.15.0" }'],
  ["single quotes stay", [...version("stable"), "release", "config", "A"], "o'k", "A: 'o''k'   # kept"],
  [
    "a string that looks like a number gets quotes",
    [...version("canary"), "release", "image", "tag"],
    "6.10",
    'tag: "6.10",',
  ],
  [
    "a new key of a block map comes first",
    [...version("canary"), "weight"],
    10,
    "canary:\n        weight: 10\n        release: {",
  ],
  [
    "a new key of a flow map comes last",
    [...version("stable"), "release", "image", "digest"],
    "x",
    'tag: "6.14.0", digest: x }',
  ],
])("%s", (_what, path, value, expected) => {
  const edited = setValue(text, path, value);
  expect(edited).toContain(expected);
  // Nothing else has changed: the same lines but for the one, or one more.
  const before = text.split("\n");
  const after = edited.split("\n");
  const common = before.filter((line) => after.includes(line)).length;
  expect(common).toBeGreaterThanOrEqual(before.length - 1);
});

test("a key is removed with its separator, from a flow map and from a block map", () => {
  expect(removeValue(text, [...version("canary"), "release", "image", "digest"])).toContain("tag: 6.15.0 }, ports");
  expect(removeValue(text, [...version("canary"), "release", "image", "repository"])).toContain(
    "image: { tag: 6.15.0,",
  );
  expect(removeValue(text, [...version("stable"), "weight"])).toContain("stable:\n        release:");
  expect(removeValue(text, [...version("stable"), "nothing"])).toBe(text);
});

test("a block map is removed with its key, and what follows stays", () => {
  const platform = `platform:
  argocd: { version: v3 }
  gitea:
    version: 1.27.2 # pinned
  # for the autoscaler
  metricsServer:
    version: 3.14.0
`;
  expect(removeValue(platform, ["platform", "gitea"])).toBe(`platform:
  argocd: { version: v3 }
  # for the autoscaler
  metricsServer:
    version: 3.14.0
`);
  expect(removeValue(platform, ["platform", "metricsServer"])).toBe(`platform:
  argocd: { version: v3 }
  gitea:
    version: 1.27.2 # pinned
  # for the autoscaler
`);
});

test("a block is copied as it stands, at the indentation of its new place", () => {
  const from = `services:
    backend:
        versions:
            stable:
                release: # tested
                    image: { repository: a/b, tag: "7" }
                    config:
                        # why
                        A: b

            canary: {}
`;
  const copied = copyBlock(text, [...version("stable"), "release"], {
    text: from,
    path: [...version("stable"), "release"],
  });
  expect(copied).toBe(`# about prod
services:
  backend: # the API
    versions:
      stable:
        weight: 90 # most of it
        release: # tested
            image: { repository: a/b, tag: "7" }
            config:
                # why
                A: b
      canary:
        release: { image: { repository: a/b, tag: 6.15.0, digest: old }, ports: {} }
  other: {}
`);
});

test("a block that is copied into a flow map becomes one, its scalars as they were written", () => {
  const path = [...version("stable"), "release"];
  const flow = "services: { backend: { versions: { stable: { release: { image: {} }, weight: 90 } } } } # flat\n";
  expect(copyBlock(flow, path, { text, path })).toBe(
    `services: { backend: { versions: { stable: { release: { image: { repository: a/b, tag: "6.14.0" }, config: { A: 'it''s' } }, weight: 90 } } } } # flat\n`,
  );
});
