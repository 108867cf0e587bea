/** What Argo CD does with the platform by itself, and what it leaves to people. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, inject, test } from "vitest";
import { readApplications } from "../../scripts/lib/applications.ts";
import { find, kubectl, list, waitUntil } from "../../scripts/lib/cluster.ts";
import {
  application,
  baseline,
  change,
  clone,
  confirmDeletion,
  deleteIn,
  get,
  live,
  pressSync,
  push,
  refresh,
  setIn,
  settled,
  slipway,
} from "./world.ts";

beforeEach(baseline);

test("dev and staging were made wave by wave", async () => {
  const objects = await list(live(), "applications.argoproj.io", "argocd");
  const waves = await readApplications(live());
  for (const environment of ["dev", "staging"]) {
    const own = waves.filter(({ project }) => project === environment);
    const born = (name: string) => {
      const made = objects.find(({ metadata }) => metadata?.name === name)?.metadata as { creationTimestamp?: string };
      return Date.parse(made.creationTimestamp ?? "");
    };
    expect(own.length).toBeGreaterThan(3);
    for (const { name, wave } of own) {
      const synced = Date.parse(inject("e2e").firstSyncs[name] ?? "") || born(name);
      for (const later of own.filter((other) => other.wave > wave))
        expect(born(later.name), `${later.name} after ${name} was synced`).toBeGreaterThanOrEqual(synced);
    }
  }
});

test("prod waits for a person, who syncs it in the UI", async () => {
  // Nobody may have done so yet: the order of the tests is a different one each time.
  await pressSync("prod");
  await change("test: a timeout in prod", { "envs/prod.yaml": setIn(["services", "frontend", "timeout"], "9s") });
  await settled();
  const { sync } = (await application("prod-routes")) ?? {};
  expect(sync).toBe("OutOfSync");
  await pressSync("prod");
  const route = await get("virtualservices.networking.istio.io", "frontend", "prod-frontend");
  expect(route?.spec.http.at(-1).timeout).toBe("9s");
  const status = await slipway("status", "--context", live().context, "--env", "prod", "--json");
  expect(JSON.parse(status.stdout).environments[0]).toMatchObject({ delivery: "manual", waiting: [], problems: [] });
});

test("a change by hand is undone", async () => {
  const image = async () =>
    (await get("deployments.apps", "backend-stable", "dev-backend"))?.spec.template.spec.containers[0].image;
  const declared = await image();
  await kubectl(live(), [
    "set",
    "image",
    "deployment/backend-stable",
    "-n",
    "dev-backend",
    "backend=example.com/by-hand:1",
  ]);
  await waitUntil("Argo CD to undo it", 120, async () =>
    (await image()) === declared ? undefined : `the image is ${await image()}`,
  );
  await settled();
});

test("a setting that Git drops goes, though bootstrap made it", async () => {
  const key = "controller.sync.timeout.seconds";
  const settings = async () => (await get("configmaps", "argocd-cmd-params-cm", "argocd"))?.data ?? {};
  expect(await settings()).toHaveProperty([key]);
  const file = join(clone(), "clusters/local/argocd/config-map-argocd-cmd-params-cm.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace(new RegExp(`^ +${key}: .*\n`, "m"), ""));
  await push("test: a setting less");
  await refresh();
  await waitUntil("the setting to go", 120, async () => (key in (await settings()) ? "it is there" : undefined));
});

test("a removed service goes, its namespace only when a person confirms", async () => {
  const service = {
    versions: {
      stable: {
        replicas: 1,
        release: {
          image: { repository: "ghcr.io/stefanprodan/podinfo", tag: "6.14.0" },
          ports: { http: { port: 9898 } },
          command: ["./podinfo", "--port=9898"],
          probes: { readiness: { http: "/readyz" } },
        },
      },
    },
  };
  await change("test: one service more", { "envs/dev.yaml": setIn(["services", "extra"], service) });
  await settled();
  expect((await get("deployments.apps", "extra-stable", "dev-extra"))?.status.readyReplicas).toBe(1);

  await change("test: and gone again", { "envs/dev.yaml": deleteIn(["services", "extra"]) });
  await refresh();
  await waitUntil("the service to be pruned", 180, async () =>
    (await get("deployments.apps", "extra-stable", "dev-extra")) || (await application("dev-extra"))
      ? "it is still there"
      : undefined,
  );
  const phase = async () => (await find(live(), "namespaces", "dev-extra", "default"))?.status?.phase;
  expect(await phase()).toBe("Active");

  const status = await slipway("status", "--context", live().context, "--env", "dev");
  expect(status.stdout).toContain("waits for a person to confirm its deletion: Namespace dev-extra (dev-namespaces)");

  await confirmDeletion("dev-namespaces");
  await waitUntil("the namespace to go", 180, async () =>
    (await phase()) === undefined ? undefined : `it is ${await phase()}`,
  );
  await settled();
});

test("a quiet cluster shows no difference for two minutes", async () => {
  const snapshot = async () => {
    const objects = await list(live(), "applications.argoproj.io", "argocd");
    return objects
      .map(({ metadata, status }) => [
        metadata?.name,
        status.sync.status,
        status.health.status,
        status.operationState?.startedAt ?? "",
      ])
      .join("\n");
  };
  const before = await snapshot();
  for (let seconds = 0; seconds < 120; seconds += 5) {
    await new Promise((resolve) => setTimeout(resolve, 5000));
    expect(await snapshot()).toBe(before);
  }
});
