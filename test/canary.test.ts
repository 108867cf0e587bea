import { join } from "node:path";
import { expect, test } from "vitest";
import { type LiveDeployment, rolloutState } from "../scripts/lib/canary.ts";
import { UserError } from "../scripts/lib/cli.ts";
import { readInputs } from "../scripts/lib/inputs.ts";
import { environmentStatus } from "../scripts/lib/live.ts";
import { readPlatform } from "../scripts/lib/render.ts";
import { weightEdits } from "../scripts/lib/services.ts";
import { parseTexts } from "./support.ts";

const inputs = join(import.meta.dirname, "flagger/platform");

const deployment = (tag: string, checksum = ""): LiveDeployment => ({
  spec: {
    template: {
      metadata: { annotations: { "slipway.dev/config-checksum": checksum } },
      spec: { containers: [{ name: "a", image: `a/b:${tag}` }] },
    },
  },
});
const canary = (phase: string, more: object = {}) => ({
  status: { phase, conditions: [{ type: "Promoted", message: `Flagger says ${phase}` }], ...more },
});

test.each([
  ["", "pending"],
  ["Initializing", "pending"],
  ["Waiting", "waiting"],
  ["Progressing", "analysing"],
  ["WaitingPromotion", "waiting"],
  ["Promoting", "analysing"],
  ["Finalising", "analysing"],
  ["Failed", "failed"],
  ["Terminating", "pending"],
])("a new release in phase %s is %s", (phase, state) => {
  expect(rolloutState(canary(phase), deployment("2"), deployment("1"))).toMatchObject({
    state,
    message: `Flagger says ${phase}`,
  });
});

test.each(["Initialized", "Succeeded"])(
  "in phase %s the release serves once the primary runs it, and not before",
  (phase) => {
    const of = (target: LiveDeployment, primary?: LiveDeployment) => rolloutState(canary(phase), target, primary).state;
    expect(of(deployment("1"), deployment("1"))).toBe("serving");
    expect(of(deployment("2"), deployment("1"))).toBe("pending");
    expect(of(deployment("1", "new"), deployment("1", "old"))).toBe("pending");
    expect(of(deployment("1"))).toBe("pending");
  },
);

test("weight and failed checks are Flagger's; without a status there are none", () => {
  const status = { canaryWeight: 20, failedChecks: 3 };
  expect(rolloutState(canary("Progressing", status), deployment("2"), deployment("1"))).toMatchObject({
    weight: 20,
    failedChecks: 3,
  });
  expect(rolloutState({}, deployment("1"), undefined)).toEqual({
    state: "pending",
    weight: 0,
    failedChecks: 0,
    message: "waiting for Flagger",
  });
});

test("weights of a service that Flagger rolls out cannot be set", () => {
  const [environment] = parseTexts(Object.fromEntries(readInputs(inputs))).platform.environments;
  if (!environment) throw new Error("no environment");
  expect(() => weightEdits(environment, "shop", new Map())).toThrow(UserError);
  expect(weightEdits(environment, "assets", new Map())).toEqual([]);
});

test("status shows what serves, how much of the traffic it has left, and what Flagger says", () => {
  const { platform } = parseTexts(Object.fromEntries(readInputs(inputs)));
  const environment = platform.environments[0]?.value;
  if (!environment) throw new Error("no environment");
  const named = (name: string, object: object) => ({
    apiVersion: "v1",
    kind: "any",
    metadata: { name, namespace: "demo-shop" },
    ...object,
  });
  const snapshot = {
    applications: [],
    routes: [],
    pods: [],
    deployments: [
      named("shop-stable", { ...deployment("6.14.0"), status: { readyReplicas: 1 } }),
      named("shop-stable-primary", { ...deployment("6.13.0"), status: { readyReplicas: 2 } }),
    ],
    canaries: [named("shop", canary("Progressing", { canaryWeight: 20, failedChecks: 1 }))],
  };
  const [shop] = environmentStatus(environment, snapshot).services;
  expect(shop).toMatchObject({
    versions: [{ git: { tag: "6.14.0", weight: 100 }, live: { tag: "6.13.0", weight: 80, ready: 2 } }],
    rollout: { state: "analysing", weight: 20, failedChecks: 1, message: "Flagger says Progressing" },
  });
});

test("the platform that the tests of rollouts run on is a valid one", () => {
  const texts = readInputs(join(import.meta.dirname, "flagger/platform"));
  expect(readPlatform(texts).environments).toHaveLength(1);
});
