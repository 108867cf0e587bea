/**
 * `npm run upgrade` with real Git. What is upgraded is a small project in the form of slipway: its render takes one input
 * and one generator, so that each test is about what comes where.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { environment, git, slipway, subjects } from "../clones.ts";
import { repository, temporaryFolder } from "../support.ts";

const render = `import { readFileSync, writeFileSync, mkdirSync, existsSync } from "node:fs";
import { label } from "./label.ts";
const input = readFileSync("envs/dev.yaml", "utf8");
if (input.includes("old:")) { console.error("envs/dev.yaml:2:1  old: is not a key here; did you mean \\"new\\"?"); process.exit(1); }
mkdirSync("envs/dev/app", { recursive: true });
writeFileSync("envs/dev/app/config-map-app.yaml", \`# Code generated from envs/dev.yaml by "npm run render". DO NOT EDIT.
apiVersion: v1
kind: ConfigMap
metadata:
  name: app
data:
  label: \${label}
\`);
if (existsSync("slow")) await new Promise((resolve) => setTimeout(resolve, 60_000));
`;
const tolerant = render.replace('input.includes("old:")', "false");
const label = (value: string) => `/** Upstream's. */\nexport const label = "${value}";\n\n// end\n`;

const packageJson = (version: string, more: object = {}) => ({
  name: "slipway",
  version,
  private: true,
  type: "module",
  scripts: { render: "node generators/render.ts" },
  devDependencies: { typescript: "7.0.2" },
  ...more,
});
const lock = { name: "slipway", version: "0.1.0", packages: { "": { name: "slipway" } } };

const read = (root: string, file: string) => readFileSync(join(root, file), "utf8");
const json = (root: string, file: string) => JSON.parse(read(root, file));
function write(root: string, files: Readonly<Record<string, string | object | null>>): void {
  for (const [file, content] of Object.entries(files)) {
    if (content === null) rmSync(join(root, file));
    else {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), typeof content === "string" ? content : `${JSON.stringify(content, null, 2)}\n`);
    }
  }
}
function commit(root: string, message: string, files: Parameters<typeof write>[1] = {}): string {
  write(root, files);
  git(root, "add", "--all");
  git(root, "commit", "--quiet", "--message", message);
  return git(root, "rev-parse", "HEAD");
}
const changelog = (...versions: string[]) =>
  `# Changelog\n\n${versions.map((version) => `## [${version}]\n\n- What ${version} brings.\n`).join("\n")}`;

/** slipway at 0.1.0, with one environment. */
function upstream(): string {
  const root = join(temporaryFolder(), "slipway");
  mkdirSync(root);
  git(root, "init", "--quiet", "--initial-branch=main");
  commit(root, "feat: slipway", {
    "package.json": packageJson("0.1.0"),
    "package-lock.json": lock,
    "tsconfig.json": {
      compilerOptions: { module: "nodenext", types: ["node"], noEmit: true, allowImportingTsExtensions: true },
      include: ["generators"],
    },
    ".gitignore": "node_modules/\n.slipway/\n",
    "README.md": "# slipway\n",
    "CHANGELOG.md": changelog("0.1.0"),
    "generators/render.ts": tolerant,
    "generators/label.ts": label("one"),
    "generators/old.ts": "export {};\n",
    ".github/workflows/check.yml": "name: check\n",
    ".azure-pipelines/check.yml": "name: check\n",
    "envs/dev.yaml": "name: dev\nold: 1\n",
    "clusters/local.yaml": "name: local\nenvironments: [dev]\n",
  });
  git(root, "tag", "v0.1.0");
  return root;
}

/** slipway moves: a generator, a new file, a file that goes, a pipeline, and its own inputs, which are nobody else's. */
function release(root: string, version = "0.2.0", more: Parameters<typeof write>[1] = {}): string {
  const made = commit(root, `feat: ${version}`, {
    "package.json": packageJson(version),
    "README.md": `# slipway\n\nOf ${version}.\n`,
    "CHANGELOG.md": changelog(version, "0.1.0"),
    "generators/label.ts": label(`of ${version}`),
    "generators/new.ts": "export {};\n",
    ...(existsSync(join(root, "generators/old.ts")) && { "generators/old.ts": null }),
    ".github/workflows/check.yml": `name: check of ${version}\n`,
    ".azure-pipelines/check.yml": `name: check of ${version}\n`,
    "envs/dev.yaml": `name: dev\nold: ${version}\n`,
    ...more,
  });
  git(root, "tag", `v${version}`);
  return made;
}

/** A clone that has become a team's own, and has lived. */
function team(from: string, how: "clone" | "template" | "archive" = "clone"): string {
  const root = join(temporaryFolder(), "team");
  if (how === "clone") git(dirname(root), "clone", "--quiet", from, root);
  else {
    cpSync(from, root, { recursive: true });
    rmSync(join(root, ".git"), { recursive: true });
    git(root, "init", "--quiet", "--initial-branch=main");
    if (how === "template") commit(root, "Initial commit");
  }
  symlinkSync(join(repository, "node_modules"), join(root, "node_modules"));
  writeFileSync(join(root, ".git/info/exclude"), "node_modules\n");
  commit(root, "init(acme): a platform of dev", {
    "package.json": packageJson("0.1.0", {
      name: "acme",
      scripts: { render: "node generators/render.ts", ours: "true" },
    }),
    "SLIPWAY.md": "# slipway\n",
    "README.md": "# acme\n",
    "envs/dev.yaml": "name: dev\nold: ours\n",
    "envs/dev/app/config-map-app.yaml":
      "# Code generated\nkind: ConfigMap\nmetadata: { name: app }\ndata: { label: one }\n",
  });
  commit(root, "feat: our own end", { "generators/label.ts": label("one").replace("// end", "// our end") });
  commit(root, "weight(dev): shop", { "envs/dev.yaml": "name: dev\nold: ours\nweight: 20\n" });
  return root;
}

const upgrade = (root: string, ...args: string[]) => slipway(root, "upgrade", ...args);
/** Everything about a clone that an upgrade which fails, or shows only, must leave as it is. */
const stateOf = (root: string) => ({
  head: git(root, "log", "-1", "--format=%H %D"),
  refs: git(root, "for-each-ref"),
  status: git(root, "status", "--porcelain"),
  config: read(root, ".git/config"),
  worktrees: git(root, "worktree", "list"),
});
const done = { status: 0, stderr: "" };
const slow = { timeout: 600_000 };

describe("a clone that has lived", slow, () => {
  test("gets what moved and keeps what is its own; nothing is left to do, and it can be undone", async () => {
    const source = upstream();
    const root = team(source);
    const target = release(source);
    const before = stateOf(root);
    const shown = await upgrade(root, "--from", source, "--dry-run");
    expect(shown).toMatchObject(done);
    expect(shown.stdout).toContain("## [0.2.0]\n\n- What 0.2.0 brings.");
    expect(shown.stdout).not.toContain("What 0.1.0 brings");
    expect(shown.stdout).toContain("data.label  one → of 0.2.0");
    expect(stateOf(root)).toEqual(before);

    expect(await upgrade(root, "--from", source)).toMatchObject(done);
    expect(subjects(root)[0]).toBe("chore(slipway): upgrade 0.1.0 → 0.2.0");
    expect(git(root, "rev-parse", "HEAD^")).toBe(before.head.split(" ")[0]);
    expect(git(root, "status", "--porcelain")).toBe("");
    expect(read(root, "generators/label.ts")).toBe(label("of 0.2.0").replace("// end", "// our end"));
    expect(read(root, "envs/dev/app/config-map-app.yaml")).toContain("label: of 0.2.0");
    expect(read(root, "envs/dev.yaml")).toBe("name: dev\nold: ours\nweight: 20\n");
    expect(existsSync(join(root, "generators/new.ts"))).toBe(true);
    expect(existsSync(join(root, "generators/old.ts"))).toBe(false);
    expect(read(root, ".github/workflows/check.yml")).toBe("name: check of 0.2.0\n");
    expect([read(root, "README.md"), read(root, "SLIPWAY.md")]).toEqual(["# acme\n", "# slipway\n\nOf 0.2.0.\n"]);
    expect(json(root, "package.json")).toMatchObject({
      name: "acme",
      version: "0.2.0",
      scripts: { ours: "true" },
      slipway: { repository: source, commit: target },
    });
    expect(json(root, "package-lock.json")).toMatchObject({ name: "acme", version: "0.2.0" });

    expect((await upgrade(root)).stdout).toMatch(/^nothing to do: this clone has slipway 0\.2\.0 /);
    expect((await upgrade(root, "--undo")).stdout).toContain("undone");
    expect(stateOf(root)).toEqual(before);
    expect(await upgrade(root, "--undo")).toMatchObject({ status: 1, stderr: "there is no upgrade to undo\n" });
  });

  test("an upgrade that has commits on top, or was pushed, is not undone, and the way is named", async () => {
    const source = upstream();
    const root = team(source);
    release(source);
    await upgrade(root, "--from", source);
    const short = git(root, "rev-parse", "--short=8", "HEAD");
    git(root, "update-ref", "refs/remotes/origin/main", "HEAD");
    const pushed = await upgrade(root, "--undo");
    expect(pushed.stderr).toBe(
      `the upgrade is on origin/main already; to undo it there too: git revert ${short}, npm ci, npm run render\n`,
    );
    commit(root, "feat: more", { "more.txt": "" });
    const topped = await upgrade(root, "--undo");
    expect(topped.stderr).toBe(
      `there are commits on top of the upgrade, which stay with: git revert ${short}, npm ci, npm run render\n`,
    );
    git(root, "revert", "--no-edit", short);
    expect(read(root, "generators/label.ts")).toContain('"one"');
  });
});

describe("the commit that a clone is made from", slow, () => {
  test("of a template's one commit is found by its files", async () => {
    const source = upstream();
    const root = team(source, "template");
    release(source);
    expect((await upgrade(root, "--from", source)).stdout).toContain("committed");
    expect(read(root, "generators/label.ts")).toContain("of 0.2.0");
  });

  test("of an archive is the tag of its version, or said", async () => {
    const source = upstream();
    const root = team(source, "archive");
    release(source);
    expect((await upgrade(root, "--from", source, "--dry-run")).stdout).toContain("slipway 0.1.0 ");
    git(source, "tag", "--delete", "v0.1.0");
    const { status, stderr } = await upgrade(root, "--from", source);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^which commit of .* say --base/) });
    const said = await upgrade(root, "--from", source, "--base", git(source, "rev-parse", "HEAD^"), "--dry-run");
    expect(said).toMatchObject(done);
  });
});

describe("what stands in the way", slow, () => {
  test("a conflict stops it before anything has changed, and it goes on when that is settled", async () => {
    const source = upstream();
    const root = team(source);
    commit(root, "feat: ours", { "generators/label.ts": label("ours") });
    release(source);
    const { worktrees: _, ...before } = stateOf(root);
    const stopped = await upgrade(root, "--from", source);
    expect(stopped.status).toBe(1);
    expect(stopped.stdout).toContain("  generators/label.ts\n");
    expect(stopped.stderr).toBe(
      "both sides changed the same; nothing was changed\nsettle it in .slipway/upgrade, then npm run upgrade -- --continue\nor give it up: npm run upgrade -- --undo\n",
    );
    expect(stateOf(root)).toMatchObject(before);
    expect((await upgrade(root)).stderr).toContain("an upgrade waits in .slipway/upgrade");
    expect((await upgrade(root, "--continue")).stderr).toContain("generators/label.ts: holds a conflict still");
    write(root, { ".slipway/upgrade/generators/label.ts": label("both") });
    expect(await upgrade(root, "--continue")).toMatchObject(done);
    expect(read(root, "envs/dev/app/config-map-app.yaml")).toContain("label: both");
    expect(git(root, "worktree", "list").split("\n")).toHaveLength(1);
    expect(await upgrade(root, "--continue")).toMatchObject({
      status: 1,
      stderr: "no upgrade waits to be continued\n",
    });
  });

  test("an input that must change is named, changed in the worktree, and comes with the upgrade; or it is given up", async () => {
    const source = upstream();
    const root = team(source);
    release(source, "0.2.0", { "generators/render.ts": render });
    const { worktrees, ...before } = stateOf(root);
    const stopped = await upgrade(root, "--from", source);
    expect(stopped.stdout).toContain('envs/dev.yaml:2:1  old: is not a key here; did you mean "new"?');
    expect(stopped.stderr).toMatch(/^the inputs do not fit this version of slipway; nothing was changed\n/);
    expect(stateOf(root)).toMatchObject(before);
    expect((await upgrade(root, "--undo")).stdout).toBe("the upgrade was given up; nothing had been changed\n");
    expect(stateOf(root)).toEqual({ ...before, worktrees });
    await upgrade(root, "--from", source);
    write(root, { ".slipway/upgrade/envs/dev.yaml": "name: dev\nnew: ours\n" });
    expect(await upgrade(root, "--continue")).toMatchObject(done);
    expect(read(root, "envs/dev.yaml")).toBe("name: dev\nnew: ours\n");
  });

  test("own code that does not fit any more is found by its types", async () => {
    const source = upstream();
    const root = team(source);
    commit(root, "feat: ours", {
      "generators/ours.ts": 'import { label } from "./label.ts";\nexport const ours = label;\n',
    });
    release(source, "0.2.0", {
      "generators/label.ts": label("x").replace("const label", "const renamed"),
      "generators/render.ts": tolerant.replaceAll(/\blabel\b(?!:|\.ts)/g, "renamed"),
    });
    const { status, stdout, stderr } = await upgrade(root, "--from", source, "--dry-run");
    expect(stdout).toContain("generators/ours.ts(1,10): error TS");
    expect({ status, stderr }).toEqual({ status: 1, stderr: "the code does not fit together\n" });
    expect(git(root, "status", "--porcelain")).toBe("");
  });

  test("a pipeline that was removed stays away, and a package that both changed is asked about", async () => {
    const source = upstream();
    const root = team(source);
    const own = json(root, "package.json");
    commit(root, "chore: ours", {
      ".azure-pipelines/check.yml": null,
      "package.json": { ...own, devDependencies: { typescript: "7.0.3" } },
    });
    release(source, "0.2.0", { "package.json": packageJson("0.2.0", { devDependencies: { typescript: "7.1.0" } }) });
    const { stdout, status } = await upgrade(root, "--from", source);
    expect(status).toBe(1);
    expect(stdout).toContain(".azure-pipelines/check.yml was removed here and changed by slipway: it stays away");
    expect(stdout).toContain('package.json devDependencies.typescript: here "7.0.3", slipway "7.1.0" (it was "7.0.2")');
    expect(await upgrade(root, "--continue")).toMatchObject(done);
    expect(existsSync(join(root, ".azure-pipelines/check.yml"))).toBe(false);
    expect(json(root, "package.json").devDependencies).toEqual({ typescript: "7.0.3" });
  });

  test.each([
    [
      "a dirty tree",
      (root: string) => write(root, { "mine.txt": "" }),
      [],
      /^there are uncommitted changes \(mine\.txt\)/,
    ],
    [
      "a source that is not there",
      () => {},
      ["--from", "http://127.0.0.1:1/slipway.git"],
      /^http:\/\/127\.0\.0\.1:1\/slipway\.git cannot be read: .*\n$/,
    ],
    ["no source", () => {}, [], /^where slipway comes from is not known here; say --from URL, which is remembered\n$/],
    [
      "a repository that is not slipway",
      () => {},
      ["--from", ".", "--to", "main"],
      /^\. is not slipway: package\.json of \w+ is named acme; say --from URL\n$/,
    ],
  ])("%s is refused in one line", async (_, spoil, args, message) => {
    const root = team(upstream());
    spoil(root);
    const before = stateOf(root);
    const { status, stderr } = await upgrade(root, ...args);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(message) });
    expect(stateOf(root)).toEqual(before);
  });

  test("a version that is not there is named", async () => {
    const source = upstream();
    const { stderr } = await upgrade(team(source), "--from", source, "--to", "v9.9.9");
    expect(stderr).toBe(`${source} has no v9.9.9; --to names a tag, a branch or a commit of it\n`);
  });

  test("a commit that is made here meanwhile stays, and the upgrade is not", async () => {
    const source = upstream();
    const root = team(source);
    release(source);
    // Git's hooks run in the worktree, when everything is ready and nothing is done.
    const hook = join(root, ".git/hooks/pre-commit");
    write(root, {
      ".git/hooks/pre-commit": `#!/bin/sh\nrm '${hook}'\nunset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE\ngit -C '${root}' commit --quiet --allow-empty -m meanwhile\n`,
    });
    chmodSync(hook, 0o755);
    const { status, stderr } = await upgrade(root, "--from", source);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: "main has moved meanwhile; nothing was changed: run npm run upgrade again\n",
    });
    expect(subjects(root)[0]).toBe("meanwhile");
    expect(git(root, "status", "--porcelain")).toBe("");
    expect((await upgrade(root, "--from", source)).stdout).toContain("committed");
  });

  test.each(["SIGKILL", "SIGINT"] as const)(
    "%s in the middle leaves the clone as it was, and the next run begins anew",
    async (signal) => {
      const source = upstream();
      const root = team(source);
      release(source, "0.2.0", { slow: "" });
      const { worktrees: _, ...before } = stateOf(root);
      const child = spawn(
        process.execPath,
        [join(repository, "scripts/run.js"), "upgrade", "--from", source, "--root", root],
        {
          env: environment,
          stdio: "ignore",
        },
      );
      const rendered = join(root, ".slipway/upgrade/envs/dev/app/config-map-app.yaml");
      await expect
        .poll(() => existsSync(rendered) && read(rendered, "").includes("0.2.0"), { timeout: 300_000 })
        .toBe(true);
      child.kill(signal);
      await once(child, "exit");
      expect(stateOf(root)).toMatchObject(before);
      release(source, "0.3.0", { slow: null });
      expect((await upgrade(root, "--from", source)).stdout).toContain("committed");
      expect(git(root, "worktree", "list").split("\n")).toHaveLength(1);
    },
  );
});
