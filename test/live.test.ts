import { expect, test } from "vitest";
import { stateOf } from "../scripts/lib/applications.ts";
import { describeImages, imageState } from "../scripts/lib/live.ts";

const [one, other] = ["sha256:1111111111", "sha256:2222222222"];

test.each([
  ["ghcr.io/acme/api:6.14.0", { tag: "6.14.0" }],
  ["localhost:5000/acme/api:6.14.0", { tag: "6.14.0" }],
  [`ghcr.io/acme/api:6.14.0@${one}`, { tag: "6.14.0", digest: one }],
  [`localhost:5000/acme/api@${one}`, { tag: "localhost:5000/acme/api", digest: one }],
])("the image %s", (image, state) => {
  expect(imageState(image)).toEqual(state);
});

test.each([
  ["the same", { tag: "1" }, { tag: "1" }, ["1", "1"]],
  ["another tag", { tag: "1", digest: one }, { tag: "2", digest: other }, ["1", "2"]],
  [
    "another digest",
    { tag: "1", digest: one },
    { tag: "1", digest: other },
    ["1@sha256:11111111", "1@sha256:22222222"],
  ],
  ["no digest", { tag: "1" }, { tag: "1", digest: other }, ["1", "1@sha256:22222222"]],
  ["nothing there", undefined, { tag: "1", digest: one }, [undefined, "1"]],
])("live beside Git: %s", (_, live, git, words) => {
  expect(describeImages(live && { ...live, weight: 0 }, { ...git, weight: 0 })).toEqual(words);
});

test.each([
  ["failed", "Failed", "OutOfSync", undefined, true],
  ["ended because it took too long", "Error", "OutOfSync", undefined, true],
  ["asked for anew", "Failed", "OutOfSync", { sync: {} }, false],
  ["under way, or to be tried again", "Running", "OutOfSync", undefined, false],
  ["over, and not needed any more", "Failed", "Synced", undefined, false],
] as const)("a sync that is %s: given up or not", (_, phase, sync, operation, givenUp) => {
  const application = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: "dev" },
    spec: { project: "platform", syncPolicy: { automated: {} } },
    status: { sync: { status: sync }, operationState: { phase } },
    ...(operation && { operation }),
  };
  expect(stateOf(application).givenUp).toBe(givenUp);
});
