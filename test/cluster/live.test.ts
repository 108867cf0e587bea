/** Every platform for real: its pods run with sidecars under Pod Security, and requests go where it says. */
import { afterEach, describe, expect, test } from "vitest";
import { $ } from "zx/core";
import { resolveEnvironment } from "../../generators/model/resolve.ts";
import { platformFolders, platformIn } from "../support.ts";
import {
  analyze,
  apply,
  deleteNamespaces,
  eventually,
  makeSecrets,
  manifests,
  podsReady,
  renderCopy,
  request,
} from "./cluster.ts";

describe.each(Object.keys(platformFolders))("%s", (name) => {
  const folder = platformFolders[name] ?? "";
  const platform = platformIn(folder);
  const environments = platform.environments.map((environment) => resolveEnvironment(environment, platform));
  const namespaces = environments.flatMap((environment) => environment.namespaces);

  afterEach(async () => {
    await deleteNamespaces(namespaces);
  });

  test("pods become Ready, istioctl has nothing to say, the gateway answers as declared", async () => {
    const tree = renderCopy(folder);
    const files = manifests(tree).filter((file) => file.startsWith("envs/") || /\/(mesh|namespaces)\//.test(file));
    // The order of Argo CD's waves: namespaces, then what lives in them.
    await apply(
      tree,
      files.filter((file) => /\/namespace-[^/]*$/.test(file)),
    );
    await makeSecrets(platform);
    await apply(tree, files);
    await podsReady(namespaces);

    const pods = JSON.parse(
      (await $`kubectl get pods -A -l app.kubernetes.io/managed-by=slipway -o json`).stdout,
    ).items;
    expect(pods.length).toBeGreaterThan(0);
    for (const { metadata, spec } of pods) {
      const containers = [...(spec.initContainers ?? []), ...spec.containers].map(
        (container: { name: string }) => container.name,
      );
      expect(containers, metadata.name).toContain("istio-proxy");
      expect(containers, metadata.name).not.toContain("istio-init");
    }
    expect(await analyze()).toEqual([]);

    if (name !== "3rvision") return;
    await splitIsAsDeclared();
    await failingPodIsEjected();
  });
});

/** Prod of the shipped platform: 90 to stable and 10 to canary; with the header all to canary. */
async function splitIsAsDeclared(): Promise<void> {
  const host = "prod.3rvision.localhost";
  await eventually("the gateway to answer", async () => (await request(host)).status === 200);
  const versions: Record<string, number> = { stable: 0, canary: 0 };
  for (let sent = 0; sent < 500; sent++) {
    const version = (await request(host)).pod?.labels.version ?? "none";
    versions[version] = (versions[version] ?? 0) + 1;
  }
  // Binomial with p = 0.1 and n = 500: outside of 22…84 in less than one of 100,000 runs.
  expect(Object.keys(versions)).toEqual(["stable", "canary"]);
  expect(versions.canary).toBeGreaterThanOrEqual(22);
  expect(versions.canary).toBeLessThanOrEqual(84);
  for (let sent = 0; sent < 50; sent++) {
    expect((await request(host, "/", { "x-canary": "true" })).pod?.labels.version).toBe("canary");
  }
}

/** The only pod of prod's canary, after three errors in a row: the gateway sends it nothing more, for half a minute. */
async function failingPodIsEjected(): Promise<void> {
  const host = "prod.3rvision.localhost";
  const canary = { "x-canary": "true" };
  await eventually("the canary to be ejected", async () => {
    const { status, text } = await request(host, "/status/500", canary);
    return status === 503 && text === "no healthy upstream";
  });
  expect((await request(host)).pod?.labels.version).toBe("stable");
  await eventually("the canary to be back", async () => (await request(host, "/", canary)).status === 200);
}
