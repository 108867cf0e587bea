/** The memory of a clone saves time, and nothing else: it never makes a stale tree look fresh. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sealStamps } from "../../scripts/lib/stamp.ts";
import { git, prepareTemplate, remote, slipway, subjects } from "../clones.ts";

prepareTemplate();

const manifest = "envs/prod/backend/deployment-backend-stable.yaml";
const edit = (root: string, file: string, from: string | RegExp, to: string) => {
  const text = readFileSync(join(root, file), "utf8");
  expect(text).toMatch(from);
  writeFileSync(join(root, file), text.replace(from, to));
};
/** A rendered clone whose manifests then run an image that no input names. */
async function poisoned() {
  const { clone, bare } = remote();
  const root = clone("a");
  await slipway(root, "render");
  edit(root, manifest, /image: .*/, "image: evil.example.com/miner:1.0.0");
  return { clone, bare, root };
}

describe("a memory that comes with a commit", () => {
  test.each([
    ["as it is", () => {}],
    [
      "as a link",
      (root: string) => {
        cpSync(join(root, ".slipway"), join(root, "docs"), { recursive: true });
        rmSync(join(root, ".slipway"), { recursive: true });
        symlinkSync("docs", join(root, ".slipway"));
      },
    ],
  ])("is refused by every command, %s", async (_how, disguise) => {
    const { root, clone } = await poisoned();
    disguise(root);
    git(root, "add", "--force", "--all");
    git(root, "commit", "--quiet", "--message", "chore: notes");
    git(root, "push", "--quiet", "origin", "main");
    const fresh = clone("fresh");
    for (const command of [
      ["render", "--check"],
      ["render"],
      ["diff"],
      ["weight", "backend", "--env", "prod", "canary=11"],
      ["doctor"],
    ]) {
      const [name = "", ...args] = command;
      const { status, stdout, stderr } = await slipway(fresh, name, ...args);
      expect({ command, status, stdout }).toEqual({ command, status: 1, stdout: "" });
      expect(stderr).toMatch(
        /^(\.slipway is in Git, and slipway does not trust|\S+\.slipway is no folder of its own)[^\n]*\n$/,
      );
    }
  });

  test("is of no use where Git cannot tell: every file and every input is read", async () => {
    const { root } = await poisoned();
    rmSync(join(root, ".git"), { recursive: true });
    const copy = join(root, "../copy");
    cpSync(root, copy, { recursive: true, preserveTimestamps: true });
    expect((await slipway(copy, "render", "--dry-run")).stdout).toContain(manifest);
    // A forged reading of an input, sealed as slipway seals it.
    const [name = ""] = readdirSync(join(copy, ".slipway")).filter((name) => name.startsWith("envs-prod"));
    expect(readFileSync(join(copy, ".slipway", name), "utf8")).toContain("podinfo");
    const check = await slipway(copy, "render", "--check");
    expect(check.stderr).toMatch(/^the rendered tree is stale/);
    expect((await slipway(copy, "render")).status).toBe(0);
    expect(readFileSync(join(copy, manifest), "utf8")).not.toContain("evil");
  });
});

describe("an edit that hides its time", () => {
  test("is found where size and time of modification are as before", async () => {
    const { clone } = remote();
    const root = clone("a");
    await slipway(root, "render");
    await slipway(root, "render");
    const path = join(root, manifest);
    const past = new Date(1e12);
    utimesSync(path, past, past);
    await slipway(root, "render");
    edit(root, manifest, "image: ghcr", "image: evil");
    utimesSync(path, past, past);
    expect((await slipway(root, "render")).stdout).toContain(`~ ${manifest}`);
  });

  test("is found where the clock was set back: stamps are the same or they are not", () => {
    const written = { text: "1 1 5000 5000", changed: 5000 };
    const earlier = { text: "1 1 4000 4000", changed: 4000 };
    expect(sealStamps([earlier])).not.toBe(sealStamps([written]));
    // What has just changed may change again under the same stamp.
    expect(sealStamps([written], 5010)).toBeUndefined();
    expect(sealStamps([written], 4000)).toBeUndefined();
    expect(sealStamps([written, undefined], 9000)).toBeUndefined();
  });
});

test.each([
  ["cut off", (text: string) => text.slice(0, -20)],
  ["empty", () => ""],
  ["no JSON", () => "nonsense\n"],
  ["of another kind", () => "null"],
  ["of another version", (text: string) => text.replace(/^\w/, (first) => (first === "0" ? "1" : "0"))],
  ["forged without its seal", (text: string) => text.replaceAll("podinfo", "evil")],
])("a memory that is %s is none", async (_how, spoil) => {
  const { clone } = remote();
  const root = clone("a");
  await slipway(root, "render");
  for (const name of readdirSync(join(root, ".slipway"))) {
    const path = join(root, ".slipway", name);
    writeFileSync(path, spoil(readFileSync(path, "utf8")));
  }
  const { stdout, stderr } = await slipway(root, "render");
  expect(stdout).toMatch(/^up to date/);
  expect(stderr).toBe("");
  expect(git(root, "status", "--porcelain")).toBe("");
});

describe("what is pushed is what a clone of it renders", () => {
  const change = ["backend", "--env", "dev", "canary=11", "--push"] as const;

  test.each([
    [
      "a file whose change Git is told not to see",
      (root: string) => {
        edit(root, manifest, /image: .*/, "image: evil.example.com/miner:1.0.0");
        git(root, "commit", "--quiet", "--all", "--message", "chore: tidy");
        git(root, "push", "--quiet", "origin", "main");
        git(root, "update-index", "--assume-unchanged", manifest);
      },
    ],
    [
      "a file that Git ignores",
      (root: string) => {
        git(root, "rm", "--quiet", "--cached", manifest);
        writeFileSync(join(root, ".git/info/exclude"), `${manifest}\n`);
        git(root, "commit", "--quiet", "--message", "chore: tidy");
        git(root, "push", "--quiet", "origin", "main");
      },
    ],
    [
      "a manifest that the work tree lacks",
      (root: string) => {
        mkdirSync(join(root, "envs/dev/extra-folder"));
        writeFileSync(join(root, "envs/dev/extra-folder/job.yaml"), "kind: Job\n");
        git(root, "add", "--all");
        git(root, "commit", "--quiet", "--message", "chore: tidy");
        git(root, "push", "--quiet", "origin", "main");
        git(root, "update-index", "--skip-worktree", "envs/dev/extra-folder/job.yaml");
        rmSync(join(root, "envs/dev/extra-folder"), { recursive: true });
      },
    ],
  ])("%s stops the push", async (_what, prepare) => {
    const { clone, bare } = remote();
    const root = clone("a");
    prepare(root);
    await slipway(root, "render");
    const before = git(bare, "rev-parse", "main");
    const result = await slipway(root, "weight", ...change);
    expect(result.stderr).toMatch(
      /^a clone of the commit would be stale, because envs\/\S+ is not in Git as it is rendered/,
    );
    expect(result.status).toBe(1);
    expect(git(bare, "rev-parse", "main")).toBe(before);
    expect(git(root, "rev-parse", "HEAD")).toBe(before);
  });

  test("a commit of the user's own that is stale is not pushed along", async () => {
    const { clone, bare } = remote();
    const root = clone("a");
    await slipway(root, "weight", ...change);
    edit(root, "envs/prod.yaml", /tag: [\d.]+/, "tag: 9.9.9");
    git(root, "commit", "--quiet", "--all", "--message", "feat: by hand");
    const { stderr } = await slipway(root, "weight", ...change);
    expect(stderr).toMatch(
      /^what is committed here is stale \(envs\/prod\/\S+\); npm run render, and commit what it changes\n$/,
    );
    expect(subjects(bare, "main")).toHaveLength(2);
  });
});
