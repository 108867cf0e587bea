import { describe, expect, test } from "vitest";
import { stateOf } from "../scripts/lib/applications.ts";
import { readInputs } from "../scripts/lib/inputs.ts";
import { describeImages, environmentStatus, imageState, troublesOf } from "../scripts/lib/live.ts";
import { readPlatform } from "../scripts/lib/render.ts";
import { shippedFolder } from "./support.ts";

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
  expect(describeImages(live, git)).toEqual(words);
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

test.each([
  ["that Git has no more", {}, "OutOfSync", ["StatefulSet database"]],
  [
    "of an Application that is being deleted",
    { deletionTimestamp: "2026-01-01T00:00:00Z" },
    "Unknown",
    ["StatefulSet database"],
  ],
  [
    "of one that is deleted, and stands in Git",
    { deletionTimestamp: "2026-01-01T00:00:00Z" },
    "Synced",
    ["StatefulSet database"],
  ],
  ["that is there", {}, "Synced", []],
])("a data store %s: what waits for a person", (_, more, status, unconfirmed) => {
  const resources = [
    {
      kind: "StatefulSet",
      name: "database",
      status,
      requiresPruning: status !== "Synced",
      requiresDeletionConfirmation: true,
    },
    { kind: "Service", name: "database", status, requiresPruning: status !== "Synced" },
  ];
  const application = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: "dev-database", ...more },
    spec: { project: "dev", syncPolicy: { automated: {} } },
    status: { sync: { status }, resources },
  };
  expect(stateOf(application).unconfirmed).toEqual(unconfirmed);
});

describe("a data store", () => {
  const environment = readPlatform(readInputs(shippedFolder)).environments.find(({ value }) => value.name === "prod");
  if (!environment) throw new Error("no environment");
  const { tag } = environment.value.dataStores.database?.image ?? {};
  const image = `docker.io/library/mysql:${tag}`;
  const look = (run: string | undefined, sync = "Synced", health = "Healthy") =>
    environmentStatus(environment.value, {
      applications: [
        stateOf({
          apiVersion: "argoproj.io/v1alpha1",
          kind: "Application",
          metadata: { name: "prod-database" },
          spec: { project: "prod" },
          status: { sync: { status: sync }, health: { status: health } },
        }),
      ],
      statefulSets: run
        ? [
            {
              apiVersion: "apps/v1",
              kind: "StatefulSet",
              metadata: { name: "database", namespace: "prod-database" },
              spec: { replicas: 1, template: { spec: { containers: [{ name: "database", image: run }] } } },
              status: { readyReplicas: 1 },
            },
          ]
        : [],
      deployments: [],
      routes: [],
      canaries: [],
      pods: [],
    });

  test("is shown with its image, its pod and its Application", () => {
    expect(look(image).dataStores).toEqual([
      {
        dataStore: "database",
        git: { tag },
        live: { tag, ready: 1, wanted: 1 },
        sync: "Synced",
        health: "Healthy",
      },
    ]);
  });

  test.each<[string, Parameters<typeof look>, string[]]>([
    ["as Git has it", [image], []],
    ["that runs another image", ["mysql:8.0.1"], [`database runs 8.0.1 and not ${tag}`]],
    ["that is not there", [undefined], [`database runs nothing and not ${tag}`]],
    ["that is not synced", [image, "OutOfSync"], ["database is OutOfSync and Healthy"]],
    ["that is not healthy", [image, "Synced", "Degraded"], ["database is Synced and Degraded"]],
  ])("%s: a promotion is told", (_, state, troubles) => {
    expect(troublesOf(look(...state), ["database"])).toEqual(troubles);
    expect(troublesOf(look(...state), [])).toEqual([]);
  });
});
