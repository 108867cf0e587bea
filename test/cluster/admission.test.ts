/** The API server refuses to one environment what is another's, and takes everything that is rendered. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { $ } from "zx";
import { applications, automatedProd, traffic } from "../attacks.ts";
import { objectsOf, platformFolders, platformIn } from "../support.ts";
import { apply, dryRun, eventually, manifests, renderCopy } from "./cluster.ts";

const folder = platformFolders["3rvision"] ?? "";
const tree = renderCopy(folder);
const files = manifests(tree);
const policies = files.filter((file) => file.includes("/validating-admission-policy"));

/** What the API server says to an object that would be made. */
async function answer(object: object): Promise<string> {
  const { stdout, stderr } = await $({
    input: JSON.stringify(object),
    nothrow: true,
  })`kubectl create --dry-run=server -f -`;
  return stdout + stderr;
}

beforeAll(async () => {
  await apply(
    tree,
    files.filter((file) => /\/namespace-[^/]*$/.test(file)),
  );
  await apply(tree, policies);
  const [gateway] = traffic["a Gateway for prod's host"] ?? [{}];
  const [application] = automatedProd;
  // The API server learns of policies a moment after it has them.
  for (const object of [gateway, application])
    await eventually("the policies to hold", async () => (await answer(object)).includes("denied request"));
});

afterAll(async () => {
  await $({ cwd: tree })`kubectl delete ${policies.flatMap((file) => ["-f", file])}`;
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
  const plain = await dryRun(
    tree,
    files.filter((file) => file.startsWith("envs/")),
  );
  expect(plain.stderr).toBe("");
  const tracked = objectsOf(platformIn(folder)).filter(({ object }) => object.kind === "Application");
  for (const { folder, object } of tracked) {
    const { metadata, ...rest } = JSON.parse(JSON.stringify(object));
    const id = `${folder.split("/")[2]}:argoproj.io/Application:argocd/${metadata.name}`;
    const annotations = { ...metadata.annotations, "argocd.argoproj.io/tracking-id": id };
    expect(await answer({ ...rest, metadata: { ...metadata, annotations } })).toContain("created (server dry run)");
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
