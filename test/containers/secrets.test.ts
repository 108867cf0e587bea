/** bootstrap's Secrets on a real cluster: applications log in to the database with what it made. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { $ } from "zx/core";
import { secretsMade } from "../../scripts/lib/bootstrap/secrets.ts";
import type { Target } from "../../scripts/lib/bootstrap/target.ts";
import { readInputs } from "../../scripts/lib/inputs.ts";
import { planRender, readPlatform } from "../../scripts/lib/render.ts";
import { findCluster } from "../../scripts/lib/services.ts";
import { apply, deleteNamespaces, eventually, manifests, podsReady } from "../cluster/cluster.ts";
import { copyInputs } from "../support.ts";

const folder = join(import.meta.dirname, "inputs");
const namespaces = ["secrets-database", "secrets-reader", "secrets-writer", "secrets-latecomer"];

afterAll(() => deleteNamespaces(namespaces));

async function targetIn(root: string): Promise<Target> {
  const platform = readPlatform(readInputs(root));
  const context = (await $`kubectl config current-context`).stdout.trim();
  return { root, platform, cluster: findCluster(platform).value, live: { context } };
}

/** Renders, makes the Secrets as bootstrap does, and applies everything else. @returns what the step said */
async function bringUp(root: string): Promise<string> {
  planRender(root).write();
  const step = secretsMade(await targetIn(root));
  expect(await step.look()).toBe(undefined);
  const said = await step.ensure(() => {});
  expect(await step.look()).toMatch(/are there$/);
  const files = manifests(root).filter((file) => file.startsWith("envs/"));
  await apply(
    root,
    files.filter((file) => /\/namespace-[^/]*$/.test(file)),
  );
  await apply(root, files);
  await podsReady(namespaces);
  return said;
}

/** What the database answers to an application that logs in as `app`. */
async function logIn(service: string, variable: string) {
  // The variables are the pod's.
  const command = `mysql -h "$DATABASE_HOST" -u app -p"$${variable}" -N -e 'select current_user()' app`;
  return $({
    nothrow: true,
  })`kubectl exec -n secrets-${service} deploy/${service}-stable -c ${service} -- sh -c ${command}`;
}

async function expectLogin(service: string, variable: string): Promise<void> {
  let said = "";
  await eventually(`${service} to log in to the database`, async () => {
    const { stdout, stderr } = await logIn(service, variable);
    said = stdout + stderr;
    return stdout.trim() === "app@%";
  }).catch((error) => {
    throw new Error(`${error.message}; the last answer: ${said}`);
  });
}

test("every application that names the Secret, or a key that equals one of its keys, logs in; also one that joins later", async () => {
  const root = copyInputs(folder);
  const later = readFileSync(join(root, "envs/secrets.yaml"), "utf8");
  // The first time without the service that joins later.
  writeFileSync(join(root, "envs/secrets.yaml"), later.replace(/^ {2}latecomer:\n( {4}.*\n)*/m, ""));
  expect(await bringUp(root)).toBe("3 are there, 3 made now");
  await expectLogin("reader", "MYSQL_PASSWORD");
  await expectLogin("writer", "DATABASE_PASSWORD");
  const wrong = await logIn("writer", "OTHER_PASSWORD");
  expect(wrong.stderr).toMatch(/Access denied/);

  const before = await passwords();
  writeFileSync(join(root, "envs/secrets.yaml"), later);
  expect(await bringUp(root)).toBe("4 are there, 1 made now");
  await expectLogin("latecomer", "MYSQL_PASSWORD");
  expect(await passwords()).toMatchObject(before);
});

test("a key that is added to a Secret comes into the one that is there; values that differ are named", async () => {
  const root = copyInputs(folder);
  const file = join(root, "clusters/test.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("[MYSQL_ROOT_PASSWORD,", "[ADDED, MYSQL_ROOT_PASSWORD,"));
  const before = await passwords();
  const step = secretsMade(await targetIn(root));
  expect(await step.look()).toBe(undefined);
  await step.ensure(() => {});
  const after = await passwords();
  expect(after).toMatchObject(before);
  const added = namespaces.flatMap((namespace) => after[`${namespace}/database-credentials/ADDED`] ?? []);
  expect(added).toHaveLength(3);
  expect(new Set(added).size).toBe(1);

  const other = Buffer.from("other").toString("base64");
  await $`kubectl patch secret database-credentials -n secrets-reader --type=merge -p ${JSON.stringify({ data: { ADDED: other } })}`;
  expect(await step.look()).toBe(
    "4 are there; values differ that should be equal: ADDED of secrets-reader/database-credentials (not as ADDED of secrets-database/database-credentials); delete those Secrets and run bootstrap again",
  );
});

/** Every value that bootstrap has made, by namespace, Secret and key. */
async function passwords(): Promise<Record<string, string>> {
  const { stdout } = await $`kubectl get secrets -A -l app.kubernetes.io/managed-by=slipway-bootstrap -o json`;
  const items = JSON.parse(stdout).items as { metadata: { namespace: string; name: string }; data: object }[];
  return Object.fromEntries(
    items
      .filter(({ metadata }) => namespaces.includes(metadata.namespace))
      .flatMap(({ metadata: { namespace, name }, data }) =>
        Object.entries(data).map(([key, value]) => [`${namespace}/${name}/${key}`, value]),
      ),
  );
}
