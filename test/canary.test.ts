import { join } from "node:path";
import { expect, test } from "vitest";
import { namespaceOf } from "../generators/model/resolve.ts";
import { type LiveDeployment, rolloutState } from "../scripts/lib/canary.ts";
import { UserError } from "../scripts/lib/cli.ts";
import { readInputs } from "../scripts/lib/inputs.ts";
import { environmentStatus } from "../scripts/lib/live.ts";
import { weightEdits } from "../scripts/lib/services.ts";
import { parseTexts, shippedFolder } from "./support.ts";

const inputs = join(import.meta.dirname, "fixtures/valid/three-tier");

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
  const takenBack = { lastAppliedSpec: "a", lastPromotedSpec: "a" };
  expect(rolloutState(canary("Failed", takenBack), deployment("1"), deployment("1")).state).toBe("serving");
  expect(rolloutState(canary("Failed", takenBack), deployment("2"), deployment("1")).state).toBe("pending");
  const failed = { lastAppliedSpec: "b", lastPromotedSpec: "a" };
  expect(rolloutState(canary("Failed", failed), deployment("2"), deployment("1")).state).toBe("failed");
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
  expect(() => weightEdits(environment, "backend", new Map())).toThrow(UserError);
  const [plain] = parseTexts(Object.fromEntries(readInputs(shippedFolder))).platform.environments;
  if (!plain) throw new Error("no environment");
  expect(weightEdits(plain, "backend", new Map())).toEqual([]);
});

test("status shows what serves, how much of the traffic it has left, and what Flagger says", () => {
  const { platform } = parseTexts(Object.fromEntries(readInputs(inputs)));
  const environment = platform.environments[0]?.value;
  if (!environment) throw new Error("no environment");
  const named = (name: string, object: object) => ({
    apiVersion: "v1",
    kind: "any",
    metadata: { name, namespace: namespaceOf(environment, "backend") },
    ...object,
  });
  const snapshot = {
    applications: [],
    routes: [],
    pods: [],
    statefulSets: [],
    deployments: [
      named("backend-stable", { ...deployment("6.15.0"), status: { readyReplicas: 1 } }),
      named("backend-stable-primary", { ...deployment("6.13.0"), status: { readyReplicas: 2 } }),
    ],
    canaries: [named("backend", canary("Progressing", { canaryWeight: 20, failedChecks: 1 }))],
  };
  const backend = environmentStatus(environment, snapshot).services.find(({ service }) => service === "backend");
  expect(backend).toMatchObject({
    versions: [{ git: { tag: "6.15.0", weight: 100 }, live: { tag: "6.13.0", weight: 80, ready: 2 } }],
    rollout: { state: "analysing", weight: 20, failedChecks: 1, message: "Flagger says Progressing" },
  });
});
