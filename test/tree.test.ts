import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readInputs } from "../scripts/lib/inputs.ts";
import { planRender } from "../scripts/lib/render.ts";
import { listTree } from "../scripts/lib/tree.ts";
import { copyInputs, repository, shippedFolder } from "./support.ts";

const render = (folder: string) => {
  const plan = planRender(folder);
  plan.write();
  return plan;
};
const snapshot = (folder: string) =>
  new Map([...listTree(folder)].sort().map((path) => [path, readFileSync(join(folder, path), "utf8")]));
const edit = (folder: string, file: string, from: string | RegExp, to: string) => {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  expect(text).toMatch(from);
  writeFileSync(path, text.replace(from, to));
};

// A clone's inputs belong to its team, and no content tells whether they are the shipped ones: .ci/run says that they are.
test.runIf(process.env.SLIPWAY_SHIPPED)(
  "the shipped inputs are those of the fixture 3rvision (skipped without SLIPWAY_SHIPPED: the inputs are a team's own)",
  () => {
    expect(readInputs(repository)).toEqual(readInputs(shippedFolder));
  },
);

test("a second render writes nothing, with and without its memory", () => {
  const folder = copyInputs(shippedFolder);
  expect(render(folder).tree.create.length).toBeGreaterThan(200);
  const before = statSync(join(folder, "envs/prod/backend/service-backend.yaml")).mtimeMs;
  expect(render(folder).tree).toEqual({ create: [], change: [], remove: [], foreign: [] });
  rmSync(join(folder, ".slipway"), { recursive: true });
  expect(render(folder).tree).toEqual({ create: [], change: [], remove: [], foreign: [] });
  expect(statSync(join(folder, "envs/prod/backend/service-backend.yaml")).mtimeMs).toBe(before);
});

test("one weight changes the routes of that service and nothing else", () => {
  const folder = copyInputs(shippedFolder);
  render(folder);
  edit(folder, "envs/prod.yaml", /weight: 90(?=[\s\S]*$)/, "weight: 80");
  edit(folder, "envs/prod.yaml", /weight: 10/, "weight: 20");
  expect(render(folder).tree.change.map(({ path }) => path)).toEqual([
    "envs/prod/routes/virtual-service-frontend.yaml",
    "envs/prod/routes/prometheus-rule-frontend.routes.yaml",
    "envs/prod/routes/virtual-service-prod-3rvision-localhost.yaml",
  ]);
});

test("a removed environment takes its files along, and the folders they leave empty", () => {
  const folder = copyInputs(shippedFolder);
  render(folder);
  rmSync(join(folder, "envs/staging.yaml"));
  edit(folder, "clusters/local.yaml", "dev, staging, prod", "dev, prod");
  render(folder);
  expect(existsSync(join(folder, "envs/staging"))).toBe(false);
  expect(existsSync(join(folder, "argo-apps/local/staging"))).toBe(false);
  expect([...listTree(folder)].filter((path) => path.includes("staging"))).toEqual([]);
});

test.each([
  ["changed", (path: string) => writeFileSync(path, `${readFileSync(path, "utf8")}# by hand\n`)],
  ["deleted", (path: string) => rmSync(path)],
  ["emptied", (path: string) => writeFileSync(path, "")],
])("a rendered file that was %s by hand is found by --check and mended by the next render", (_how, spoil) => {
  const folder = copyInputs(shippedFolder);
  render(folder);
  const path = "envs/dev/backend/service-backend.yaml";
  const good = snapshot(folder);
  spoil(join(folder, path));
  const stale = planRender(folder, { compareAll: true }).tree;
  expect([...stale.change, ...stale.create].map((file) => file.path)).toEqual([path]);
  render(folder);
  expect(snapshot(folder)).toEqual(good);
});

describe("files of somebody else", () => {
  test("a manifest among rendered ones is refused, and nothing is written", () => {
    const folder = copyInputs(shippedFolder);
    render(folder);
    writeFileSync(join(folder, "envs/dev/backend/job.yaml"), "kind: Job\n");
    edit(folder, "envs/dev.yaml", "6.15.0", "6.16.0");
    const before = snapshot(folder);
    expect(() => render(folder)).toThrow("envs/dev/backend/job.yaml  was not rendered by slipway");
    expect(snapshot(folder)).toEqual(before);
  });

  test("a file at the place of a rendered one is refused too", () => {
    const folder = copyInputs(shippedFolder);
    mkdirSync(join(folder, "clusters/local"));
    writeFileSync(join(folder, "clusters/local/kind.yaml"), "kind: Cluster\n");
    expect(() => render(folder)).toThrow("clusters/local/kind.yaml  was not rendered by slipway");
    expect(readdirSync(join(folder, "envs"))).toEqual(["dev.yaml", "prod.yaml", "staging.yaml"]);
  });

  test("any other file stays", () => {
    const folder = copyInputs(shippedFolder);
    render(folder);
    writeFileSync(join(folder, "envs/dev/backend/NOTES.md"), "mine\n");
    edit(folder, "envs/dev.yaml", /\n {2}ml:[\s\S]*(?=\ndataStores)/, "\n");
    edit(folder, "envs/dev.yaml", "calls: [ml, database]", "calls: [database]");
    edit(folder, "envs/dev.yaml", "calls: [ml, database]", "calls: [database]");
    render(folder);
    expect(readFileSync(join(folder, "envs/dev/backend/NOTES.md"), "utf8")).toBe("mine\n");
    expect(existsSync(join(folder, "envs/dev/ml"))).toBe(false);
  });
});

/** Each takes a second, most of it to start a process; .ci/run asks for 100. */
const kills = Number(process.env.KILLS ?? 8);

/** SIGKILL for real: the render runs in a process of its own and dies at a random moment, in a tree that changes all over. */
test(`killed at ${kills} random moments, the tree is old, new, or mended by the next render`, {
  timeout: 900_000,
}, async () => {
  const folder = copyInputs(shippedFolder);
  const target = copyInputs(shippedFolder);
  const turn = (where: string, round: number) =>
    ["dev", "staging", "prod"].forEach((name) => {
      edit(where, `envs/${name}.yaml`, /PODINFO_UI_MESSAGE: [\w-]+/g, `PODINFO_UI_MESSAGE: round${round}`);
      edit(where, `envs/${name}.yaml`, /writable: \[.*\]/, `writable: [/tmp, /var/run/mysqld, /round/${round}]`);
    });
  render(folder);
  turn(folder, -1);
  const { span } = await killedRender(folder, Number.POSITIVE_INFINITY);
  let running = 0;
  for (let round = 0; round < kills; round++) {
    turn(folder, round);
    // Half of the rounds start without any tree, so that the many new files are killed as well.
    if (round % 2 === 0)
      for (const path of ["envs/dev", "envs/prod", "argo-apps"])
        rmSync(join(folder, path), { recursive: true, force: true });
    running += Number((await killedRender(folder, Math.random() * span)).killed);
    const texts = [...snapshot(folder)].filter(([path]) => !path.endsWith(".slipway-tmp"));
    for (const [path, text] of texts) expect(text === "" || text.endsWith("\n"), path).toBe(true);
    expect(planRender(folder).tree.foreign).toEqual([]);
  }
  expect(running, "rounds in which the render was still running").toBeGreaterThan(0);
  render(folder);
  turn(target, kills - 1);
  render(target);
  expect(snapshot(folder)).toEqual(snapshot(target));
});

/**
 * Renders in a process of its own, and kills it some milliseconds after it has begun to write.
 *
 * @returns whether it was still running then, and how long it ran after it had begun to write
 */
async function killedRender(folder: string, delay: number): Promise<{ killed: boolean; span: number }> {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, "fixtures/render-child.ts"), folder], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const gone = new Promise<boolean>((resolve) => child.once("exit", (_code, signal) => resolve(signal === "SIGKILL")));
  // The process says when it starts to write; the time of death is counted from there.
  await Promise.race([new Promise((resolve) => child.once("message", resolve)), gone]);
  const start = performance.now();
  if (Number.isFinite(delay)) {
    await new Promise((resolve) => setTimeout(resolve, delay));
    child.kill("SIGKILL");
  }
  return { killed: await gone, span: performance.now() - start };
}
