/** What `verify` makes of what it saw. The requests themselves are made on a cluster, in test/e2e. */
import { describe, expect, test } from "vitest";
import { resolveEnvironment } from "../generators/model/resolve.ts";
import { UserError } from "../scripts/lib/cli.ts";
import { addressOrWhy } from "../scripts/lib/verify/gateway.ts";
import { judgeStranger } from "../scripts/lib/verify/mesh.ts";
import { judgeTargets, judgeTraces, type Target } from "../scripts/lib/verify/observability.ts";
import { replyOf } from "../scripts/lib/verify/probe.ts";
import { platformIn, shippedFolder } from "./support.ts";

const ended = (code: number) => `command terminated with exit code ${code}\n`;

test.each([
  ["an answer", 0, "hello\n\n200", "", { kind: "http", status: 200, body: "hello\n" }],
  ["an answer that goes on", 28, "a\n200", ended(28), { kind: "http", status: 200, body: "a" }],
  ["another protocol", 1, "\n000", ended(1), { kind: "bytes" }],
  ["a refusal", 7, "\n000", ended(7), { kind: "refused" }],
  ["no answer", 28, "\n000", ended(28), { kind: "silence" }],
  ["an empty answer", 52, "\n000", ended(52), { kind: "closed" }],
  ["a reset", 56, "\n000", ended(56), { kind: "closed" }],
  ["no such name", 6, "\n000", ended(6), { kind: "impossible", why: "the name is unknown there" }],
  [
    "no curl",
    1,
    "",
    'error: Internal error occurred: exec: "curl": executable file not found in $PATH: unknown\n',
    { kind: "impossible", why: "its image has no curl" },
  ],
  [
    "no rights",
    1,
    "",
    'Error from server (Forbidden): pods "a" is forbidden: User "b" cannot create resource "pods/exec"\n',
    {
      kind: "impossible",
      why: 'Error from server (Forbidden): pods "a" is forbidden: User "b" cannot create resource "pods/exec"',
    },
  ],
  [
    "no cluster",
    1,
    "",
    "The connection to the server 127.0.0.1:9 was refused - did you specify the right host or port?\n",
    {
      kind: "impossible",
      why: "The connection to the server 127.0.0.1:9 was refused - did you specify the right host or port?",
    },
  ],
] as const)("a request from inside the cluster: %s", (_, exitCode, stdout, stderr, reply) => {
  expect(replyOf({ exitCode, stdout, stderr })).toEqual(reply);
});

describe("a stranger", () => {
  const denied = { kind: "http", status: 403, body: "RBAC: access denied" } as const;
  const own403 = { kind: "http", status: 403, body: "not you" } as const;
  test.each([
    [denied, false, "passed"],
    [own403, true, "failed"],
    [{ kind: "bytes" }, true, "failed"],
    [{ kind: "closed" }, true, "passed"],
    [{ kind: "closed" }, false, "unknown"],
    [{ kind: "silence" }, true, "passed"],
    [{ kind: "silence" }, false, "unknown"],
    [{ kind: "refused" }, true, "unknown"],
    [{ kind: "http", status: 503, body: "no healthy upstream" }, true, "unknown"],
    [{ kind: "impossible", why: "its image has no curl" }, true, "unknown"],
  ] as const)("%j, where it reaches others: %s", (reply, reaches, result) => {
    expect(judgeStranger(reply, reaches).result).toBe(result);
  });
});

describe("targets of Prometheus", () => {
  const target = (health: Target["health"]): Target => ({
    labels: { job: "istiod", instance: "10.0.0.1:15014" },
    health,
    lastError: health === "down" ? "connection refused" : "",
  });
  test.each([
    [["up", "up"], "passed", "2 targets, all of them up"],
    [["up", "unknown"], "unknown", "1 of 2 not scraped yet"],
    [["up", "unknown", "down"], "failed", "1 of 3 down: istiod 10.0.0.1:15014 (connection refused)"],
    [[], "failed", "it has none"],
  ] as const)("%j: %s", (healths, result, saw) => {
    expect(judgeTargets(healths.map(target))).toEqual({ result, saw });
  });
});

test("traces: services of other environments are none of this one's", () => {
  const platform = platformIn(shippedFolder);
  const [first] = platform.environments;
  if (!first) throw new Error("the platform has no environment");
  const environment = resolveEnvironment(first, platform);
  const { scope } = environment;
  const sampled = (sampling: number) => ({
    ...environment,
    scope: { ...scope, mesh: { ...scope.mesh, tracing: { sampling } } },
  });
  const own = `frontend.${environment.namespaces[0]}`;
  expect(judgeTraces(sampled(1), ["jaeger", own], false)).toEqual({ result: "passed", saw: own });
  expect(judgeTraces(sampled(100), ["jaeger", "frontend.other"], true).result).toBe("failed");
  expect(judgeTraces(sampled(100), [], false).result).toBe("unknown");
  expect(judgeTraces(sampled(1), [], true).result).toBe("unknown");
});

test("a gateway without an address leaves checks undone; a bug is one", async () => {
  expect(await addressOrWhy(Promise.resolve("http://127.0.0.1"))).toEqual({ url: "http://127.0.0.1" });
  expect(await addressOrWhy(Promise.reject(new UserError("there is none")))).toEqual({ why: "there is none" });
  await expect(addressOrWhy(Promise.reject(new TypeError("bug")))).rejects.toThrow("bug");
});
