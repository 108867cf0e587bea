/** What can go wrong between a command and a cluster: one line that says what to do, exit status 1, no stack. */
import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { $ } from "zx/core";
import { prepareTemplate, remote, slipwayWith } from "../clones.ts";
import { shippedFolder } from "../support.ts";
import { renderCopy } from "./cluster.ts";

prepareTemplate();

/** Runs a command in a fresh clone of the platform, where it must fail with one line and no stack. @returns that line */
async function failure(
  [command = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { status, stderr } = await slipwayWith(env, remote().clone("a"), command, ...args);
  expect(stderr).not.toMatch(/^ {4}at /m);
  expect(status).toBe(1);
  return stderr;
}

const looking = [["status"], ["verify"], ["traffic", "frontend", "--env", "prod"]];

test.each(looking)("%s: no such context", async (...command) => {
  expect(await failure([...command, "--context", "nowhere"])).toContain(
    "there is no context nowhere; kubectl config get-contexts lists them",
  );
});

test.each([...looking, ["bootstrap"]])("%s: a cluster that does not answer", async (...command) => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-kubeconfig-"));
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "gone", cluster: { server: "https://127.0.0.1:9" } }],
    users: [{ name: "gone", user: { token: "none" } }],
    contexts: [{ name: "gone", context: { cluster: "gone", user: "gone" } }],
  };
  writeFileSync(join(folder, "config"), JSON.stringify(config));
  expect(await failure([...command, "--context", "gone"], { KUBECONFIG: join(folder, "config") })).toMatch(
    /the cluster of context gone does not answer .*is it running\?/,
  );
});

test.each([...looking, ["destroy", "--yes"], ["bootstrap"]])("%s: no programs", async (...command) => {
  // Git alone is there.
  const folder = mkdtempSync(join(tmpdir(), "slipway-path-"));
  for (const program of ["git", "bash", "sh"])
    symlinkSync((await $`which ${program}`).stdout.trim(), join(folder, program));
  expect(await failure(command, { PATH: folder })).toMatch(/(kubectl|kind).* not on the PATH/);
});

test("status: no rights", async () => {
  const context = (await $`kubectl config current-context`).stdout.trim();
  const folder = mkdtempSync(join(tmpdir(), "slipway-rights-"));
  const config = JSON.parse((await $`kubectl config view --raw --minify -o json`).stdout);
  const token = (await $`kubectl create token default -n default`).stdout.trim();
  config.users = [{ name: config.users[0].name, user: { token } }];
  writeFileSync(join(folder, "config"), JSON.stringify(config));
  expect(await failure(["status", "--context", context], { KUBECONFIG: join(folder, "config") })).toMatch(
    /is forbidden: User "system:serviceaccount:default:default" cannot list/,
  );
});

test("the rendered Kind configuration is one: kind gets past it, to the container engine", async () => {
  const create = (file: string) =>
    $({
      quiet: true,
      nothrow: true,
      env: { ...process.env, DOCKER_HOST: "unix:///nowhere" },
    })`kind create cluster --name slipway-test --config ${file}`;
  const { exitCode, stderr } = await create(join(renderCopy(shippedFolder), "clusters/local/kind.yaml"));
  expect(exitCode).not.toBe(0);
  expect(stderr).not.toContain("decode config");
  expect(stderr).toMatch(/docker/i);
  const wrong = join(mkdtempSync(join(tmpdir(), "slipway-kind-")), "kind.yaml");
  writeFileSync(wrong, "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnods: []\n");
  expect((await create(wrong)).stderr).toContain("field nods not found");
});
