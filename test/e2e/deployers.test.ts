/** What the deployers of prod may do in Argo CD, and what they may not. */
import { beforeEach, describe, expect, test } from "vitest";
import { find, kubectl, waitUntil } from "../../scripts/lib/cluster.ts";
import {
  application,
  baseline,
  change,
  deleteIn,
  get,
  git,
  live,
  pressSync,
  refresh,
  setIn,
  settled,
} from "./world.ts";

const { E2E_ARGOCD: server = "", E2E_DEPLOYER: token = "" } = process.env;

/** A request to Argo CD's API as a member of the group. */
async function request(method: string, path: string, body?: object): Promise<{ status: number; text: string }> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${server}/api/v1/${path}`, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, text: await answer.text() };
}

const ask = async (...args: Parameters<typeof request>): Promise<number> => (await request(...args)).status;

const allowed = 200;
const forbidden = 403;
const sync = (name: string, options: object = {}) => ask("POST", `applications/${name}/sync`, { name, ...options });
const patch = (name: string, spec: object) =>
  ask("PATCH", `applications/${name}`, { name, patchType: "merge", patch: JSON.stringify({ spec }) });

async function act(parent: string, name: string, action: string): Promise<number> {
  const resource = {
    namespace: "argocd",
    resourceName: name,
    group: "argoproj.io",
    version: "v1alpha1",
    kind: "Application",
  };
  return ask("POST", `applications/${parent}/resource/actions/v2`, { name: parent, ...resource, action });
}

/** Syncs as a deployer, and waits for the end. */
async function syncAndWait(name: string): Promise<void> {
  const head = await git("rev-parse", "HEAD");
  await refresh();
  await waitUntil(`${name} to be compared with HEAD`, 120, async () =>
    (await application(name))?.revision === head ? undefined : "it is not",
  );
  expect(await sync(name, { prune: true }), name).toBe(allowed);
  await waitUntil(`${name} to be Synced`, 180, async () => {
    const state = await application(name);
    return state?.sync === "Synced" || (state?.unconfirmed.length ?? 0) > 0 ? undefined : (state?.message ?? "missing");
  });
}

describe.skipIf(!server || !token)("a member of prod-deployers", () => {
  beforeEach(async () => {
    await baseline();
    await change("test: deployers", { "envs/prod.yaml": setIn(["delivery", "deployers"], ["prod-deployers"]) });
    await settled();
    await pressSync("prod");
    // As an Argo CD that slipway has installed.
    const key = "application.sync.requireOverridePrivilegeForRevisionSync";
    await kubectl(live(), [
      "patch",
      "configmap",
      "argocd-cm",
      "-n",
      "argocd",
      "--type",
      "merge",
      "-p",
      JSON.stringify({ data: { [key]: "true" } }),
    ]);
    await waitUntil("Argo CD to know the role", 60, async () => {
      const status = await sync("prod-ml");
      return status === allowed ? undefined : `HTTP ${status}`;
    });
  });

  test("syncs prod and its parent, and nothing of others", async () => {
    expect(await sync("prod")).toBe(allowed);
    for (const name of ["dev", "dev-frontend", "staging-frontend", "platform", "root"])
      expect(await sync(name), name).toBe(forbidden);
  });

  test("changes no Application: not its source, its project, or who syncs it", async () => {
    const before = JSON.stringify((await get("applications.argoproj.io", "prod-backend", "argocd"))?.spec);
    expect(await patch("prod-backend", { source: { path: "envs/dev/backend" } })).toBe(forbidden);
    expect(await patch("prod-backend", { source: { targetRevision: "unreviewed" } })).toBe(forbidden);
    expect(await patch("prod-backend", { project: "platform" })).toBe(forbidden);
    expect(await patch("prod-backend", { syncPolicy: { automated: {} } })).toBe(forbidden);
    expect(await act("prod", "prod-backend", "toggle-auto-sync")).toBe(forbidden);
    expect(await ask("DELETE", "applications/prod-backend?cascade=true")).toBe(forbidden);
    expect(JSON.stringify((await get("applications.argoproj.io", "prod-backend", "argocd"))?.spec)).toBe(before);
  });

  test("syncs what is reviewed: no other revision, no files of one's own; and enters no pod", async () => {
    expect(await sync("prod-backend", { revision: await git("rev-parse", "HEAD~1") })).toBe(forbidden);
    expect(await sync("prod-backend", { manifests: ["{}"] })).toBe(forbidden);
    expect(await request("GET", "account/can-i/exec/create/prod/prod-backend")).toMatchObject({
      text: '{"value":"no"}',
    });
  });

  test("takes a service out of prod as the README says, and confirms it", async () => {
    const release = {
      image: { repository: "ghcr.io/stefanprodan/podinfo", tag: "6.14.0" },
      ports: { http: { port: 9898 } },
      command: ["./podinfo", "--port=9898"],
    };
    const service = { versions: { stable: { replicas: 1, release } } };
    await change("test: one service more", { "envs/prod.yaml": setIn(["services", "extra"], service) });
    for (const name of ["prod", "prod-namespaces", "prod-extra", "prod-routes"]) await syncAndWait(name);
    expect(await find(live(), "deployments.apps", "extra-stable", "prod-extra")).toBeDefined();

    await change("test: and gone again", { "envs/prod.yaml": deleteIn(["services", "extra"]) });
    for (const name of ["prod-routes", "prod"]) await syncAndWait(name);
    await waitUntil("its Application to go with all it has", 120, async () =>
      (await application("prod-extra")) || (await find(live(), "deployments.apps", "extra-stable", "prod-extra"))
        ? "it is there"
        : undefined,
    );
    await syncAndWait("prod-namespaces");
    const phase = async () => (await find(live(), "namespaces", "prod-extra", "default"))?.status?.phase;
    expect(await phase()).toBe("Active");
    expect(await act("prod", "prod-namespaces", "confirm-deletion")).toBe(allowed);
    await waitUntil("the namespace to go", 180, async () => (await phase()) && `it is ${await phase()}`);
  });
});
