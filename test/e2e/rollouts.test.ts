/** Releases that are committed to Git, synced by Argo CD and rolled out by Flagger, with real traffic. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { rolloutState } from "../../scripts/lib/canary.ts";
import { find, kubectl, type LiveObject, tryKubectl, waitUntil } from "../../scripts/lib/cluster.ts";
import type { EnvironmentStatus } from "../../scripts/lib/live.ts";
import { analyze } from "../cluster/cluster.ts";
import {
  application,
  ask,
  baseline,
  change,
  get,
  git,
  live,
  must,
  refresh,
  restore,
  setIn,
  settled,
  slipway,
} from "./world.ts";

/** A host of its own: Flagger's routes must not overlap with others. */
const host = "shop.3rvision.localhost";
const services = ["shop", "api"] as const;
const image = (tag: string) => ({ repository: "ghcr.io/stefanprodan/podinfo", tag });
const rollout = {
  strategy: "flagger",
  interval: "10s",
  threshold: 2,
  stepWeight: 20,
  maxWeight: 40,
  progressDeadline: "60s",
};
const autoscaling = { min: 1, max: 2 };
const http = { port: 9898, servicePort: 80 };

const shop = {
  expose: { hosts: [host] },
  timeout: "10s",
  rollout,
  versions: { stable: { autoscaling, release: { image: image("6.14.0"), ports: { http }, calls: ["api"] } } },
};
const api = {
  retries: { attempts: 2 },
  connectionPool: { maxPendingRequests: 100 },
  outlierDetection: { consecutive5xxErrors: 50 },
  rollout: { ...rollout, loadTest: { path: "/version" } },
  versions: {
    stable: {
      autoscaling,
      release: {
        image: image("6.14.0"),
        ports: { http, grpc: { port: 9999, protocol: "grpc" } },
        config: { PODINFO_UI_MESSAGE: "one" },
      },
    },
  },
};
/** The same service where its weights stand in Git. */
const plainApi = { versions: { stable: { replicas: 1, release: { image: image("6.13.0"), ports: { http } } } } };

const rolloutOf = async (service: string) => {
  const [canary, target, primary] = await Promise.all([
    get("canaries.flagger.app", service, `dev-${service}`),
    get("deployments.apps", `${service}-stable`, `dev-${service}`),
    get("deployments.apps", `${service}-stable-primary`, `dev-${service}`),
  ]);
  return canary && target && rolloutState(canary, target as never, primary as never);
};

/** Waits until both rollouts are over as wanted, and does something at each look. */
async function waitFor(state: "serving" | "failed", meanwhile: () => Promise<void> = async () => {}): Promise<void> {
  await waitUntil(`rollouts of ${services.join(" and ")} to be ${state}`, 480, async () => {
    await meanwhile();
    const states = await Promise.all(services.map(rolloutOf));
    return states.every((one) => one?.state === state) ? undefined : JSON.stringify(states);
  });
}

/** Share of the canary in a service's VirtualService, as Flagger has set it, %. */
async function canaryWeight(service: string): Promise<number> {
  const route = await get("virtualservices.networking.istio.io", service, `dev-${service}`);
  const shares = (route?.spec.http[0].route ?? []) as { destination: { host: string }; weight?: number }[];
  return shares.find(({ destination }) => destination.host === `${service}-canary`)?.weight ?? 0;
}

const primaryOf = (service: string) =>
  find(live(), "deployments.apps", `${service}-stable-primary`, `dev-${service}`) as Promise<LiveObject>;

const imageOf = ({ spec }: LiveObject) => spec.template.spec.containers[0].image as string;

const messageOf = async (service: string) =>
  (await get("configmaps", `${service}-stable-primary`, `dev-${service}`))?.data.PODINFO_UI_MESSAGE;

/**
 * Keeps every share of the canary that the API server holds from now on, %. Flagger's events are no proof of them: of
 * one object's events client-go drops all but the first 25. It ends with the test.
 */
function watchCanaryWeights(service: string): ReadonlySet<number> {
  const weights = new Set<number>();
  const share = `{.spec.http[0].route[?(@.destination.host=="${service}-canary")].weight}{"\\n"}`;
  const where = ["--context", live().context, "-n", `dev-${service}`];
  const what = ["get", "virtualservices.networking.istio.io", service, "--watch", "-o", `jsonpath=${share}`];
  const watch = spawn("kubectl", [...where, ...what], { stdio: ["ignore", "pipe", "inherit"] });
  watch.stdout.on("data", (lines) => {
    for (const weight of String(lines).trim().split("\n")) weights.add(Number(weight));
  });
  onTestFinished(() => void watch.kill());
  return weights;
}

/** Status of a request from one workload to a URL. A busy machine may give no answer in time: then it is asked again. */
async function call(namespace: string, workload: string, url: string): Promise<string> {
  const curl = ["curl", "-s", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}", url];
  for (let tries = 1; ; tries++) {
    const { stdout } = await tryKubectl(live(), ["exec", "-n", namespace, workload, "--", ...curl]);
    if (stdout.trim() !== "000" || tries === 3) return stdout.trim();
  }
}

const stranger = (service: string) =>
  call("e2e-stranger", "deployment/stranger", `http://${service}.dev-api.svc.cluster.local/`);
const shopCalls = (service: string) => call("dev-shop", "deployment/shop-stable-primary", `http://${service}.dev-api/`);

const status = async () => {
  const { stdout } = await slipway("status", "--context", live().context, "--env", "dev", "--json");
  return (JSON.parse(stdout).environments as EnvironmentStatus[])[0]?.services ?? [];
};

const elsewhere = (process.env.E2E_PROVIDED ?? "").split(",").includes("flagger") && !process.env.E2E_METRICS;

describe.skipIf(elsewhere)("with Flagger", () => {
  beforeAll(async () => {
    if (!(await get("deployments.apps", "flagger-loadtester", "flagger-system")))
      await kubectl(live(), ["apply", "-f", join(import.meta.dirname, "load-tester.yaml")]);
    const namespace = {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "e2e-stranger", labels: { "istio-injection": "enabled" } },
    };
    await kubectl(live(), ["apply", "-f", "-"], JSON.stringify(namespace));
    const made = [
      "create",
      "deployment",
      "stranger",
      "-n",
      "e2e-stranger",
      "--image=ghcr.io/stefanprodan/podinfo:6.14.0",
    ];
    if (!(await get("deployments.apps", "stranger", "e2e-stranger"))) await kubectl(live(), made);
    for (const [name, where] of [
      ["flagger-loadtester", "flagger-system"],
      ["stranger", "e2e-stranger"],
    ] as const)
      await kubectl(live(), ["rollout", "status", `deployment/${name}`, "-n", where, "--timeout=110s"]);
  });

  beforeEach(async () => {
    const known = (await application("dev-shop")) !== undefined;
    // What a run before this one has left must go first, with its namespaces.
    if (known) await restore();
    else await baseline();
    await change("test: two services that Flagger rolls out", {
      "envs/dev.yaml": (text) => {
        const [first] = parse(text).gateway.hosts as string[];
        return [
          setIn(["gateway", "hosts"], [first, host]),
          setIn(["services", "frontend", "expose"], { hosts: [first] }),
          setIn(["services", "shop"], shop),
          setIn(["services", "api"], api),
        ].reduce((edited, set) => set(edited), text);
      },
      "envs/staging.yaml": setIn(["services", "api"], plainApi),
    });
    await settled();
    await waitFor("serving");
  });

  test("a release gets its traffic step by step and is promoted, and Argo CD does not fight Flagger", async () => {
    for (const service of ["api", "api-primary"]) {
      await waitUntil(`${service} to answer the shop`, 60, async () => {
        const answer = await shopCalls(service);
        return answer === "200" ? undefined : answer;
      });
      expect(await stranger(service), service).toBe("403");
    }
    expect(await call("dev-shop", "deployment/shop-stable-primary", "http://api.dev-api:9999/")).toBe("200");
    for (const text of await askOften()) expect(text).toContain("shop-stable-primary-");
    expect((await ask("dev")).text).toMatch(/frontend-(stable|canary)-/);
    expect((await get("deployments.apps", "shop-stable", "dev-shop"))?.spec.replicas).toBe(0);
    if (process.env.ISTIOCTL) expect(await analyze()).toEqual([]);

    await change("test: another configuration", {
      "envs/dev.yaml": setIn(
        ["services", "api", "versions", "stable", "release", "config", "PODINFO_UI_MESSAGE"],
        "two",
      ),
    });
    await must("release", ...services, "--env", "dev", "--tag", "6.15.0", "--push");
    await refresh();
    await waitUntil("Flagger to see the releases", 120, async () => {
      const states = await Promise.all(services.map(rolloutOf));
      return states.every((one) => one?.state !== "serving") ? undefined : JSON.stringify(states);
    });

    const seen = { answers: { primary: 0, canary: 0 }, refused: 0, reported: 0, held: 0 };
    const watched = services.map(watchCanaryWeights);
    const syncs = new Set<string>();
    await waitFor("serving", async () => {
      for (const name of services) {
        const application = await get("applications.argoproj.io", `dev-${name}`, "argocd");
        syncs.add(`${name} ${application?.status.operationState.startedAt}`);
      }
      const weight = await canaryWeight("shop");
      const answers = await askOften();
      if (weight > 0 && (await canaryWeight("shop")) === weight) {
        for (const text of answers) seen.answers[/shop-stable-primary-/.test(text) ? "primary" : "canary"]++;
      }
      if ((await canaryWeight("api")) === 0) return;
      for (const service of ["api", "api-primary", "api-canary"]) expect(await stranger(service), service).toBe("403");
      expect(await shopCalls("api-canary")).toBe("200");
      seen.refused++;
      const { rollout: reported } = (await status()).find(({ service }) => service === "api") ?? {};
      if (reported?.state === "analysing" && reported.weight > 0) seen.reported++;
      if (seen.held === 0 && (await promote()).stderr.includes("the rollout of api is analysing")) seen.held++;
    });

    for (const weights of watched) expect([...weights]).toEqual([0, 20, 40]);
    for (const service of services) expect(imageOf(await primaryOf(service))).toMatch(/:6\.15\.0$/);
    expect(await messageOf("api")).toBe("two");
    for (const text of await askOften()) expect(text).toContain("shop-stable-primary-");
    for (const count of [seen.refused, seen.reported, seen.held]) expect(count).toBeGreaterThan(0);
    // With 20 answers at 20 to 40 %: both answer, and the canary less than three quarters, but for one of 100 runs.
    const { primary, canary } = seen.answers;
    expect(Math.min(primary, canary)).toBeGreaterThan(0);
    expect(canary / (canary + primary)).toBeLessThan(0.75);
    // Two commits: a sync for each, at most, and none because of what Flagger changes.
    for (const name of services)
      expect([...syncs].filter((sync) => sync.startsWith(name)).length).toBeLessThanOrEqual(2);
    await waitUntil("the release to be promoted", 60, async () => {
      const { stdout, stderr } = await promote();
      return stdout.includes("6.13.0 → 6.15.0") ? undefined : stderr;
    });
  });

  test("releases that fail are rolled back, the primary is not touched, and status says so", async () => {
    // The metrics are of the last minute, and must not be those of an analysis before this one.
    await waitUntil("the last analysis to be a minute ago", 90, async () => {
      const canaries = await Promise.all(services.map((name) => get("canaries.flagger.app", name, `dev-${name}`)));
      const ages = canaries.map((canary) => Date.now() - Date.parse(canary?.status.lastTransitionTime));
      return ages.every((age) => age > 70_000) ? undefined : `they ended ${ages.join(" and ")} ms ago`;
    });
    const before = await Promise.all(services.map(primaryOf));
    const message = await messageOf("api");
    // One whose pods answer 500, or cannot be pulled; one whose answers turn bad under traffic.
    await change("test: an api that fails under load", {
      "envs/dev.yaml": (text) =>
        setIn(
          ["services", "api", "versions", "stable", "release", "config", "PODINFO_UI_MESSAGE"],
          "bad",
        )(setIn(["services", "api", "rollout", "loadTest", "path"], "/status/503")(text)),
    });
    await must("release", "shop", "--env", "dev", "--tag", "erroring", "--push");
    await refresh();
    const watched = services.map(watchCanaryWeights);
    await waitFor("failed", async () => void (await askOften()));
    expect(watched.map((weights) => [...weights])).toEqual([[0], [0, 20]]);

    const after = await Promise.all(services.map(primaryOf));
    expect(after.map(templateOf)).toEqual(before.map(templateOf));
    expect(await messageOf("api")).toBe(message);
    for (const service of services) expect(await canaryWeight(service)).toBe(0);
    const { stdout } = await slipway("status", "--context", live().context, "--env", "dev");
    for (const service of services) expect(stdout).toMatch(new RegExp(`rollout of ${service}: failed: .*fail`, "i"));
    expect(await git("status", "--porcelain")).toBe("");

    await must("rollback", ...services, "--env", "dev", "--release", "--push");
    await settled();
    await waitFor("serving");
  });
});

/** What 20 requests at the gateway get. Without an answer in time, the machine is busy; any other is a good one. */
async function askOften(): Promise<string[]> {
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask("dev", {}, host)));
  const given = answers.filter((answer) => answer.status !== 0);
  expect(given.map((answer) => answer.status)).toEqual(given.map(() => 200));
  return given.map(({ text }) => text);
}

const promote = () =>
  slipway("promote", "api", "--from", "dev", "--to", "staging", "--context", live().context, "--dry-run");

const templateOf = ({ spec }: LiveObject) => spec.template;
