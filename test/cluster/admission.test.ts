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

describe.each([
  ["in a namespace of dev", traffic],
  ["as an Application of the parent dev", applications],
  ["as an Application of prod", { "one that syncs by itself": automatedProd }],
])("%s", (_where, attacks) => {
  test.each(Object.entries(attacks))("%s is refused", async (_what, [object, refusal]) => {
    expect(await answer(object)).toMatch(new RegExp(`denied request: .*${refusal}`));
  });
});
