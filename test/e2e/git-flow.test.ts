/** The commits of a day, seen in the answers of the pods. */
import { beforeEach, expect, test } from "vitest";
import { waitUntil } from "../../scripts/lib/cluster.ts";
import { liveWeights } from "../../scripts/lib/live.ts";
import { baseline, get, git, live, must, pressSync, refresh, settled, traffic } from "./world.ts";

beforeEach(baseline);

// A version without traffic is left out of the route.
const canaryInStaging = async () => {
  const route = await get("virtualservices.networking.istio.io", "frontend", "staging-frontend");
  return liveWeights(route)?.get("canary") ?? 0;
};

test("a weight that is pushed is the split at the gateway", async () => {
  const toCluster: number[] = [];
  const toGateway: number[] = [];
  const ours: number[] = [];
  for (let round = 0; round < 10; round++) {
    const weight = round % 2 === 0 ? 100 : 0;
    const started = performance.now();
    await must("weight", "frontend", "--env", "staging", `canary=${weight}`, "--push");
    const pushed = performance.now();
    ours.push(pushed - started);
    await refresh();
    await waitUntil("the weight to reach the cluster", 120, async () =>
      (await canaryInStaging()) === weight ? undefined : `canary has ${await canaryInStaging()}`,
    );
    toCluster.push(performance.now() - pushed);
    await waitUntil("the gateway to follow", 60, async () => {
      const { verdict, ok } = await traffic("frontend", "staging", "--rate", "50", "--duration", "0.5");
      return ok ? undefined : verdict;
    });
    toGateway.push(performance.now() - pushed);
  }
  print("npm run weight --push, all of it", ours);
  print("from the push to the route on the cluster", toCluster);
  print("from the push to the split at the gateway", toGateway);
  await must("weight", "frontend", "--env", "staging", "canary=30", "--push");
  await settled();
  expect(await traffic("frontend", "staging", "--duration", "10")).toMatchObject({ ok: true });
});

function print(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const [median = 0, worst = 0] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted.at(-1)];
  console.log(
    `${what}: median ${(median / 1000).toFixed(1)} s, worst ${(worst / 1000).toFixed(1)} s of ${times.length}`,
  );
}

test("a release goes from dev over staging to prod, and back", async () => {
  const tag = "6.13.0";
  const answering = async (environment: string, version: string) =>
    (await get("deployments.apps", `frontend-${version}`, `${environment}-frontend`))?.spec.template.spec.containers[0]
      .image;
  await must("release", "frontend", "--env", "dev", "--tag", tag, "--push");
  await settled();
  expect(await answering("dev", "stable")).toContain(tag);

  await must("promote", "frontend", "--from", "dev", "--to", "staging", "--push", "--context", live().context);
  await settled();
  expect(await answering("staging", "stable")).toContain(tag);
  await must(
    "promote",
    "frontend",
    "--from",
    "staging",
    "--to",
    "prod",
    "--as",
    "canary",
    "--weight",
    "50",
    "--push",
    "--context",
    live().context,
  );
  await settled();
  expect(await answering("prod", "canary")).not.toContain(tag);
  await pressSync("prod");
  expect(await answering("prod", "canary")).toContain(tag);
  expect(await traffic("frontend", "prod", "--duration", "10")).toMatchObject({ ok: true });

  await must("rollback", "frontend", "--env", "prod", "--push");
  await pressSync("prod");
  const { versions } = await traffic("frontend", "prod", "--duration", "2");
  expect(versions.map(({ version, observed }) => [version, observed > 0])).toEqual([
    ["stable", true],
    ["canary", false],
  ]);
  await must("rollback", "frontend", "--env", "staging", "--release", "--push");
  await settled();
  expect(await answering("staging", "stable")).not.toContain(tag);
  expect(await git("log", "-1", "--format=%s")).toMatch(/^rollback\(staging\): frontend/);
});
