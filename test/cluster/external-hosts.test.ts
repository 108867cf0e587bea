/**
 * Two databases outside of the mesh, on one port and at private addresses. They are pods of another namespace here, known by
 * names that every cluster's DNS has: `db-a.slipway-outside` is found through the search domains of a pod.
 *
 * The mesh must capture DNS, as clusters/local/istiod/values.yaml lets it. NETWORK_POLICIES=1 says that the cluster enforces
 * NetworkPolicies; without it, only the proxies are looked at.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { $ } from "zx/core";
import { temporaryFolder } from "../support.ts";
import { apply, deleteNamespaces, eventually, manifests, podsReady, renderCopy } from "./cluster.ts";

const outside = "slipway-outside";
const namespaces = ["calls-app", "calls-gateway"];
const databases = ["db-a", "db-b"] as const;
const image = "ghcr.io/stefanprodan/podinfo:6.14.0";

/** A server that says in every answer which pod it is. */
function database(name: string): object[] {
  const labels = { app: name };
  const metadata = { name, namespace: outside };
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [{ name, image, command: ["./podinfo", "--port=3306"], ports: [{ containerPort: 3306 }] }],
          },
        },
      },
    },
    // Headless: its name is the pod's address, as that of a database outside is the database's.
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { clusterIP: "None", selector: labels, ports: [{ port: 3306 }] },
    },
  ];
}

/** Renders and applies a platform whose one service calls the databases. @param ranges where they are, if that is stated */
async function applyPlatform(ranges: readonly string[]): Promise<void> {
  const inputs = temporaryFolder();
  const network = ranges.length > 0 ? `network: { hosts: { "*.${outside}": [${ranges}] } }\n` : "";
  const texts = {
    "clusters/test.yaml": `name: test
environments: [calls]
repository: { url: https://example.com/platform.git }
provider: { type: existing }
${network}platform: { argocd: { version: v3.5.7, provided: true }, istio: { version: 1.30.4, provided: true, dnsCapture: true } }
`,
    "envs/calls.yaml": `name: calls
cluster: test
services:
  app:
    versions:
      v1:
        release:
          image: { repository: ghcr.io/stefanprodan/podinfo, tag: 6.14.0 }
          ports: { http: { port: 9898 } }
          probes: { readiness: { http: /readyz } }
          calls: [${databases.map((name) => `"${name}.${outside}:3306"`)}]
`,
  };
  for (const [file, text] of Object.entries(texts)) {
    mkdirSync(join(inputs, file, ".."), { recursive: true });
    writeFileSync(join(inputs, file), text);
  }
  const tree = renderCopy(inputs);
  const files = manifests(tree).filter((file) => file.startsWith("envs/"));
  const first = files.filter((file) => /\/namespace-[^/]*$/.test(file));
  await apply(tree, first);
  await apply(tree, files);
}

/** What the application gets from a database that it asks by its name: the name of the pod, or nothing. */
async function ask(name: string): Promise<string> {
  const url = `http://${name}.${outside}:3306/`;
  const { stdout } = await $({ nothrow: true })`kubectl exec -n calls-app deploy/app-v1 -c app -- curl -s -m 3 ${url}`;
  return databases.find((database) => stdout.includes(`"${database}-`)) ?? "";
}

const answers = async () => Promise.all(databases.map(ask));

/**
 * Waits until both answer, three times in a row: while policies and proxies take over a change, one call may still be dropped
 * after another has come through. @throws at once where a database answers to the other's name
 */
async function bothAnswer(): Promise<void> {
  let inRow = 0;
  await eventually("both databases to answer", async () => {
    const got = await answers();
    for (const [index, answer] of got.entries()) if (answer !== "") expect(answer).toBe(databases[index]);
    inRow = got.includes("") ? 0 : inRow + 1;
    return inRow >= 3;
  });
}

describe("two TCP hosts on one port", () => {
  let ranges: string[] = [];

  beforeAll(async () => {
    await deleteNamespaces([outside, ...namespaces]);
    await $`kubectl create namespace ${outside}`;
    const objects = { apiVersion: "v1", kind: "List", items: databases.flatMap(database) };
    await $({ input: JSON.stringify(objects) })`kubectl apply -f -`;
    await podsReady([outside]);
    const { stdout } = await $`kubectl get pods -n ${outside} -o jsonpath={.items[*].status.podIP}`;
    ranges = stdout.split(" ").map((address) => `${address}/${address.includes(":") ? 128 : 32}`);
  });
  afterAll(() => deleteNamespaces([outside, ...namespaces]));

  test("each is reached by its own name where their addresses are stated", async () => {
    await applyPlatform(ranges);
    await podsReady(["calls-app"]);
    await bothAnswer();
    for (let round = 0; round < 10; round++) expect(await answers()).toEqual([...databases]);
  });

  test.runIf(process.env.NETWORK_POLICIES)("none is reached where they are not, until they are stated", async () => {
    await applyPlatform([]);
    await eventually("the policy to drop", async () => (await answers()).every((answer) => answer === ""));
    expect(await answers()).toEqual(["", ""]);
    await applyPlatform(ranges);
    await bothAnswer();
  });
});
