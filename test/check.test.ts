/** `npm run check`: tests leave a team's inputs alone, and a change of those alone is told from one of code. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { commitAll, git } from "./review.ts";
import { repository, temporaryFolder } from "./support.ts";

test.each<[string, readonly string[], "inputs" | "code"]>([
  ["an input", ["envs/prod.yaml"], "inputs"],
  ["inputs with what is rendered", ["clusters/local.yaml", "argo-apps/local/root.yaml", "envs/a/b.yaml"], "inputs"],
  ["an input and a generator", ["envs/prod.yaml", "generators/index.ts"], "code"],
  ["a test's inputs", ["test/fixtures/valid/calculator/envs/prod.yaml"], "code"],
  ["a pipeline", [".github/workflows/check.yml"], "code"],
  ["a file with a similar name", ["envs.md"], "code"],
])(".ci/changed since the commit before: %s", (_what, files, expected) => {
  const root = temporaryFolder();
  git(root, "init", "--quiet");
  write(root, "envs/dev.yaml");
  commitAll(root, "one");
  for (const file of files) write(root, file);
  commitAll(root, "two");
  expect(changed(root, "HEAD^1")).toBe(expected);
  // What goes counts like what comes.
  for (const file of files) rmSync(join(root, file));
  commitAll(root, "three");
  expect(changed(root, "HEAD^1")).toBe(expected);
});

test.each([
  ["a commit that a shallow clone has not got", "HEAD~2"],
  ["a branch that is new, as GitHub says it", "0".repeat(40)],
  ["nothing", ""],
])(".ci/changed since %s: everything is checked", (_what, since) => {
  const root = temporaryFolder();
  git(root, "init", "--quiet");
  write(root, "envs/dev.yaml");
  commitAll(root, "one");
  expect(changed(root, since)).toBe("code");
});

function write(root: string, file: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), "changed\n");
}

const changed = (root: string, since: string) =>
  execFileSync(join(repository, ".ci/changed"), [since], { cwd: root, encoding: "utf8" }).trim();

test("no test opens the inputs of the repository that it is in, or what is rendered from them", () => {
  const sources = git(repository, "ls-files", "--cached", "--others", "--exclude-standard", "test/*.ts").split("\n");
  const reading =
    /\b(readInputs|planRender|platformIn|copyInputs|listTree)\(repository\b|\brepository, "(envs|clusters|argo-apps)/;
  const found = sources
    .flatMap((file) =>
      readFileSync(join(repository, file), "utf8")
        .split("\n")
        .map((line) => `${file}: ${line.trim()}`),
    )
    .filter((line) => reading.test(line));
  // One compares the shipped inputs with the fixture, which .ci/run asks for.
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(/^test\/tree\.test\.ts: .*shippedFolder/);
});
