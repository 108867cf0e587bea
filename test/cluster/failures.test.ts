/** What can go wrong between a command and a cluster: one line that says what to do, exit status 1, no stack. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { $ } from "zx";

const repository = join(import.meta.dirname, "../..");
const clone = mkdtempSync(join(tmpdir(), "slipway-failures-"));

beforeAll(async () => {
  await $`git clone --quiet ${repository} ${clone}`;
  symlinkSync(join(repository, "node_modules"), join(clone, "node_modules"));
  writeFileSync(join(clone, ".git/info/exclude"), "node_modules\n");
});
afterAll(() => rmSync(clone, { recursive: true }));

async function run(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return $({
    cwd: clone,
    quiet: true,
    nothrow: true,
    env: {
      ...process.env,
      NO_COLOR: "1",
      GIT_AUTHOR_NAME: "a",
      GIT_AUTHOR_EMAIL: "a@b",
      GIT_COMMITTER_NAME: "a",
      GIT_COMMITTER_EMAIL: "a@b",
      ...env,
    },
  })`${process.execPath} scripts/run.js ${command}`;
}

const looking = [["status"], ["verify"], ["traffic", "frontend", "--env", "prod"]];

test.each(looking)("%s: no such context", async (...command) => {
  const { exitCode, stderr } = await run([...command, "--context", "nowhere"]);
  expect(stderr).toContain("there is no context nowhere; kubectl config get-contexts lists them");
  expect(stderr).not.toMatch(/^ {4}at /m);
  expect(exitCode).toBe(1);
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
  const { exitCode, stderr } = await run([...command, "--context", "gone"], { KUBECONFIG: join(folder, "config") });
  expect(stderr).toMatch(/the cluster of context gone does not answer .*is it running\?/);
  expect(stderr).not.toMatch(/^ {4}at /m);
  expect(exitCode).toBe(1);
});

test.each([...looking, ["destroy", "--yes"], ["bootstrap"]])("%s: no programs", async (...command) => {
  // Git alone is there.
  const folder = mkdtempSync(join(tmpdir(), "slipway-path-"));
  for (const program of ["git", "bash", "sh"])
    symlinkSync((await $`which ${program}`).stdout.trim(), join(folder, program));
  const { exitCode, stderr } = await run(command, { PATH: folder });
  expect(stderr).toMatch(/(kubectl|kind).* not on the PATH/);
  expect(stderr).not.toMatch(/^ {4}at /m);
  expect(exitCode).toBe(1);
});

test("status: no rights", async () => {
  const context = (await $`kubectl config current-context`).stdout.trim();
  const folder = mkdtempSync(join(tmpdir(), "slipway-rights-"));
  const config = JSON.parse((await $`kubectl config view --raw --minify -o json`).stdout);
  const token = (await $`kubectl create token default -n default`).stdout.trim();
  config.users = [{ name: config.users[0].name, user: { token } }];
  writeFileSync(join(folder, "config"), JSON.stringify(config));
  const { exitCode, stderr } = await run(["status", "--context", context], { KUBECONFIG: join(folder, "config") });
  expect(stderr).toMatch(/is forbidden: User "system:serviceaccount:default:default" cannot list/);
  expect(stderr).not.toMatch(/^ {4}at /m);
  expect(exitCode).toBe(1);
});

test("the rendered Kind configuration is one: kind gets past it, to the container engine", async () => {
  const create = (file: string) =>
    $({
      cwd: repository,
      quiet: true,
      nothrow: true,
      env: { ...process.env, DOCKER_HOST: "unix:///nowhere" },
    })`kind create cluster --name slipway-test --config ${file}`;
  const { exitCode, stderr } = await create("clusters/local/kind.yaml");
  expect(exitCode).not.toBe(0);
  expect(stderr).not.toContain("decode config");
  expect(stderr).toMatch(/docker/i);
  const wrong = join(mkdtempSync(join(tmpdir(), "slipway-kind-")), "kind.yaml");
  writeFileSync(wrong, "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnods: []\n");
  expect((await create(wrong)).stderr).toContain("field nods not found");
});
