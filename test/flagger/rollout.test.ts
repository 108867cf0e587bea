/** Releases that Flagger rolls out, with real traffic through the gateway and the mesh. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { $ } from "zx";
import { rolloutState } from "../../scripts/lib/canary.ts";
import { planRender } from "../../scripts/lib/render.ts";
import { analyze, apply, deleteNamespaces, eventually, manifests, request } from "../cluster/cluster.ts";

const host = "demo.example.com";
const tree = mkdtempSync(join(tmpdir(), "slipway-flagger-"));
const namespaces = ["demo-shop", "demo-api", "demo-assets", "demo-gateway"];
const minutes = 60_000;

const get = async (kind: string, name: string, namespace: string) =>
  JSON.parse((await $`kubectl get ${kind} ${name} -n ${namespace} -o json`).stdout);

/** Changes the environment as a commit would, and applies what is rendered from it. */
async function commit(...changes: readonly (readonly [from: string, to: string])[]): Promise<void> {
  const file = join(tree, "envs/demo.yaml");
  let text = readFileSync(file, "utf8");
  for (const [from, to] of changes) {
    expect(text).toContain(from);
    text = text.replaceAll(from, to);
  }
  writeFileSync(file, text);
  planRender(tree).write();
  await apply(
    tree,
    manifests(tree).filter((path) => path.startsWith("envs/")),
  );
}

async function state(service: string) {
  const [canary, target, primary] = await Promise.all([
    get("canary", service, `demo-${service}`),
    get("deployment", `${service}-stable`, `demo-${service}`),
    get("deployment", `${service}-stable-primary`, `demo-${service}`).catch(() => undefined),
  ]);
  return rolloutState(canary, target, primary);
}

const reaches = (service: string, wanted: string) => async () => (await state(service)).state === wanted;

/** Weights of a service's VirtualService, as Flagger has set them: primary, canary. */
async function weights(service: string): Promise<[number, number]> {
  const { spec } = await get("virtualservice", service, `demo-${service}`);
  const of = (name: string) =>
    spec.http[0].route.find(({ destination }: any) => destination.host === `${service}-${name}`)?.weight ?? 0;
  return [of("primary"), of("canary")];
}

const image = async (service: string, deployment: string) =>
  (await get("deployment", deployment, `demo-${service}`)).spec.template.spec.containers[0].image as string;

/** What Flagger has said about a service. */
const events = async (service: string) =>
  (
    await $`kubectl get events -n demo-${service} --field-selector involvedObject.kind=Canary -o jsonpath={.items[*].message}`
  ).stdout;

/** Status of a request from one workload to a URL. */
async function call(namespace: string, workload: string, url: string): Promise<string> {
  const { stdout } = await $({
    nothrow: true,
  })`kubectl exec -n ${namespace} ${workload} -- curl -s -m 5 -o /dev/null -w ${"%{http_code}"} ${url}`;
  return stdout.trim();
}

/** A request through the gateway. No answer within curl's limit says that the machine is busy: it is asked again. */
async function ask(path = "/") {
  for (let tries = 0; ; tries++) {
    const answer = await request(host, path);
    if (answer.status !== 0 || tries === 5) return answer;
  }
}

const stranger = (service: string) =>
  call("demo-stranger", "deployment/stranger", `http://${service}.demo-api.svc.cluster.local/`);

beforeAll(async () => {
  cpSync(join(import.meta.dirname, "platform"), tree, { recursive: true });
  planRender(tree).write();
  const files = manifests(tree);
  await apply(
    tree,
    files.filter((file) => /\/namespace-/.test(file)),
  );
  await apply(
    tree,
    files.filter((file) => file.includes("/mesh/")),
  );
  const loadTester = await $({ nothrow: true })`kubectl get deployment flagger-loadtester -n flagger-system`;
  if (loadTester.exitCode !== 0) await $`kubectl apply -f ${join(import.meta.dirname, "load-tester.yaml")}`;
  await $`kubectl rollout status deployment/flagger-loadtester -n flagger-system --timeout=120s`;
  await $`kubectl create namespace demo-stranger`;
  await $`kubectl label namespace demo-stranger istio-injection=enabled`;
  await $`kubectl create deployment stranger -n demo-stranger --image=ghcr.io/stefanprodan/podinfo:6.14.0 --port=9898`;
  await commit();
  for (const service of ["shop", "api"])
    await eventually(`${service} to serve`, reaches(service, "serving"), 2 * minutes);
  await $`kubectl rollout status deployment/stranger -n demo-stranger --timeout=120s`;
});

afterAll(async () => {
  await deleteNamespaces(["demo-stranger", ...namespaces]);
  rmSync(tree, { recursive: true, force: true });
});

test("the primary serves at the gateway and in the mesh, on each port, and to who is declared only", async () => {
  await eventually("the gateway to answer", async () => (await ask()).status === 200);
  expect((await ask()).pod).toMatchObject({ labels: { app: "shop-primary" } });
  expect((await ask("/assets")).pod).toMatchObject({ labels: { app: "assets" } });
  for (const service of ["api", "api-primary"]) {
    expect(await call("demo-shop", "deployment/shop-stable-primary", `http://${service}.demo-api/`), service).toBe(
      "200",
    );
    expect(await stranger(service), service).toBe("403");
  }
  expect(await call("demo-shop", "deployment/shop-stable-primary", "http://api.demo-api:9999/")).toBe("200");
  expect((await get("deployment", "shop-stable", "demo-shop")).spec.replicas).toBe(0);
  expect(await analyze()).toEqual([]);
});

test("a release gets its traffic step by step, and is promoted", async () => {
  await commit([" tag: 6.14.0", " tag: 6.15.0"], ["PODINFO_UI_MESSAGE: one", "PODINFO_UI_MESSAGE: two"]);
  expect((await state("shop")).state).toBe("pending");

  const answers = new Map<string, number>();
  let refused = 0;
  const promoted = async () => {
    const [, weight] = await weights("shop");
    const seen = await Promise.all(Array.from({ length: 20 }, () => ask()));
    expect(seen.map(({ status }) => status)).toEqual(seen.map(() => 200));
    if (weight > 0 && (await weights("shop"))[1] === weight) {
      for (const { pod } of seen) answers.set(pod?.labels.app ?? "", (answers.get(pod?.labels.app ?? "") ?? 0) + 1);
    }
    if ((await weights("api"))[1] > 0) {
      for (const service of ["api", "api-primary", "api-canary"]) expect(await stranger(service), service).toBe("403");
      expect(await call("demo-shop", "deployment/shop-stable-primary", "http://api-canary.demo-api/")).toBe("200");
      refused++;
    }
    return (await reaches("shop", "serving")()) && (await reaches("api", "serving")());
  };
  await eventually("both releases to be promoted", promoted, 4 * minutes);

  for (const service of ["shop", "api"]) {
    const text = await events(service);
    for (const weight of [20, 40]) expect(text).toContain(`Advance ${service}.demo-${service} canary weight ${weight}`);
  }
  expect(refused).toBeGreaterThan(0);
  // With 40 answers at 20 to 40 %: both answer, and the canary less than three quarters, but for one of 5000 runs.
  expect([...answers.keys()].sort()).toEqual(["shop", "shop-primary"]);
  const [canary = 0, primary = 0] = [answers.get("shop"), answers.get("shop-primary")];
  expect(canary / (canary + primary)).toBeLessThan(0.75);
  for (const service of ["shop", "api"])
    expect(await image(service, `${service}-stable-primary`)).toMatch(/:6\.15\.0$/);
  expect((await get("configmap", "api-stable-primary", "demo-api")).data.PODINFO_UI_MESSAGE).toBe("two");
  expect((await ask()).pod?.labels.app).toBe("shop-primary");
});

test("a release that answers 500 is rolled back before it gets any traffic, and the primary is not touched", async () => {
  await eventually("the shop to serve", reaches("shop", "serving"), 4 * minutes);
  const before = await get("deployment", "shop-stable-primary", "demo-shop");
  // The first one is the shop's.
  await commit([
    "tag: 6.15.0 }\n          ports: { http: { port: 9898, servicePort: 80 } }\n          calls",
    "tag: erroring }\n          ports: { http: { port: 9898, servicePort: 80 } }\n          calls",
  ]);
  await eventually(
    "the release to be rolled back",
    async () => {
      const { status } = await ask();
      expect(status).toBe(200);
      expect((await weights("shop"))[1]).toBe(0);
      return reaches("shop", "failed")();
    },
    4 * minutes,
  );
  const after = await get("deployment", "shop-stable-primary", "demo-shop");
  expect(after.metadata.generation).toBe(before.metadata.generation);
  expect(await image("shop", "shop-stable-primary")).toMatch(/:6\.15\.0$/);
  expect(await state("shop")).toMatchObject({ state: "failed", weight: 0, message: expect.stringMatching(/fail/i) });
});

test("a release whose success rate drops under traffic is rolled back by the metric", async () => {
  await eventually("the api to serve", reaches("api", "serving"), 4 * minutes);
  await commit(
    ["loadTest: { path: /version }", "loadTest: { path: /status/503 }"],
    ["PODINFO_UI_MESSAGE: two", "PODINFO_UI_MESSAGE: three"],
  );
  const seen = new Set<number>();
  await eventually(
    "the release to be rolled back",
    async () => {
      seen.add((await weights("api"))[1]);
      return reaches("api", "failed")();
    },
    4 * minutes,
  );
  expect([...seen]).toContain(20);
  expect([...seen]).not.toContain(40);
  expect(await weights("api")).toEqual([100, 0]);
  expect((await get("configmap", "api-stable-primary", "demo-api")).data.PODINFO_UI_MESSAGE).toBe("two");
  expect(await events("api")).toMatch(/advancement success-rate [\d.]+ < 99/);
});
