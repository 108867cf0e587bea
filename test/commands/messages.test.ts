/** Sentences blame the right thing: each state of a clone that they are printed in. */
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { openClone } from "../../scripts/lib/clone.ts";
import { diffMarkdown } from "../../scripts/lib/diff/markdown.ts";
import { compareWith } from "../../scripts/lib/diff/revisions.ts";
import { diffText } from "../../scripts/lib/diff/text.ts";
import { openGit, readAt } from "../../scripts/lib/git.ts";
import { environment, git, prepareTemplate, remote, slipway, slipwayWith, subjects } from "../clones.ts";
import { repository, temporaryFolder } from "../support.ts";

prepareTemplate();

beforeAll(() => {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
});

const owner = { GIT_TEST_ASSUME_DIFFERENT_OWNER: "1" };

describe("a clone that cannot be committed to", () => {
  test.each<[string, (root: string) => string | undefined, RegExp, Readonly<Record<string, string>>?]>([
    [
      "of another user",
      () => undefined,
      /^Git does not open \S+: detected dubious ownership in repository at '\S+'; if you trust it: git config --global --add safe\.directory \S+$/,
      owner,
    ],
    ["no repository", () => temporaryFolder(), /^\S+ is no Git repository; run git init/],
    ["bare", (root) => git(root, "remote", "get-url", "origin"), /is a bare repository, which has no files/],
    ["Git's own folder", (root) => join(root, ".git"), /is Git's own folder|is a folder of the repository/],
    [
      "a folder of a larger repository",
      (root) => join(root, "envs"),
      /envs is a folder of the repository \S+a, and Argo CD would look .* slipway needs a repository of its own$/,
    ],
    [
      "within a rebase, which detaches HEAD",
      (root) => {
        git(root, "commit", "--quiet", "--allow-empty", "--message", "x");
        try {
          git(root, "rebase", "--quiet", "--exec", "false", "HEAD~1");
        } catch {
          // It stops there.
        }
        return undefined;
      },
      /^a rebase is under way; end it first/,
    ],
    ["within a bisect", (root) => void git(root, "bisect", "start"), /^a bisect is under way/],
    [
      "a detached HEAD",
      (root) => void git(root, "switch", "--quiet", "--detach"),
      /^HEAD is detached, so a commit would belong to no branch/,
    ],
    [
      "an unborn branch",
      (root) => void git(root, "switch", "--quiet", "--orphan", "other"),
      /^the branch other has no commit yet/,
    ],
    [
      "a damaged branch",
      (root) => writeFileSync(join(root, ".git/refs/heads/main"), "") as undefined,
      /^(HEAD|the newest commit of main) cannot be read: .*; git fsck tells more$/,
    ],
    [
      "a damaged index",
      (root) => writeFileSync(join(root, ".git/index"), "no index of Git's") as undefined,
      /index file (smaller than expected|corrupt)|bad signature/,
    ],
    [
      "a damaged configuration",
      (root) => writeFileSync(join(root, ".git/config"), "[core\n") as undefined,
      /^Git does not open \S+: bad config line 1/,
    ],
    ["without Git", () => undefined, /^git is not on the PATH; npm run doctor/, { PATH: "/nowhere" }],
  ])("%s", async (_what, prepare, message, variables = {}) => {
    const root = remote().clone("a");
    const folder = prepare(root) ?? root;
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    const said = await openClone(folder).then(
      () => "it is open",
      (error: Error) => error.message.trim(),
    );
    for (const name of Object.keys(variables)) vi.stubEnv(name, environment[name]);
    expect(said).toMatch(message);
  });

  test("and one that Git ties to another repository: the folder counts", async () => {
    const { clone } = remote();
    const [root, other] = [clone("a"), clone("b")];
    const before = git(other, "status", "--porcelain", "--branch");
    const tied = { GIT_DIR: join(other, ".git"), GIT_WORK_TREE: other, GIT_INDEX_FILE: join(other, ".git/index") };
    const { stderr } = await slipwayWith(tied, root, "weight", "ml", "--env", "dev", "canary=1");
    expect(stderr).toBe("");
    expect(subjects(root)[0]).toBe("weight(dev): ml canary 10 → 1");
    expect(subjects(other)).toHaveLength(1);
    expect(git(other, "status", "--porcelain", "--branch")).toBe(before);
  });

  test("symbolic links in the place of node_modules and .slipway are no change", async () => {
    const root = remote().clone("a");
    const elsewhere = temporaryFolder();
    writeFileSync(join(root, ".gitignore"), readFileSync(join(repository, ".gitignore")));
    git(root, "commit", "--quiet", "--all", "--message", "chore: as the repository has it");
    for (const name of ["node_modules", ".slipway"]) {
      mkdirSync(join(elsewhere, name));
      rmSync(join(root, name), { recursive: true, force: true });
      symlinkSync(join(elsewhere, name), join(root, name));
    }
    expect(git(root, "status", "--porcelain")).toBe("");
    await openClone(root);
  });
});

/** Commits and pushes other releases in dev, by hand. */
function release(root: string): void {
  const file = join(root, "envs/dev.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(/tag: [\w.]+/g, "tag: 7.0.0"));
  git(root, "commit", "--quiet", "--all", "--message", "feat: by hand");
  git(root, "push", "--quiet");
}

describe("a history that is not here", () => {
  test("shallow: a rollback says so, and does not tell of one release only", async () => {
    const { clone, bare, folder } = remote();
    release(clone("a"));
    const root = join(folder, "shallow");
    git(folder, "clone", "--quiet", "--depth=1", `file://${bare}`, "shallow");
    const { stderr } = await slipway(root, "rollback", "ml", "--env", "dev", "--release");
    expect(stderr).toMatch(/^this clone is shallow, .* git fetch --unshallow brings the rest of its history$/m);
    git(root, "fetch", "--quiet", "--unshallow");
    expect((await slipway(root, "rollback", "ml", "--env", "dev", "--release")).stderr).toBe("");
  });

  test("partial, with its remote away: what cannot be read is told, and is not taken for a file that is not there", async () => {
    const { clone, bare, folder } = remote();
    release(clone("a"));
    git(bare, "config", "uploadpack.allowFilter", "true");
    git(folder, "clone", "--quiet", "--filter=blob:none", `file://${bare}`, "partial");
    renameSync(bare, `${bare}.away`);
    const repository = openGit(join(folder, "partial"));
    await expect(readAt(repository, "HEAD^", "envs/dev.yaml")).rejects.toThrow(
      /^envs\/dev\.yaml of HEAD\^ cannot be read: /,
    );
    expect(await readAt(repository, "HEAD", "envs/none.yaml")).toBeUndefined();
    expect(await readAt(repository, "HEAD~9", "envs/dev.yaml")).toBeUndefined();
  });
});

describe("a diff", () => {
  const note = /the rendered files are not what the inputs say \(\d+ would change\); npm run render, and look again/;
  const edit = (root: string) => {
    const file = join(root, "envs/prod.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("tag: 6.14.0", "tag: 6.99.0"));
  };

  test("of an input that was edited and not rendered says that, on main and on a branch, committed or not", async () => {
    const root = remote().clone("a");
    edit(root);
    const { diff } = await compareWith(root, undefined);
    expect(diffText(diff)).toMatch(/^no rendered object changes between HEAD/);
    expect(diffText(diff)).toMatch(note);
    expect(diffMarkdown(diff)).toMatch(note);
    git(root, "switch", "--quiet", "--create", "change");
    git(root, "commit", "--quiet", "--all", "--message", "feat: not rendered");
    expect((await compareWith(root, undefined)).diff.note).toMatch(note);
    execFileSync(process.execPath, ["scripts/run.js", "render", "--root", root], { cwd: repository, env: environment });
    const rendered = (await compareWith(root, undefined)).diff;
    expect(rendered.note).toBeUndefined();
    expect(rendered.groups).not.toEqual([]);
    writeFileSync(join(root, "envs/prod.yaml"), "name: [");
    expect((await compareWith(root, undefined)).diff.note).toMatch(/inputs say, which have faults; npm run render/);
  });

  test.each<[string, (root: string) => string | undefined, RegExp, Readonly<Record<string, string>>?]>([
    ["of a clone of another user", () => undefined, /^Git does not open .* dubious ownership .*safe\.directory/, owner],
    ["without Git", () => undefined, /^git is not on the PATH/, { PATH: "/nowhere" }],
    ["of no repository", () => temporaryFolder(), /is no Git repository; run git init/],
    ["of a ref that is not there", () => undefined, /^there is no commit nowhere; git fetch brings/],
    ["of a repository without a commit", () => empty(), /^there is no commit yet; commit what is there first/],
  ])("%s", async (what, prepare, message, variables = {}) => {
    const root = remote().clone("a");
    const folder = prepare(root) ?? root;
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    const said = await compareWith(folder, what.includes("ref") ? "nowhere" : undefined).then(
      () => "it is compared",
      (error: Error) => error.message,
    );
    for (const name of Object.keys(variables)) vi.stubEnv(name, environment[name]);
    expect(said).toMatch(message);
  });
});

function empty(): string {
  const folder = temporaryFolder();
  git(folder, "init", "--quiet");
  return folder;
}

describe("a call", () => {
  const run = promisify(execFile);
  const call = (...args: string[]) =>
    run(process.execPath, ["scripts/run.js", ...args], { cwd: repository, env: environment }).then(
      ({ stdout }) => ({ stdout, stderr: "" }),
      ({ stdout, stderr }) => ({ stdout: String(stdout), stderr: String(stderr).trim() }),
    );

  test.each(["--__proto__", "--constructor", "--toString"])(
    "with %s, which libraries that parse it too fall over",
    async (option) => {
      const { stderr } = await call("destroy", option, "x", "--header", "y");
      expect(stderr).toBe(`Unknown option '${option}'; see npm run destroy -- --help`);
    },
  );

  test("of a command that is not there", async () => {
    expect((await call("wieght")).stderr).toBe('there is no command "wieght"; did you mean "weight"?');
    expect((await call("\ufeff\u001b[2J")).stderr).toMatch(/^there is no command "\\ufeff\\u001b\[2J"; there are /);
    expect((await call("lib/cli")).stderr).toMatch(/^there is no command "lib\/cli"; there are bootstrap, /);
    for (const args of [[], ["--help"]])
      expect((await call(...args)).stdout).toMatch(/^usage: [\s\S]*npm run weight -- --help/);
  });

  test("in a folder of a larger repository, or in none", async () => {
    const mono = temporaryFolder();
    git(mono, "init", "--quiet");
    const root = join(mono, "platform");
    mkdirSync(root);
    for (const args of [[], ["--check"], ["--dry-run"]])
      expect((await call("render", ...args, "--root", root)).stderr).toMatch(
        /^\S+platform is a folder of the repository \S+, and Argo CD would look for what is rendered from the top of that/,
      );
    expect((await call("render", "--root", join(root, "nowhere"))).stderr).toMatch(
      /^\S+nowhere is no folder; --root names/,
    );
  });

  test("of a trailer that is none", async () => {
    const root = remote().clone("a");
    const { stderr } = await slipway(root, "weight", "ml", "--env", "dev", "canary=1", "--trailer", "ABC-1");
    expect(stderr.trim()).toBe('--trailer "ABC-1": must be a key and a value, such as "Ticket: ABC-1"');
    expect(subjects(root)).toHaveLength(1);
  });

  test("that Git answers with a password in a URL: nobody sees it", async () => {
    const root = remote().clone("a");
    git(root, "remote", "set-url", "origin", "https://ann:s3cret@127.0.0.1:1/x.git");
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, "git"),
      `#!/bin/sh\ncase "$*" in "push "*) echo "fatal: cannot reach https://ann:s3cret@127.0.0.1:1/x.git" >&2; exit 128;; esac\nexec ${execFileSync("which", ["git"], { encoding: "utf8" }).trim()} "$@"\n`,
    );
    chmodSync(join(folder, "git"), 0o755);
    const variables = { PATH: `${folder}:${environment.PATH}` };
    const { stderr, stdout } = await slipwayWith(variables, root, "weight", "ml", "--env", "dev", "canary=1", "--push");
    expect(stderr).toMatch(/^origin did not take the push: cannot reach https:\/\/127\.0\.0\.1:1\/x\.git/);
    expect(stdout + stderr).not.toContain("s3cret");
  });
});
