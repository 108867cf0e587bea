/** The API server and istioctl on every object of every platform. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { describe, expect, test } from "vitest";
import { $ } from "zx/core";
import { platformFolders, shippedFolder } from "../support.ts";
import { analyze, apply, dryRun, makeProvidedNamespaces, manifests, renderCopy } from "./cluster.ts";

describe.each(Object.entries(platformFolders))("%s", (_name, folder) => {
  test("every object is accepted, strictly and without a warning", async () => {
    const tree = renderCopy(folder);
    const files = manifests(tree);
    // A namespaced object is only looked at where its namespace is there.
    await makeProvidedNamespaces();
    await apply(
      tree,
      files.filter((file) => /\/namespace-[^/]*$/.test(file)),
    );
    const { exitCode, stdout, stderr } = await dryRun(tree, files);
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(files.length);
    expect(
      stdout
        .trim()
        .split("\n")
        .filter((line) => !line.endsWith("serverside-applied (server dry run)")),
    ).toEqual([]);
  });

  test("istioctl has nothing to say about the files", async () => {
    const tree = renderCopy(folder);
    const folders = manifests(tree).filter((file) => file.startsWith("envs/") || file.includes("/mesh/"));
    expect(await analyze({ tree, folders })).toEqual([]);
  });
});

test("Argo CD's kustomization fits a release: names without namespaces, the settings merged into its own", async () => {
  const tree = join(renderCopy(shippedFolder), "clusters/local/argocd");
  const file = join(tree, "kustomization.yaml");
  const url = /https:\/\/\S+\/v3\.\d+\.\d+\/manifests\/install\.yaml/;
  expect(readFileSync(file, "utf8")).toMatch(url);
  writeFileSync(file, readFileSync(file, "utf8").replace(url, "install.yaml"));
  const names = ["argocd-cm", "argocd-cmd-params-cm", "argocd-rbac-cm"];
  const release = [
    ...names.map((name) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name },
      data: { "of.the.release": "yes" },
    })),
    { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "argocd-server" }, spec: { template: {} } },
    {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "argocd-application-controller" },
      spec: { template: {} },
    },
  ];
  writeFileSync(join(tree, "install.yaml"), release.map((object) => JSON.stringify(object)).join("\n---\n"));
  const objects = loadAll((await $`kubectl kustomize ${tree}`).stdout) as any[];
  const named = (name: string) => objects.find(({ metadata }) => metadata.name === name);
  for (const name of names) {
    expect(named(name).metadata.namespace).toBe("argocd");
    expect(named(name).data["of.the.release"]).toBe("yes");
    expect(Object.keys(named(name).data).length).toBeGreaterThan(1);
  }
  for (const name of ["argocd-server", "argocd-application-controller"]) {
    expect(named(name).spec.template.metadata.annotations).toHaveProperty(["slipway.dev/config-checksum"]);
  }
});

describe("the checks themselves find", () => {
  const spoil = (tree: string, file: string, from: string, to: string) => {
    const text = readFileSync(join(tree, file), "utf8");
    expect(text).toContain(from);
    writeFileSync(join(tree, file), text.replaceAll(from, to));
  };

  test("a field that does not exist", async () => {
    const tree = renderCopy(shippedFolder);
    const file = "envs/prod/backend/deployment-backend-stable.yaml";
    spoil(tree, file, "replicas: 2", "replica: 2");
    await apply(tree, ["envs/prod/namespaces/prod-backend/namespace-prod-backend.yaml"]);
    expect((await dryRun(tree, [file])).stderr).toContain(".spec.replica");
  });

  test("a route to a host that does not exist", async () => {
    const tree = renderCopy(shippedFolder);
    spoil(tree, "envs/prod/routes/virtual-service-backend.yaml", "host: backend.", "host: bakend.");
    const folders = manifests(tree).filter((file) => file.startsWith("envs/prod"));
    expect((await analyze({ tree, folders })).join()).toContain("bakend.prod-backend.svc.cluster.local");
  });
});
