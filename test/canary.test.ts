import { expect, test } from "vitest";
import { type LiveDeployment, rolloutState } from "../scripts/lib/canary.ts";

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
