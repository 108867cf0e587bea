/** `npm run init` in clones with real Git: what it leaves, what it refuses, and that it can be repeated. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filesOf } from "../scripts/lib/init/carry-out.ts";
import { type InitPlan, planInit, readPresent } from "../scripts/lib/init/plan.ts";
import { type Answers, answerAll, toSettings } from "../scripts/lib/init/questions.ts";
import { optional, pins } from "../scripts/lib/init/settings.ts";
import { readInputs } from "../scripts/lib/inputs.ts";
import { planRender } from "../scripts/lib/render.ts";
import { git, isFresh, slipway, subjects } from "./clones.ts";
import { platformIn, repository, shippedFolder, temporaryFolder } from "./support.ts";

const template = mkdtempSync(join(tmpdir(), "slipway-init-"));

/** A clone of slipway as it ships: its inputs, rendered, its package and its README. */
beforeAll(() => {
  for (const file of readInputs(shippedFolder).keys())
    for (const folder of ["", "test/fixtures/valid/3rvision"])
      cpSync(join(shippedFolder, file), join(template, folder, file));
  planRender(template).write();
  const packageJson = { name: "slipway", version: "0.1.0", description: "GitOps bootstrap", private: true };
  const lock = { name: "slipway", version: "0.1.0", packages: { "": { name: "slipway" } } };
  write(template, "package.json", `${JSON.stringify(packageJson, null, 2)}\n`);
  write(template, "package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
  write(template, "README.md", "# slipway\n\nThe manual.\n");
  write(template, ".gitignore", ".slipway/\n*.slipway-tmp\n");
  git(template, "init", "--quiet", "--initial-branch=main");
  git(template, "add", "--all");
  git(template, "commit", "--quiet", "--message", "feat: slipway");
});
afterAll(() => rmSync(template, { recursive: true, force: true }));

function freshClone(): string {
  const root = join(temporaryFolder(), "acme");
  cpSync(template, root, { recursive: true });
  return root;
}

const write = (root: string, file: string, text: string) => {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
};
const read = (root: string, file: string) => readFileSync(join(root, file), "utf8");
const edit = (root: string, file: string, from: string, to: string) => {
  expect(read(root, file)).toContain(from);
  write(root, file, read(root, file).replace(from, to));
};
const json = (root: string, file: string) => JSON.parse(read(root, file));
const init = (root: string, ...args: string[]) => slipway(root, "init", "--yes", ...args);

/** The same as the command, without a process of its own and without Git. */
function planFor(root: string, answers: Answers): InitPlan {
  const present = readPresent(root);
  const known = { folder: "acme", ...(present.settings && { settings: present.settings }) };
  return planInit(present, toSettings(answerAll(answers, known)), "0".repeat(40));
}
function apply(root: string, answers: Answers): InitPlan {
  const plan = planFor(root, answers);
  for (const [path, text] of filesOf(plan)) text === null ? rmSync(join(root, path)) : write(root, path, text);
  return plan;
}
const inputsIn = (plan: InitPlan) => [...plan.files.keys()].filter((file) => /^(envs|clusters)\//.test(file)).sort();

const urls = {
  github: "https://github.com/acme/platform.git",
  gitlab: "git@gitlab.com:acme/platform.git",
  azure: "https://dev.azure.com/acme/p/_git/platform",
  ssh: "ssh://git@git.acme.com:2222/platform.git",
};

describe("every kind of platform passes the analysis and is rendered", () => {
  const three = ["dev", "staging", "prod"];
  test.each<[string, Answers, readonly string[]]>([
    ["Kind, empty", {}, three],
    ["Kind, other names, a service", { environments: "qa,prod", service: "shop" }, ["qa", "prod"]],
    ["Kind, GitHub, one environment", { repository: urls.github, environments: "only" }, ["only"]],
    [
      "a cluster with an Istio of its own",
      { provider: "existing", repository: urls.gitlab, provided: "argocd,istio,monitoring" },
      three,
    ],
    [
      "EKS",
      {
        provider: "eks",
        region: "us-east-2",
        repository: urls.ssh,
        environments: "qa,prod",
        hosts: "qa.acme.com,acme.com",
      },
      ["qa", "prod"],
    ],
    ["AKS, bare", { provider: "aks", repository: urls.azure, components: "none" }, three],
    [
      "AKS with everything, another branch",
      { provider: "aks", repository: urls.azure, revision: "live", service: "shop" },
      three,
    ],
  ])("%s", (_, answers, environments) => {
    const plan = planFor(template, answers);
    expect(plan.edited).toEqual([]);
    expect(plan.render.platform.clusters.map(({ value }) => value.environments)).toEqual([environments]);
    for (const file of inputsIn(plan).filter((path) => plan.files.get(path)))
      expect(plan.files.get(file)).toMatch(/^# yaml-language-server: \$schema=[^\n]+\n# [^\n]+\nname: /);
    const left = [...filesOf(plan).values()].filter((text) => text?.toLowerCase().includes("3rvision"));
    expect(left).toEqual([]);
    for (const name of environments) expect(plan.files.get("README.md")).toContain(`envs/${name}.yaml`);
  });

  test("the last of several environments waits for a person, and wakes somebody up", () => {
    const { clusters, environments } = planFor(template, { environments: "qa,prod" }).render.platform;
    const syncs = environments.map(({ value }) => [value.name, value.delivery.sync]);
    expect(Object.fromEntries(syncs)).toEqual({ qa: "automated", prod: "manual" });
    expect(clusters[0]?.value.platform.monitoring?.alerting.pages).toEqual(["prod"]);
  });

  test("the manual's way to add a service begins with the empty platform", () => {
    const root = freshClone();
    apply(root, { environments: "dev" });
    const manual = ["SLIPWAY.md", "README.md"].find((file) => existsSync(join(repository, file))) ?? "";
    const [, block = ""] = /## Add a service[\s\S]*?```yaml\n([\s\S]*?)\n {3}```/.exec(read(repository, manual)) ?? [];
    expect(block).toContain("orders:");
    edit(root, "envs/dev.yaml", "services: {}", `services:\n${block.replaceAll(/^ {3}/gm, "")}`);
    const created = planRender(root).tree.create.map(({ path }) => path);
    expect(created).toContain("envs/dev/orders/service-orders.yaml");
  });

  test("its versions are those that slipway ships with", () => {
    const { platform, provider } = platformIn(shippedFolder).clusters[0]?.value ?? {};
    const versions = Object.entries(platform ?? {}).map(([name, component]) => [name, component?.version]);
    expect(Object.fromEntries(versions)).toEqual(pins);
    expect(optional.filter((name) => !platform?.[name])).toEqual([]);
    const made = planFor(template, {}).render.platform.clusters[0]?.value.provider;
    expect(made).toEqual(provider);
  });
});

describe("wrong answers", () => {
  test("all at once, in the words of the inputs, and nothing is written", async () => {
    const root = freshClone();
    const wrong = {
      name: "Acme!",
      environments: "Prod,x,x",
      hosts: "a",
      repository: "foo",
      region: "x",
      components: "kialy",
    };
    const { status, stderr } = await init(
      root,
      ...Object.entries(wrong).flatMap(([key, value]) => [`--${key}`, value]),
    );
    expect(status).toBe(1);
    expect(stderr.trim().split("\n")).toEqual([
      `--name: is "Acme!", must be lower-case letters, digits and '-', starting with a letter`,
      "--region: says nothing about a cluster of kind",
      `--repository: is "foo", must be the URL of a Git repository`,
      `--environments: is "Prod", must be lower-case letters, digits and '-', starting with a letter`,
      "--hosts: must be 3, one for each of Prod, x, x",
      '--components: has no kialy; did you mean "kiali"?',
    ]);
    expect(git(root, "status", "--porcelain")).toBe("");
  });

  test.each<[Answers, string]>([
    [{ environments: "qa,qa" }, "--environments: names qa twice"],
    [{ environments: "" }, "--environments: must name at least one"],
    [{ hosts: "a.localhost,a.localhost,b.localhost" }, "--hosts: names a.localhost twice"],
    [{ provider: "eks" }, "--repository: is missing; name the URL of this repository"],
    [{ provider: "gke" }, '--provider: is "gke", must be one of kind, existing, eks, aks'],
    [{ repository: "https://me:secret@github.com/acme/p.git" }, "holds a password, which must not stand in Git"],
    [{ environments: `a${"b".repeat(20)}` }, "must be at most 20 characters long"],
    [{ service: "1x" }, `--service: is "1x", must be lower-case`],
    [{ slipway: "https://me:secret@example.com/slipway.git" }, "--slipway: holds a user or password"],
    [{ components: "kiali" }, "platform.kiali: Kiali draws what Prometheus has measured"],
    [
      { components: "gitea", repository: urls.github },
      "--components: gitea is the Git server that a Kind cluster follows",
    ],
  ])("%o", (answers, message) => {
    expect(() => planFor(template, answers)).toThrow(message);
  });
});

describe("again", () => {
  test("the same answers change nothing, nor do none", () => {
    const root = freshClone();
    const answers = { name: "other", environments: "qa,prod", service: "shop", repository: urls.github };
    apply(root, answers);
    for (const again of [answers, {}]) expect([...filesOf(planFor(root, again)).keys()]).toEqual([]);
  });

  test("another answer changes what follows from it, and leaves what was edited elsewhere", () => {
    const root = freshClone();
    apply(root, { environments: "qa,prod", service: "shop" });
    edit(root, "envs/qa.yaml", "timeout: 5s", "timeout: 6s # slow");
    const plan = planFor(root, { components: "none" });
    expect(plan.edited).toEqual([]);
    expect(inputsIn(plan)).toEqual(["clusters/local.yaml"]);
  });

  test("what was edited is not overwritten or removed, unless it is said", async () => {
    const root = freshClone();
    apply(root, { environments: "qa,prod", service: "shop" });
    for (const file of ["envs/qa.yaml", "envs/prod.yaml"]) write(root, file, `${read(root, file)}# ours\n`);
    git(root, "add", "--all");
    git(root, "commit", "--quiet", "--message", "docs: ours");
    const args = ["--environments", "prod", "--cluster", "lab"];
    const refused = await init(root, ...args);
    expect(refused).toMatchObject({
      status: 1,
      stderr: "envs/prod.yaml, envs/qa.yaml: edited here, and would be overwritten; --force does that\n",
    });
    expect(git(root, "status", "--porcelain")).toBe("");
    expect(await init(root, ...args, "--force")).toMatchObject({ status: 0, stderr: "" });
    expect([...readInputs(root).keys()]).toEqual(["clusters/lab.yaml", "envs/prod.yaml"]);
  });

  test("a platform that took the place of the shipped one without init is a team's", () => {
    const root = freshClone();
    edit(root, "envs/dev.yaml", "timeout: 10s", "timeout: 11s");
    expect(planFor(root, {}).edited).toEqual(["envs/dev.yaml"]);
  });

  test("a README of one's own stays", () => {
    const root = freshClone();
    apply(root, { environments: "qa,prod" });
    write(root, "README.md", "# Ours\n");
    const plan = planFor(root, { environments: "prod" });
    expect(plan.notes).toEqual(["README.md is your own, and stays as it is"]);
    expect(plan.files.has("README.md")).toBe(false);
  });
});

describe("with Git", () => {
  test("--commit makes one commit, after which the tree is clean and fresh, without a trace; remotes stay", async () => {
    const root = freshClone();
    git(root, "remote", "add", "origin", "https://someone:token@github.com/example/slipway.git");
    const before = read(root, ".git/config");
    const args = ["--name", "acme", "--environments", "qa,prod", "--repository", urls.github, "--commit"];
    const { status, stdout, stderr } = await init(root, ...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(git(root, "status", "--porcelain")).toBe("");
    expect(subjects(root)).toEqual(["init(acme): a platform of qa, prod", "feat: slipway"]);
    expect(isFresh(root)).toBe(true);
    expect(git(root, "ls-files", "--", ":!test").toLowerCase()).not.toContain("3rvision");
    expect(() => git(root, "grep", "-i", "3rvision", "--", ":!test")).toThrow();
    const slipway = { repository: "https://github.com/example/slipway.git", commit: git(root, "rev-parse", "HEAD^") };
    expect(json(root, "package.json")).toMatchObject({ name: "acme", slipway });
    expect(json(root, "package-lock.json")).toMatchObject({ name: "acme", packages: { "": { name: "acme" } } });
    expect(read(root, "SLIPWAY.md")).toBe("# slipway\n\nThe manual.\n");
    expect(read(root, ".git/config")).toBe(before);
    expect(stdout).toContain(`git remote rename origin slipway\n  git remote add origin ${urls.github}`);
  });

  test("uncommitted changes are refused in one line, and a dry run writes nothing", async () => {
    const root = freshClone();
    expect((await init(root, "--dry-run")).stdout).toContain("dry run: nothing was written");
    expect(git(root, "status", "--porcelain")).toBe("");
    write(root, "mine.txt", "");
    const { status, stderr } = await init(root);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^there are uncommitted changes \(mine\.txt\).*\n$/);
  });

  test("--json says what is written", async () => {
    const { settings, files, next } = JSON.parse((await init(freshClone(), "--json", "--environments", "dev")).stdout);
    expect(settings).toMatchObject({ name: "acme", environments: ["dev"], hosts: ["dev.acme.localhost"] });
    expect(files).toContainEqual({ path: "envs/prod.yaml", action: "remove" });
    expect(next.at(-1)).toBe("npm run bootstrap");
  });

  test("nothing but tests and inputs names the platform that slipway ships with", () => {
    const own = [":!test", ":!envs", ":!clusters", ":!argo-apps", ":!CHANGELOG.md"];
    expect(() => git(repository, "grep", "-il", "3rvision", "--", ".", ...own)).toThrow();
  });
});
