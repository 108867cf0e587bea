/** Tags that say what runs, and tags that say only which line of releases. */
import { expect, test } from "vitest";
import { movement } from "../generators/analysis/images.ts";

test.for([
  "latest",
  "stable",
  "edge",
  "main",
  "nightly",
  "lts",
  "dev",
  "LATEST",
  "alpine",
  "alpine3.20",
  "bookworm",
  "slim",
  "bookworm-slim",
  "latest-alpine",
  "stable-alpine",
  "mainline-alpine-slim",
  "8",
  "v1",
  "22-alpine",
  "17-jre-alpine3.20",
  "24-bookworm-slim",
])("%s moves, and a digest holds it", (tag) => {
  expect(movement({ repository: "a/b", tag })).toContain(tag);
  expect(movement({ repository: "a/b", tag, digest: `sha256:${"0".repeat(64)}` })).toBeUndefined();
});

test.for([
  "8.4.6",
  "17.2",
  "1.29-alpine",
  "v1.2",
  "6.15.0-next",
  "24.04",
  "20240101",
  "2024",
  "build-57",
  "main-57",
  "main-3f2a1bc",
  "3f2a1bc",
  "1234567",
  "pr-12",
  "stable-1.2.3",
  "RELEASE.2024-01-01T00-00-00Z",
  "canary-2",
  "mainline-1.29.1",
  "alpine-3.20.1-r2",
])("%s stays", (tag) => expect(movement({ repository: "a/b", tag })).toBeUndefined());
