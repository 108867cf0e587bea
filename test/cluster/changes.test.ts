/** What the API server does with changes, and what the review says of them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { $ } from "zx/core";
import { diffFiles } from "../../scripts/lib/diff/diff.ts";
import { readInputs } from "../../scripts/lib/inputs.ts";
import { readPlatform } from "../../scripts/lib/render.ts";
import { edit, type Inputs } from "../review.ts";
import { filesOf, repository } from "../support.ts";
import { deleteNamespaces, eventually } from "./cluster.ts";

const namespace = "slipway-changes";
const base = readInputs(`${repository}/test/fixtures/invalid/base`);
const flags = ["apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller"];

/** Applies as Argo CD does. */
const apply = (text: string, ...more: readonly string[]) =>
  // Text that opens with a brace would be read as JSON.
  $({ input: `# YAML\n${text}`, nothrow: true, quiet: true })`kubectl ${flags} ${more} -f -`;
const read = async (what: string, path: string) =>
  (await $({ quiet: true })`kubectl get ${what} -n ${namespace} -o jsonpath=${path}`).stdout;

beforeAll(async () => {
  await apply(`{ apiVersion: v1, kind: Namespace, metadata: { name: ${namespace} } }`);
});
afterAll(async () => {
  await deleteNamespaces([namespace]);
  await $({ quiet: true })`kubectl delete storageclass,pv -l slipway-test=changes --ignore-not-found`;
});

/** A rendered file of the base, moved to the namespace of this test. */
function rendered(inputs: Inputs, name: string): string {
  const text = filesOf(readPlatform(inputs)).get(`envs/dev/${name}.yaml`) ?? "";
  return text.replace(/^( {2}namespace: ).*$/m, `$1${namespace}`);
}

test("a version that gets an autoscaler never has fewer pods than its minimum", async () => {
  const of = (text: string) =>
    rendered(
      edit(base, "envs/dev.yaml", ["        weight: 80\n", `        weight: 80\n        ${text}\n`]),
      "backend/deployment-backend-stable",
    );
  const replicas = () => read("deployment/backend-stable", "{.spec.replicas}");
  await apply(of("replicas: 10"));
  expect(await replicas()).toBe("10");
  // Argo CD keeps 10 where its Application was synced before; without that, this is what it applies.
  await apply(of("autoscaling: { min: 4, max: 12 }"));
  expect(await replicas()).toBe("4");
});

test("a volume grows by one commit, and the StatefulSet stays as it is", async () => {
  const meta = (name: string) => `metadata: { name: ${name}, labels: { slipway-test: changes } }`;
  await apply(`{ apiVersion: storage.k8s.io/v1, kind: StorageClass, ${meta("slipway-grows")}, provisioner: kubernetes.io/no-provisioner, allowVolumeExpansion: true }
---
{ apiVersion: v1, kind: PersistentVolume, ${meta("slipway-changes")}, spec: { storageClassName: slipway-grows, capacity: { storage: 5Gi }, accessModes: [ReadWriteOnce], hostPath: { path: /tmp/slipway-changes } } }`);
  const sized = (size: string) =>
    edit(base, "envs/dev.yaml", [
      "size: 1Gi, path: /var/lib/mysql",
      `size: ${size}, path: /var/lib/mysql, class: slipway-grows`,
    ]);
  const claim = (size: string) => rendered(sized(size), "database/persistent-volume-claim-data-database-0");
  await apply(claim("1Gi"));
  await eventually(
    "the claim to be bound",
    async () => (await read("pvc/data-database-0", "{.status.phase}")) === "Bound",
  );
  expect((await apply(claim("2Gi"))).exitCode).toBe(0);
  expect(await read("pvc/data-database-0", "{.spec.resources.requests.storage}")).toBe("2Gi");
  expect((await apply(claim("1Gi"), "--dry-run=server")).stderr).toContain("Forbidden");
  expect((await apply(claim("3Gi").replace("slipway-grows", "other"), "--dry-run=server")).stderr).toContain(
    "immutable",
  );
  expect(rendered(sized("2Gi"), "database/stateful-set-database")).toBe(
    rendered(sized("1Gi"), "database/stateful-set-database"),
  );
});

describe("is refused, as the review says", () => {
  const pod = (image: string) =>
    `metadata: { labels: { app: one } }, spec: { restartPolicy: RESTART, containers: [{ name: one, image: ${image} }] }`;
  const workload = (kind: string, more: string) =>
    `{ apiVersion: apps/v1, kind: ${kind}, metadata: { name: one, namespace: ${namespace} }, spec: { replicas: 0, template: { ${pod("a").replace("RESTART", "Always")} }, ${more} } }`;
  const job = (image: string) =>
    `{ apiVersion: batch/v1, kind: Job, metadata: { name: one, namespace: ${namespace} }, spec: { suspend: false, parallelism: 0, template: { ${pod(image).replace("RESTART", "Never")} } } }`;
  const plain = (kind: string, more: string, apiVersion = "v1") =>
    `{ apiVersion: ${apiVersion}, kind: ${kind}, metadata: { name: one, namespace: ${namespace} }, ${more} }`;
  const selector = (value: string) => `selector: { matchLabels: ${value} }`;
  const rbac = "rbac.authorization.k8s.io/v1";
  const role = (name: string) => `roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: ${name} }`;

  test.each([
    [
      "Deployment",
      workload("Deployment", selector("{ app: one }")),
      workload("Deployment", selector("{ app: one, b: c }")),
    ],
    [
      "StatefulSet",
      workload("StatefulSet", `serviceName: a, ${selector("{ app: one }")}`),
      workload("StatefulSet", `serviceName: b, ${selector("{ app: one }")}`),
    ],
    ["Job", job("a"), job("b")],
    [
      "Service",
      plain("Service", "spec: { clusterIP: None, ports: [{ port: 80 }] }"),
      plain("Service", "spec: { clusterIP: 10.96.77.77, ports: [{ port: 80 }] }"),
    ],
    ["RoleBinding", plain("RoleBinding", role("a"), rbac), plain("RoleBinding", role("b"), rbac)],
    [
      "ConfigMap",
      plain("ConfigMap", "immutable: true, data: { a: b }"),
      plain("ConfigMap", "immutable: true, data: { a: c }"),
    ],
  ])("%s", async (_, before, after) => {
    const made = await apply(before);
    expect([made.exitCode, made.stderr]).toEqual([0, ""]);
    expect((await apply(after, "--dry-run=server")).exitCode).toBe(1);
    const pairs = [{ path: "envs/dev/extra/one.yaml", before, after }];
    const [group] = diffFiles(pairs, { unchanged: () => undefined, clusters: new Map([["test", ["dev"]]]) });
    expect(group?.applications[0]?.objects[0]?.effects).toContain("is refused");
  });
});
