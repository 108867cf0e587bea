/** Commits to dev's paths alone, synced by Argo CD: dev takes nothing of prod's, of the platform's or of root's. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { kubectl, type LiveObject, list, waitUntil } from "../../scripts/lib/cluster.ts";
import { applications, traffic } from "../attacks.ts";
import { application, ask, baseline, clone, get, git, live, pressSync, push, refresh } from "./world.ts";

beforeEach(baseline);

/** What dev's project does not have, with what Argo CD says to it. */
const strangers: Readonly<Record<string, readonly [object: object, refusal: string]>> = {
  "a Role": [object("rbac.authorization.k8s.io/v1", "Role"), "not permitted in project"],
  "a right to prod's identity": [
    {
      ...object("rbac.authorization.k8s.io/v1", "RoleBinding", "prod-frontend"),
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "admin" },
      subjects: [{ kind: "ServiceAccount", name: "frontend", namespace: "dev-frontend" }],
    },
    "not permitted in project",
  ],
  "a Secret of prod": [object("v1", "Secret", "prod-frontend"), "not permitted in project"],
  "who may call prod": [
    object("security.istio.io/v1", "AuthorizationPolicy", "prod-backend"),
    "not permitted in project",
  ],
  "whom prod trusts": [
    object("security.istio.io/v1", "PeerAuthentication", "prod-backend"),
    "not permitted in project",
  ],
  "every proxy of the mesh": [
    object("networking.istio.io/v1alpha3", "EnvoyFilter", "istio-system"),
    "not permitted in",
  ],
  "prod's gateway": [
    object("networking.istio.io/v1alpha3", "EnvoyFilter", "istio-ingress"),
    "not permitted in project",
  ],
  "an Ingress": [object("networking.k8s.io/v1", "Ingress"), "not permitted in project"],
  "endpoints of one's own": [object("discovery.k8s.io/v1", "EndpointSlice"), "not permitted in project"],
  "a workload that is none": [object("networking.istio.io/v1", "WorkloadEntry"), "not permitted in project"],
  "a namespace of prod": [object("v1", "Namespace", undefined, "prod-attack"), "not permitted in project"],
  "a project": [object("argoproj.io/v1alpha1", "AppProject", "argocd"), "not permitted in project"],
  "an Application past its parent": [
    object("argoproj.io/v1alpha1", "Application", "argocd"),
    "not permitted in project",
  ],
};

function object(apiVersion: string, kind: string, namespace: string | undefined = "dev-frontend", name = "attack") {
  return { apiVersion, kind, metadata: { name, ...(kind !== "Namespace" && { namespace }) }, spec: {} };
}

function write(path: string, content: object): void {
  const file = join(clone(), path);
  mkdirSync(dirname(file), { recursive: true });
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(content));
}

/** What Argo CD says of a sync: of the whole, and of each object. */
async function saidOf(name: string): Promise<string> {
  const { status } = (await get("applications.argoproj.io", name, "argocd")) ?? {};
  const { message = "", syncResult } = status?.operationState ?? {};
  const conditions = (status?.conditions ?? []) as { message: string }[];
  const objects = (syncResult?.resources ?? []) as { message?: string }[];
  return [message, ...[...conditions, ...objects].map((one) => one.message ?? "")].join("\n");
}

const template = async (name: string, folder: string) => {
  const { spec } = (await get("applications.argoproj.io", "dev-frontend", "argocd")) as LiveObject;
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name, namespace: "argocd", annotations: { "argocd.argoproj.io/sync-wave": "-1" } },
    // Without retries its parent does not wait for it, and follows the next commit.
    spec: {
      ...spec,
      source: { ...spec.source, path: folder },
      syncPolicy: { ...spec.syncPolicy, retry: { limit: 0 } },
    },
  };
};

/** Everything of prod that counts, and root: what it is and since when. */
async function belongings(): Promise<string> {
  const kinds = [
    "gateways.networking.istio.io",
    "virtualservices.networking.istio.io",
    "destinationrules.networking.istio.io",
  ];
  const objects = [
    ...(await Promise.all(kinds.map((kind) => list(live(), kind)))).flat(),
    ...(await list(live(), "authorizationpolicies.security.istio.io")),
    ...(await list(live(), "rolebindings.rbac.authorization.k8s.io")),
    ...(await list(live(), "appprojects.argoproj.io")),
    ...(await list(live(), "applications.argoproj.io")),
  ].filter(({ metadata }) => /^(prod-|istio-|argocd)/.test(metadata?.namespace ?? ""));
  const facts = objects
    .filter(({ metadata }) => !/^dev(-|$)/.test(metadata?.name ?? ""))
    .map(({ kind, metadata, spec }) => [kind, metadata?.namespace, metadata?.name, (metadata as any).uid, spec]);
  return JSON.stringify(facts, null, 1);
}

/** Which version of prod answers; whatever else would say it in its place. */
async function answersOfProd(): Promise<string[]> {
  const seen = new Set<string>();
  for (let asked = 0; asked < 60; asked++) {
    const { status, text } = await ask("prod");
    seen.add(status === 200 ? (/frontend-(stable|canary)-/.exec(text)?.[1] ?? text.slice(0, 80)) : String(status));
  }
  return [...seen].sort();
}

test("manifests of dev: prod's hosts, callers, gateway, identity and Secrets stay prod's", async () => {
  await pressSync("prod");
  const before = [await answersOfProd(), await belongings()];
  expect(before[0]).toEqual(["canary", "stable"]);
  const attacks = Object.entries({ ...traffic, ...strangers }).map(
    ([what, [content, refusal]], index) => ({ what, content, refusal, name: `dev-attack-${index}` }) as const,
  );
  for (const { name, content } of attacks) {
    write(`envs/dev/${name.slice(4)}/attack.yaml`, content);
    write(`argo-apps/local/dev/application-${name}.yaml`, await template(name, `envs/dev/${name.slice(4)}`));
  }
  await push("test: everything that dev may not");
  await refresh();
  for (const { what, refusal, name } of attacks)
    await waitUntil(`${what} to be refused`, 600, async () => {
      const said = await saidOf(name);
      return said.includes(refusal) ? undefined : said || "Argo CD says nothing";
    });
  expect([await answersOfProd(), await belongings()]).toEqual(before);
});

test("Applications of dev: only its own project, folder and names, and nobody else's Application", async () => {
  await pressSync("prod");
  const before = await belongings();
  const refusals = new Map<string, string>();
  for (const [index, [attack, refusal]] of Object.values(applications).entries()) {
    // What belongs to another parent is for the next test.
    if (/^(prod-backend|dev)$/.test(attack.metadata.name)) continue;
    const name = attack.metadata.name === "root" ? "root" : `dev-attack-${index}`;
    const spec = JSON.parse(JSON.stringify(attack.spec).replaceAll(/http:\/\/gitea-http[^"]*/g, await repository()));
    const options = { "argocd.argoproj.io/sync-options": "Replace=true,Force=true" };
    const metadata = { name, namespace: "argocd", ...(name === "root" && { annotations: options }) };
    write(`argo-apps/local/dev/application-attack-${index}.yaml`, { ...attack, metadata, spec });
    if (name !== "root") refusals.set(name, refusal);
  }
  await push("test: Applications that dev may not");
  await refresh();
  await waitUntil("the sync of dev to fail", 240, async () => {
    const said = await saidOf("dev");
    const missing = [...refusals].filter(([, refusal]) => !said.includes(refusal));
    return missing.length === 0 ? undefined : `${missing.join("; ")} not in: ${said}`;
  });
  for (const name of refusals.keys()) expect(await application(name), name).toBeUndefined();
  expect(await belongings()).toBe(before);
});

/** Ways to apply an Application of prod's: as any object, over what is there, and as a hook that deletes it first. */
const ways: Readonly<Record<string, Record<string, string>>> = {
  "prod-backend": {},
  "prod-frontend": { "argocd.argoproj.io/sync-options": "Replace=true,Force=true" },
  "prod-ml": {
    "argocd.argoproj.io/hook": "PreSync",
    "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
  },
};

test("prod's Applications as objects of dev's parent, forced or as hooks: nothing is touched", async () => {
  await pressSync("prod");
  const before = await belongings();
  for (const [name, annotations] of Object.entries(ways)) {
    const taken = await template(name, "envs/dev/frontend");
    write(`argo-apps/local/dev/application-${name}.yaml`, {
      ...taken,
      metadata: { ...taken.metadata, annotations },
    });
  }
  await push("test: Applications of prod's");
  await refresh();
  await waitUntil("the sync of dev to fail", 120, async () => {
    const said = await saidOf("dev");
    const missing = Object.keys(ways).filter((name) => !said.includes(`${name} is part of applications`));
    return missing.length === 0 ? undefined : `nothing about ${missing.join(", ")} in: ${said}`;
  });
  expect(await belongings()).toBe(before);
});

test("what the parent may hold is Applications alone", async () => {
  const project = object("argoproj.io/v1alpha1", "AppProject", "argocd", "prod");
  write("argo-apps/local/dev/app-project-prod.yaml", project);
  await push("test: a project");
  await refresh();
  await waitUntil("the sync of dev to fail", 120, async () => {
    const said = await saidOf("dev");
    return /not permitted in project dev-parent/.test(said) ? undefined : said;
  });
});

test("a commit makes no Application of prod sync by itself", async () => {
  await pressSync("prod");
  const file = "argo-apps/local/prod/application-prod-ml.yaml";
  const text = await git("show", `HEAD:${file}`);
  writeFileSync(join(clone(), file), text.replace("syncPolicy:", "syncPolicy:\n    automated: {}"));
  await push("test: prod by itself");
  await refresh();
  await waitUntil("the parent to wait for a person", 120, async () =>
    (await application("prod"))?.sync === "OutOfSync" ? undefined : "it does not",
  );
  await expect(pressSync("prod")).rejects.toThrow();
  expect(await saidOf("prod")).toMatch(/must not have syncPolicy.automated/);
  expect((await application("prod-ml"))?.automated).toBe(false);
});

/** The repository that the cluster follows. */
async function repository(): Promise<string> {
  return (
    await kubectl(live(), ["get", "application", "root", "-n", "argocd", "-o", "jsonpath={.spec.source.repoURL}"])
  ).trim();
}
