/** What goes wrong is said by the commands that look, and leaves what runs alone. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { kubectl, tryKubectl, waitUntil } from "../../scripts/lib/cluster.ts";
import {
  application,
  baseline,
  clone,
  git,
  live,
  must,
  pressSync,
  push,
  refresh,
  settled,
  slipway,
  traffic,
} from "./world.ts";

beforeEach(baseline);

const status = async (environment: string) =>
  (await slipway("status", "--context", live().context, "--env", environment)).stdout;
const verify = async () => slipway("verify", "--context", live().context, "--env", "prod");

test("an image that cannot be pulled: the pods of before go on answering", async () => {
  await must("release", "frontend", "--env", "dev", "--tag", "missing", "--push");
  await refresh();
  await waitUntil("status to say so", 120, async () =>
    /frontend-stable-\S+: (ErrImagePull|ImagePullBackOff)/.test(await status("dev")) ? undefined : await status("dev"),
  );
  expect(await traffic("frontend", "dev", "--duration", "2")).toMatchObject({ ok: true });
});

test("an object that the API server refuses: what runs stays, and status says why", async () => {
  // By hand, past the render, which would not write it.
  const file = join(clone(), "envs/dev/ml/deployment-ml-stable.yaml");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace("replicas: 2", "replicas: -1"));
  await push("test: a Deployment that is none");
  await refresh();
  await waitUntil("status to say so", 180, async () =>
    /dev-ml: .*must be greater than or equal to 0/.test(await status("dev")) ? undefined : await status("dev"),
  );
  const deployment = JSON.parse(
    await kubectl(live(), ["get", "deployment", "ml-stable", "-n", "dev-ml", "-o", "json"]),
  );
  expect(deployment.status.readyReplicas).toBe(2);
  expect((await slipway("render", "--check")).exitCode).toBe(1);
  expect(await git("status", "--porcelain")).toBe("");
});

test("verify: nothing to say about a sound platform", async () => {
  await pressSync("prod");
  let said = "";
  // Prometheus may still ask for pods that have just gone.
  await waitUntil("verify to have nothing to say", 60, async () => {
    const { stdout, exitCode } = await verify();
    said = stdout;
    return exitCode === 0 ? undefined : stdout;
  });
  expect(said).toMatch(/\d\d passed, 0 failed, \d could not be checked/);
  // A cluster may have no Prometheus and no Jaeger to ask.
  const unchecked = said.split("\n").filter((line) => line.trim().startsWith("?"));
  expect(unchecked.filter((line) => !/Prometheus|traces/.test(line))).toEqual([]);
  if (process.env.E2E_METRICS) expect(said).toContain("✓ every target of Prometheus is up");
});

test("verify finds mutual TLS that is not enforced", async () => {
  await pressSync("prod");
  await kubectl(live(), [
    "patch",
    "peerauthentication",
    "default",
    "-n",
    "prod-ml",
    "--type",
    "merge",
    "-p",
    '{"spec":{"mtls":{"mode":"PERMISSIVE"}}}',
  ]);
  await waitUntil("verify to find it", 240, async () =>
    /✗ mutual TLS of prod\/ml\n.*plain text is taken/.test((await verify()).stdout) ? undefined : "it does not",
  );
  await pressSync("prod");
});

test("verify finds a policy that lets everyone in", async () => {
  await pressSync("prod");
  const policy = {
    apiVersion: "security.istio.io/v1",
    kind: "AuthorizationPolicy",
    metadata: { name: "open", namespace: "prod-ml" },
    spec: { rules: [{}] },
  };
  await kubectl(live(), ["apply", "-f", "-"], JSON.stringify(policy));
  try {
    await waitUntil("verify to find it", 240, async () => {
      const { stdout, exitCode } = await verify();
      return exitCode === 1 &&
        /✗ strangers may not call prod\/ml/.test(stdout) &&
        /not in Git: AuthorizationPolicy prod-ml\/open/.test(stdout)
        ? undefined
        : "it does not";
    });
  } finally {
    await kubectl(live(), ["delete", "authorizationpolicy", "open", "-n", "prod-ml"]);
  }
});

test("traffic and status find a weight that was changed behind Git's back", async () => {
  await pressSync("prod");
  expect(await traffic("frontend", "prod", "--duration", "5")).toMatchObject({ ok: true });
  const routes = JSON.parse(
    await kubectl(live(), ["get", "virtualservices.networking.istio.io", "-n", "prod-gateway", "-o", "json"]),
  ).items as { metadata: { name: string }; spec: { http: { route: { weight?: number }[] }[] } }[];
  for (const { metadata, spec } of routes) {
    for (const { route } of spec.http) if (route.length === 2) for (const share of route) share.weight = 50;
    await kubectl(live(), [
      "patch",
      "virtualservice",
      metadata.name,
      "-n",
      "prod-gateway",
      "--type",
      "merge",
      "-p",
      JSON.stringify({ spec: { http: spec.http } }),
    ]);
  }
  await waitUntil("traffic to find it", 60, async () => {
    const { ok, verdict } = await traffic("frontend", "prod", "--duration", "5");
    return !ok && /not the declared one/.test(verdict) ? undefined : verdict;
  });
  await refresh();
  await waitUntil("Argo CD to see it", 60, async () =>
    (await application("prod-routes"))?.sync === "OutOfSync" ? undefined : "it does not",
  );
  expect(await status("prod")).toContain("prod-routes");
  await pressSync("prod");
});

test("traffic finds a version that is dead", async () => {
  await pressSync("prod");
  await kubectl(live(), ["scale", "deployment/frontend-canary", "-n", "prod-frontend", "--replicas=0"]);
  await waitUntil("its pods to go", 60, async () => {
    const { stdout } = await tryKubectl(live(), [
      "get",
      "pods",
      "-n",
      "prod-frontend",
      "-l",
      "version=canary",
      "-o",
      "name",
    ]);
    return stdout.trim() === "" ? undefined : stdout;
  });
  await waitUntil("traffic to find it", 60, async () => {
    const { ok, verdict } = await traffic("frontend", "prod", "--duration", "5");
    return !ok && /canary did not answer at all/.test(verdict) ? undefined : verdict;
  });
  await pressSync("prod");
  await settled();
});
