/** The API server refuses to one environment what is another's, and takes everything that is rendered. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { $ } from "zx/core";
import { applications, automatedProd, traffic } from "../attacks.ts";
import { objectsOf, platformFolders, platformIn } from "../support.ts";
import { eventually } from "./cluster.ts";

const platform = platformIn(platformFolders["3rvision"] ?? "");
const rendered = objectsOf(platform).map(({ folder, object }) => ({
  folder,
  object: JSON.parse(JSON.stringify(object)),
}));
const ofKind = (pattern: RegExp) => rendered.map(({ object }) => object).filter(({ kind }) => pattern.test(kind));
const policies = ofKind(/^ValidatingAdmissionPolicy/);

const all = (items: readonly object[]) => JSON.stringify({ apiVersion: "v1", kind: "List", items });

/** What the API server says to an object that would be made. */
async function answer(object: object): Promise<string> {
  const flags = ["--server-side", "--force-conflicts", "--dry-run=server", "--field-manager=slipway-test"];
  const { stdout, stderr } = await $({ input: JSON.stringify(object), nothrow: true })`kubectl apply ${flags} -f -`;
  return stdout + stderr;
}

beforeAll(async () => {
  await $({ input: all(ofKind(/^Namespace$/)) })`kubectl apply --server-side --force-conflicts -f -`;
  await $({ input: all(policies) })`kubectl apply --server-side -f -`;
  // The API server learns of policies a moment after it has them.
  const [route] = traffic["a VirtualService for every host"] ?? [{}];
  for (const object of [route, automatedProd[0]])
    await eventually("the policies to hold", async () => (await answer(object)).includes("denied request"));
});

afterAll(async () => {
  await $({ input: all(policies) })`kubectl delete --ignore-not-found -f -`;
});

test("nothing about the policies is wrong in the eyes of the API server", async () => {
  const { stdout } = await $`kubectl get validatingadmissionpolicies -o json`;
  const own = (JSON.parse(stdout).items as { metadata: { name: string }; status?: { typeChecking?: object } }[]).filter(
    ({ metadata }) => metadata.name.startsWith("slipway-"),
  );
  expect(own.length).toBeGreaterThan(5);
  for (const { metadata, status } of own) expect(status?.typeChecking ?? {}, metadata.name).toEqual({});
});

test("everything that is rendered is taken, Applications with the tracking id that Argo CD gives them", async () => {
  for (const { folder, object } of rendered.filter((one) => /^(envs|argo-apps)\//.test(one.folder))) {
    const { metadata } = object;
    const id = `${folder.split("/")[2]}:argoproj.io/Application:argocd/${metadata.name}`;
    const annotations = { ...metadata.annotations, "argocd.argoproj.io/tracking-id": id };
    const said = await answer(
      object.kind === "Application" ? { ...object, metadata: { ...metadata, annotations } } : object,
    );
    expect(said.trim()).toMatch(/serverside-applied \(server dry run\)$/);
  }
});

describe("an Application that no other one has made", () => {
  const controller = ["--as=system:serviceaccount:argocd:argocd-application-controller", "--as-group=system:masters"];
  const remove = async (name: string, ...flags: string[]) => {
    const { stdout, stderr } = await $({
      nothrow: true,
    })`kubectl delete application ${name} -n argocd --wait=false --dry-run=server ${flags}`;
    return (stdout + stderr).trim();
  };

  test("root is deleted by nobody by mistake, a forced replacement included", async () => {
    const root = ofKind(/^Application$/).find(({ metadata }) => metadata.name === "root");
    await $({ input: JSON.stringify(root) })`kubectl apply --server-side --force-conflicts -f -`;
    expect(await remove("root")).toMatch(/denied request: Everything follows from root/);
    expect(await remove("root", ...controller)).toMatch(/denied request: Everything follows from root/);
    // What a forced replacement sends.
    const { exitCode } = await $({
      input: JSON.stringify(root),
      nothrow: true,
    })`kubectl replace --force --grace-period=0 -f -`;
    expect(exitCode).not.toBe(0);
    const { stdout } = await $`kubectl get application root -n argocd -o json`;
    const command = /kubectl (annotate .*=true)/.exec(await remove("root"))?.[1]?.split(" ") ?? [];
    expect(JSON.parse(stdout).metadata.deletionTimestamp).toBeUndefined();
    await $`kubectl ${command}`;
    expect(await remove("root")).toMatch(/ deleted /);
    await $`kubectl delete application root -n argocd --cascade=orphan`;
  });

  test("another team's is deleted by a person, and by no sync", async () => {
    const other = applications["one named root"]?.[0];
    const metadata = { name: "billing", namespace: "argocd" };
    await $({ input: JSON.stringify({ ...other, metadata }) })`kubectl apply --server-side -f -`;
    expect(await remove("billing", ...controller)).toMatch(/denied request: A sync must not delete/);
    expect(await remove("billing")).toMatch(/ deleted /);
    await $`kubectl delete application billing -n argocd`;
  });

  test("a child that Git has no more is deleted by a sync", async () => {
    const child = ofKind(/^Application$/).find(({ metadata }) => metadata.name === "dev-frontend");
    const annotations = { "argocd.argoproj.io/tracking-id": "dev:argoproj.io/Application:argocd/dev-gone" };
    const metadata = { name: "dev-gone", namespace: "argocd", annotations };
    await $({ input: JSON.stringify({ ...child, metadata }) })`kubectl apply --server-side -f -`;
    expect(await remove("dev-gone", ...controller)).toMatch(/ deleted /);
    await $`kubectl delete application dev-gone -n argocd`;
  });
});

describe.each([
  ["in a namespace of dev", traffic],
  ["as an Application of the parent dev", applications],
  ["as an Application of prod", { "one that syncs by itself": automatedProd }],
])("%s", (_where, attacks) => {
  test.each(Object.entries(attacks))("%s is refused", async (_what, [object, refusal]) => {
    expect(await answer(object)).toMatch(new RegExp(`denied request: .*${refusal}`));
  });
});
