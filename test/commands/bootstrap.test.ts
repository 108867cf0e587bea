/** What `bootstrap --dry-run` prints: commands that a person could type. They are carried out in test/e2e. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { git, prepareTemplate, remote, slipway, slipwayWith } from "../clones.ts";

prepareTemplate();

async function dryRun(root: string, ...args: string[]): Promise<string[]> {
  const { stdout, stderr, status } = await slipway(root, "bootstrap", "--dry-run", ...args);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  // What --repo commits stands before the commands.
  const commands = stdout.slice(stdout.indexOf("# 1. "));
  expect(spawnSync("bash", ["-n"], { input: commands, encoding: "utf8" }).stderr).toBe("");
  return commands.split("\n");
}

const titles = (lines: readonly string[]) => lines.flatMap((line) => /^# \d+\. (.*)/.exec(line)?.[1] ?? []);

test("a Kind cluster with its own Git server: every step, every file, and no context but its own", async () => {
  const root = remote().clone("a");
  const lines = await dryRun(root);
  expect(titles(lines)).toEqual([
    "This machine",
    "Kind cluster local",
    "Git server on the cluster",
    expect.stringMatching(/^Repository http:\/\/gitea-http\.gitea/),
    expect.stringMatching(/^Argo CD v/),
    "Webhook from the Git server to Argo CD",
    "Git remote local",
    "Secrets",
    "Root Application",
    "Applications",
  ]);
  const kubectl = lines.filter((line) => line.startsWith("kubectl"));
  expect(kubectl.length).toBeGreaterThan(20);
  for (const line of kubectl) expect(line).toMatch(/^kubectl --context kind-local /);
  const files = lines.flatMap((line) => [...line.matchAll(/ (?:-f|-k|--config) (\S+)/g)].map(([, file = ""]) => file));
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  expect(files).toContain("clusters/local/kind.yaml");
  expect(lines).toContain("git push http://slipway@127.0.0.1:3000/slipway/platform.git HEAD:refs/heads/main");
});

test("a cluster that exists, and a repository elsewhere: nothing is made of either, and nothing is committed", async () => {
  const root = remote().clone("a");
  const head = git(root, "rev-parse", "HEAD");
  const url = "https://git.example.com/acme/platform.git";
  const lines = await dryRun(root, "--context", "mine", "--repo", url);
  expect(titles(lines)).not.toContain("Kind cluster local");
  expect(lines.filter((line) => line.startsWith("kubectl") && !line.startsWith("kubectl --context mine "))).toEqual([]);
  expect(lines).toContain(`git push ${url} HEAD:refs/heads/main`);
  expect(git(root, "rev-parse", "HEAD")).toBe(head);
  expect(git(root, "status", "--porcelain")).toBe("");
});

test.each([
  ["http://git.example.com/acme/platform.git", /GIT_PASSWORD is given to a repository at https:\/\/ alone/],
  ["git@git.example.com:acme/platform.git", /GIT_PASSWORD is given to a repository at https:\/\/ alone/],
  ["https://git.example.com/acme/platform.git", undefined],
])("a password for %s", async (url, message) => {
  const root = remote().clone("a");
  const call = ["bootstrap", "--dry-run", "--context", "mine", "--repo", url] as const;
  const { stdout, stderr } = await slipwayWith({ GIT_USERNAME: "ann", GIT_PASSWORD: "s3cret" }, root, ...call);
  if (message) expect(stderr).toMatch(message);
  else expect(titles(stdout.split("\n"))).toContain("Credentials of the repository");
  expect(stdout + stderr).not.toContain("s3cret");
});

test("the cluster's own Git server gets no password of another one", async () => {
  const root = remote().clone("a");
  const { stdout } = await slipwayWith({ GIT_PASSWORD: "s3cret" }, root, "bootstrap", "--dry-run");
  expect(titles(stdout.split("\n"))).not.toContain("Credentials of the repository");
});
