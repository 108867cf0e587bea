/** A clone belongs to its team: each platform in the place of the shipped one passes the checks after every command of the day. */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { planRender } from "../../scripts/lib/render.ts";
import { planTour } from "../../scripts/lib/tour.ts";
import { git, isFresh, slipway, subjects } from "../clones.ts";
import { copyInputs, platformFolders, platformIn, temporaryFolder } from "../support.ts";

/** A clone of a bare remote that holds a platform, rendered. */
function cloneOf(platform: string): string {
  const folder = temporaryFolder();
  const [root, bare] = [join(folder, "clone"), join(folder, "remote.git")];
  mkdirSync(bare);
  cpSync(copyInputs(platform), root, { recursive: true });
  planRender(root).write();
  writeFileSync(join(root, ".gitignore"), ".slipway/\n*.slipway-tmp\n");
  git(bare, "init", "--quiet", "--bare", "--initial-branch=main");
  git(root, "init", "--quiet", "--initial-branch=main");
  git(root, "add", "--all");
  git(root, "commit", "--quiet", "--message", "feat: the platform");
  git(root, "remote", "add", "origin", bare);
  git(root, "push", "--quiet", "--set-upstream", "origin", "main");
  return root;
}

/** @throws where a command does not end well, with what it said */
async function must(root: string, command: string, ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await slipway(root, command, ...args);
  expect({ command: `${command} ${args.join(" ")}`, status, stderr }).toMatchObject({ status: 0, stderr: "" });
  return stdout;
}

describe.each(Object.entries(platformFolders))("%s", (_name, folder) => {
  const steps = (planTour(platformIn(folder)) ?? []).filter(({ command = "render" }) => command !== "render");

  test("after each command of the day the tree is fresh, and the tour goes to its end", {
    timeout: 900_000,
  }, async () => {
    const root = cloneOf(folder);
    expect(steps.map(({ command }) => command)).toEqual(expect.arrayContaining(["release", "rollback"]));
    for (const { command = "", args = [] } of steps) {
      const before = subjects(root)[0];
      await must(root, command, ...args);
      expect(subjects(root)[0]).not.toBe(before);
      expect(git(root, "status", "--porcelain", "--branch")).toBe("## main...origin/main");
      expect(isFresh(root)).toBe(true);
    }
    // What the day has left is toured by a person who comes new to it.
    const tour = await must(root, "tour");
    expect(tour).toContain("The review page of all of it:");
    expect(tour).not.toContain("--force");
  });

  test("the branch of a pull request is fresh too, and the own branch as it was", { timeout: 900_000 }, async () => {
    const root = cloneOf(folder);
    const head = git(root, "rev-parse", "HEAD");
    const { command = "", args = [] } = steps[0] ?? {};
    await must(root, command, ...args.filter((option) => option !== "--push"), "--pr");
    expect(git(root, "rev-parse", "HEAD")).toBe(head);
    const branch = git(root, "ls-remote", "--heads", "origin")
      .split("\n")
      .find((line) => line.includes("slipway/"));
    git(root, "fetch", "--quiet", "origin", branch?.split("\t")[1] ?? "no branch was pushed");
    git(root, "switch", "--quiet", "--detach", "FETCH_HEAD");
    await must(root, "render", "--check");
  });
});

test("a platform without a service: the tour is that of an example, and says so", { timeout: 300_000 }, async () => {
  const root = temporaryFolder();
  for (const [file, text] of Object.entries({
    "clusters/c.yaml": `name: c
environments: [a]
repository: { url: https://example.com/platform.git }
provider: { type: existing }
platform: { argocd: { version: v3.5.7 }, istio: { version: 1.30.4 } }
`,
    "envs/a.yaml": `name: a
cluster: c
dataStores:
  db: { image: { repository: a/b, tag: "1.2.3" }, port: 5432, user: 999, resources: { memory: 1Gi }, storage: { size: 1Gi, path: /d } }
`,
  })) {
    mkdirSync(join(root, file, ".."), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  expect(await must(root, "tour")).toMatch(
    /^The platform has no service yet, so this is the tour of the example in test\//,
  );
});
