/** The commits of a day, seen in the answers of the pods. */
import { beforeEach, expect, test } from "vitest";
import { waitUntil } from "../../scripts/lib/cluster.ts";
import { liveWeights } from "../../scripts/lib/live.ts";
import { ask, baseline, get, git, live, must, pressSync, refresh, settled, traffic } from "./world.ts";

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
  /** Asks until a pod of the version answers as it should: with the tag, or with another. */
  const answers = (environment: string, version: "stable" | "canary", wanted: "with" | "without") =>
    waitUntil(`${version} of ${environment} to answer ${wanted} ${tag}`, 60, async () => {
      const { text } = await ask(environment, version === "canary" ? { "x-canary": "true" } : {});
      const its = text.includes(`frontend-${version}-`);
      return its && text.includes(tag) === (wanted === "with") ? undefined : text;
    });
  // Nobody may have synced prod yet: the order of the tests is a different one each time.
  await pressSync("prod");
  await must("release", "frontend", "--env", "dev", "--tag", tag, "--push");
  await settled();
  await answers("dev", "stable", "with");

  await must("promote", "frontend", "--from", "dev", "--to", "staging", "--push", "--context", live().context);
  await settled();
  await answers("staging", "stable", "with");
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
  await answers("prod", "canary", "without");
  await pressSync("prod");
  await answers("prod", "canary", "with");
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
  await answers("staging", "stable", "without");
  expect(await git("log", "-1", "--format=%s")).toMatch(/^rollback\(staging\): frontend/);
});
