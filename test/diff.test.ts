/** `npm run diff`: what it says about real changes of real repositories, and that all its formats say the same. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compareValues } from "../scripts/lib/diff/compare.ts";
import { type Diff, diffFiles, type FilePair } from "../scripts/lib/diff/diff.ts";
import { diffMarkdown } from "../scripts/lib/diff/markdown.ts";
import { describeChange, describeField, describeObject } from "../scripts/lib/diff/words.ts";
import { readInputs } from "../scripts/lib/inputs.ts";
import {
  commitAll,
  edit,
  git,
  gitEnvironment,
  type Inputs,
  renderInputs,
  reviewRepository,
  serviceText,
} from "./review.ts";
import { repository, shippedFolder, temporaryFolder } from "./support.ts";

const shipped = readInputs(shippedFolder);
const repositoryWith = (after?: Inputs, before: Inputs = shipped) =>
  reviewRepository(join(temporaryFolder(), "repository"), before, after);

function diff(root: string, ...args: string[]) {
  const call = ["scripts/run.js", "diff", "--root", root, ...args];
  const options = { cwd: repository, env: gitEnvironment, encoding: "utf8", maxBuffer: 2 ** 28 } as const;
  return spawnSync(process.execPath, call, options);
}

/** What a change does: its JSON. */
function json(root: string, ...args: string[]): Diff {
  const { status, stdout, stderr } = diff(root, "--json", ...args);
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** `~ prod-routes VirtualService prod-backend/backend: is pruned` */
const objectLines = ({ groups }: Diff) =>
  groups.flatMap(({ applications }) =>
    applications.flatMap(({ name, objects }) =>
      objects.map((object) => [`${object.action} ${name} ${describeObject(object)}`, ...object.effects].join(": ")),
    ),
  );

const fieldLines = ({ groups }: Diff) =>
  groups.flatMap(({ applications }) =>
    applications.flatMap(({ objects }) =>
      objects.flatMap(({ fields }) =>
        fields.map(describeField).map((words) => `${words.path}  ${describeChange(words)}`),
      ),
    ),
  );

const shift = (inputs: Inputs, file: string, service: string, stable: number) => {
  const text = serviceText(inputs, file, service);
  const now = text.replace("weight: 90", `weight: ${stable}`).replace("weight: 10", `weight: ${100 - stable}`);
  return edit(inputs, file, [text, now]);
};

const orders = `  orders:
    versions:
      stable:
        release:
          image: { repository: ghcr.io/stefanprodan/podinfo, tag: 6.15.0 }
          ports: { http: { port: 8080 } }
          command: [./podinfo, --port=8080]
          probes: { readiness: { http: /readyz }, liveness: { http: /healthz } }
`;
const withOrders = (inputs: Inputs, file: string) =>
  edit(inputs, file, ["\n  backend:\n", `\n${orders}\n  backend:\n`]);

/** Without the service `ml`, which only `backend` calls. */
const withoutMl = (inputs: Inputs) =>
  ["dev", "prod"].reduce<Inputs>((all, name) => {
    const file = `envs/${name}.yaml`;
    const backend = serviceText(all, file, "backend");
    const changed = backend.replaceAll("[ml, database]", "[database]").replaceAll("$(ML_URL)", "http://nowhere");
    return edit(all, file, [serviceText(all, file, "ml"), ""], [backend, changed]);
  }, inputs);

describe("what a change does", () => {
  test("a weight is one line of the routes and what alerts compare to it, and waits for a person in prod", () => {
    const change = json(repositoryWith(shift(shipped, "envs/prod.yaml", "backend", 80)));
    expect(fieldLines(change)).toEqual([
      "spec.groups[declared].rules[0].expr  vector(90) → vector(80)",
      "spec.groups[declared].rules[1].expr  vector(10) → vector(20)",
      "spec.http[default].route.weight (stable/canary)  90/10 → 80/20",
    ]);
    expect(change.groups.map(({ name }) => name)).toEqual(["prod"]);
    expect(change.groups[0]?.applications.map(({ name, sync }) => [name, sync])).toEqual([["prod-routes", "manual"]]);
  });

  test("environments come in the order of their cluster, and the cluster last", () => {
    const all = ["dev", "staging", "prod"].reduce<Inputs>(
      (inputs, name) => withOrders(inputs, `envs/${name}.yaml`),
      shipped,
    );
    const ports = edit(all, "clusters/local.yaml", ["httpPort: 30080", "httpPort: 30082"]);
    const groups = json(repositoryWith(ports)).groups;
    expect(groups.map(({ name }) => name)).toEqual(["dev", "staging", "prod", "cluster local"]);
    // What no Application deploys: the configuration of Kind.
    expect(groups.at(-1)?.applications.map(({ sync }) => sync)).toContain("none");
  });

  test("an image restarts pods", () => {
    const file = "envs/dev.yaml";
    const ml = serviceText(shipped, file, "ml");
    const change = json(repositoryWith(edit(shipped, file, [ml, ml.replace(/tag: [\d.]+/, "tag: 9.9.9")])));
    expect(objectLines(change)).toEqual(["changed dev-ml Deployment dev-ml/ml-stable: restarts pods"]);
    expect(fieldLines(change)).toEqual([
      expect.stringMatching(/^spec\.template\.spec\.containers\[ml\]\.image {2}6\.\d+\.\d+ → 9\.9\.9$/),
    ]);
  });

  test("an image starts a rollout where Flagger has the service", () => {
    const file = "envs/dev.yaml";
    const rolledOut = orders.replace(
      "    versions:\n      stable:\n",
      "    rollout: { strategy: flagger }\n    versions:\n      stable:\n        autoscaling: { min: 1, max: 2 }\n",
    );
    const before = edit(shipped, file, ["\n  backend:\n", `\n${rolledOut}\n  backend:\n`]);
    const after = edit(before, file, [rolledOut, rolledOut.replace("6.15.0", "9.9.9")]);
    expect(objectLines(json(repositoryWith(after, before)))).toEqual([
      "changed dev-orders Deployment dev-orders/orders-stable: starts a rollout by Flagger",
    ]);
  });

  test("a service that goes: pruned where Argo CD may, left to a person in prod", () => {
    const lines = objectLines(json(repositoryWith(withoutMl(shipped))));
    expect(lines).toContain("removed dev Application argocd/dev-ml: is pruned");
    expect(lines).toContain("removed dev-ml Deployment dev-ml/ml-stable: is deleted with its Application");
    expect(lines).toContain("removed dev-namespaces Namespace dev-ml: is pruned after confirmation");
    expect(lines).toContain("removed dev-routes VirtualService dev-ml/ml: is pruned");
    expect(lines).toContain("removed prod Application argocd/prod-ml: stays until a person prunes it");
    expect(lines).toContain(
      "removed prod-ml Deployment prod-ml/ml-stable: stays until a person prunes its Application",
    );
    expect(lines).toContain("removed prod-routes VirtualService prod-ml/ml: stays until a person prunes it");
  });

  test("a service with a new name is one that goes and one that comes", () => {
    const renamed = edit(withOrders(shipped, "envs/dev.yaml"), "envs/dev.yaml", ["\n  orders:\n", "\n  sales:\n"]);
    const applications = json(repositoryWith(renamed, withOrders(shipped, "envs/dev.yaml"))).groups[0]?.applications;
    const actions = (name: string) =>
      new Set(applications?.find((one) => one.name === name)?.objects.map(({ action }) => action));
    expect([actions("dev-orders"), actions("dev-sales")]).toEqual([new Set(["removed"]), new Set(["created"])]);
  });

  test("an environment that comes, and goes again", () => {
    const prod = shipped.get("envs/prod.yaml") ?? "";
    const qa = prod.replace("name: prod", "name: qa").replaceAll("prod", "qa");
    const hosted = edit(shipped, "clusters/local.yaml", ["[dev, staging, prod]", "[dev, staging, qa, prod]"]);
    const withQa = new Map([...hosted, ["envs/qa.yaml", qa]]);
    const root = repositoryWith(withQa);
    const come = json(root);
    expect(come.groups.map(({ name }) => name)).toEqual(["qa", "cluster local"]);
    expect(objectLines(come)).toContain("created root Application argocd/qa");
    renderInputs(root, shipped);
    commitAll(root, "feat: no qa");
    const gone = json(root, "HEAD^");
    expect(gone.groups.map(({ name }) => name)).toEqual(["qa", "cluster local"]);
    // The root prunes nothing, so what hangs on it stays.
    expect(objectLines(gone)).toContain("removed root Application argocd/qa: stays until a person prunes it");
    expect(objectLines(gone)).toContain(
      "removed qa-ml Deployment qa-ml/ml-stable: stays until a person prunes its Application",
    );
  });

  test("order of keys, formatting and comments are silent", () => {
    const root = repositoryWith();
    const file = join(root, "envs/dev/ml/service-ml.yaml");
    const [header, ...lines] = readFileSync(file, "utf8").split("\n");
    const spec = lines.indexOf("spec:");
    const turned = [header, "# a comment", ...lines.slice(spec), ...lines.slice(0, spec)].filter((line) => line !== "");
    writeFileSync(file, `${turned.join("\r\n")}\r\n`);
    expect(git(root, "status", "--short")).toContain("service-ml.yaml");
    expect(json(root).groups).toEqual([]);
  });
});

describe("what is compared", () => {
  test("the work tree with what is not committed, new files too", () => {
    const root = repositoryWith(shift(shipped, "envs/prod.yaml", "backend", 80));
    renderInputs(root, withOrders(shift(shipped, "envs/prod.yaml", "backend", 50), "envs/dev.yaml"));
    const change = json(root);
    expect(fieldLines(change)).toContain("spec.http[default].route.weight (stable/canary)  90/10 → 50/50");
    expect(objectLines(change)).toContain("created dev-orders Deployment dev-orders/orders-stable");
    expect(fieldLines(json(root, "HEAD"))).toContain("spec.http[default].route.weight (stable/canary)  80/20 → 50/50");
  });

  test("on the default branch the last commit, or what is not committed", () => {
    const root = repositoryWith(shift(shipped, "envs/prod.yaml", "backend", 80));
    git(root, "switch", "--quiet", "main");
    git(root, "merge", "--quiet", "--ff-only", "change");
    git(root, "branch", "--delete", "change");
    expect(json(root).base).toMatch(/^HEAD\^ \(/);
    renderInputs(root, shipped);
    const change = json(root);
    expect([change.base.split(" ")[0], ...fieldLines(change)]).toEqual([
      "HEAD",
      "spec.groups[declared].rules[0].expr  vector(80) → vector(90)",
      "spec.groups[declared].rules[1].expr  vector(20) → vector(10)",
      "spec.http[default].route.weight (stable/canary)  80/20 → 90/10",
    ]);
  });

  test("a ref that is not there, a shallow clone, a folder that is no clone: one line, status 1", () => {
    const root = repositoryWith(shift(shipped, "envs/prod.yaml", "backend", 80));
    const fails = (where: string, ...args: string[]) => {
      const { status, stderr, stdout } = diff(where, ...args);
      expect([status, stdout]).toEqual([1, ""]);
      expect(stderr.trim().split("\n")).toHaveLength(1);
      return stderr.trim();
    };
    expect(fails(root, "nowhere")).toBe("there is no commit nowhere; git fetch brings the ones of the remote");
    const bare = temporaryFolder();
    git(bare, "clone", "--quiet", "--depth=1", "--no-single-branch", "--branch=change", `file://${root}`, "clone");
    expect(fails(join(bare, "clone"))).toMatch(
      /^origin\/main and HEAD have no common commit here; git fetch --unshallow/,
    );
    git(bare, "clone", "--quiet", "--depth=1", "--branch=change", `file://${root}`, "single");
    expect(fails(join(bare, "single"))).toMatch(
      /^this clone holds one commit of a longer history; git fetch --unshallow/,
    );
    // The base can be had all the same, by its name.
    expect(json(join(bare, "clone"), "origin/main").groups).toHaveLength(1);
    expect(fails(temporaryFolder())).toMatch(/is no Git repository/);
  });

  test("rendered files, also where the inputs are wrong on both sides", () => {
    const root = repositoryWith(shift(shipped, "envs/prod.yaml", "backend", 80));
    for (const file of ["envs/prod.yaml", "clusters/local.yaml"]) writeFileSync(join(root, file), "name: [\n");
    commitAll(root, "feat: wrong");
    for (const [format, marker] of [
      ["text", "90/10 → 80/20"],
      ["markdown", "90/10 → 80/20"],
      ["html", "<ins>80/20</ins>"],
    ] as const) {
      const { status, stdout, stderr } = diff(root, "--format", format, "main");
      expect([status, stderr, stdout.includes(marker)]).toEqual([0, "", true]);
    }
  });

  test("files of somebody else: Argo CD would deploy them, so they are shown; a link is not followed", () => {
    const root = repositoryWith();
    const folder = join(root, "envs/dev/ml");
    const manifest = (name: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}, namespace: dev-ml }\n`;
    writeFileSync(join(folder, "two.yml"), `${manifest("one")}---\n${manifest("two")}`);
    writeFileSync(join(folder, "binary.yaml"), Buffer.from([0, 255, 254, 7, 10, 58, 32, 91]));
    writeFileSync(join(folder, "broken.yaml"), "a: [\n");
    writeFileSync(join(folder, "note.txt"), "nobody deploys this\n");
    const secret = join(temporaryFolder(), "secret.yaml");
    writeFileSync(secret, "kind: Secret\nstringData: { password: hunter2 }\n");
    symlinkSync(secret, join(folder, "link.yaml"));
    mkdirSync(join(root, "envs/dev/empty"));
    expect(objectLines(json(root))).toEqual([
      "created dev-ml binary.yaml",
      "created dev-ml broken.yaml",
      "created dev-ml link.yaml",
      "created dev-ml ConfigMap dev-ml/one",
      "created dev-ml ConfigMap dev-ml/two",
    ]);
    for (const format of ["text", "markdown", "html"]) {
      const { status, stdout, stderr } = diff(root, "--format", format);
      expect([status, stderr, stdout.includes("hunter2")]).toEqual([0, "", false]);
    }
  });

  test("nothing, where nothing changes", () => {
    const root = repositoryWith();
    expect(diff(root).stdout).toMatch(/^no rendered object changes between HEAD/);
    expect(diff(root, "--format", "markdown").stdout).toContain("No rendered object changes.");
    expect(diff(root, "--format", "html").stdout).toContain("<h1>No rendered object changes</h1>");
  });

  test("--output writes what would be printed", () => {
    const root = repositoryWith(shift(shipped, "envs/prod.yaml", "backend", 80));
    const file = join(temporaryFolder(), "review.md");
    expect(diff(root, "--format", "markdown", "--output", file).stdout).toBe("");
    expect(readFileSync(file, "utf8")).toBe(diff(root, "--format", "markdown").stdout);
  });
});

describe("fields", () => {
  const route = (subset: string, weight?: number, host = "a") => ({ destination: { host, subset }, weight });
  test.each([
    ["keys in another order", { a: 1, b: 2 }, { b: 2, a: 1 }, []],
    ["a type", { a: "1" }, { a: 1 }, ['a  "1" → 1']],
    ["a key with dots", { "a.b/c": 1 }, { "a.b/c": 2 }, ["[a.b/c]  1 → 2"]],
    ["named items in another order", [{ name: "a" }, { name: "b" }], [{ name: "b" }, { name: "a" }], []],
    ["a named item", [{ name: "a", v: 1 }], [{ name: "b" }, { name: "a", v: 2 }], ["[a].v  1 → 2", "[b]  + {name: b}"]],
    ["an item before others", { l: [{ p: 1 }, { p: 2 }] }, { l: [{ p: 0 }, { p: 1 }, { p: 2 }] }, ["l[]  + {p: 0}"]],
    ["hosts in another order", { hosts: ["a", "b"] }, { hosts: ["b", "a"] }, []],
    ["arguments in another order", { args: ["a", "b"] }, { args: ["b", "a"] }, ["args (order)  [a, b] → [b, a]"]],
    ["an argument", { args: ["a", "b"] }, { args: ["a", "c"] }, ["args[1]  b → c"]],
    ["an item twice", { l: ["a"] }, { l: ["a", "a"] }, ["l[]  + a"]],
    [
      "routes in another order: the first that matches wins",
      { http: [{ match: [{ uri: { prefix: "/a" } }], route: [] }, { route: [] }] },
      { http: [{ route: [] }, { match: [{ uri: { prefix: "/a" } }], route: [] }] },
      ["http (order)  [/a, default] → [default, /a]"],
    ],
    ["weights in another order", [route("s", 90), route("c", 10)], [route("c", 10), route("s", 90)], []],
    ["a version that comes", [route("s")], [route("s", 90), route("c", 10)], [".weight (s/c)  100/– → 90/10"]],
    ["the host of a route", [route("s", 100)], [route("s", 100, "b")], ["[s].destination.host  a → b"]],
    ["a text of lines", { t: "a\nb\nc\n" }, { t: "a\nB\nc\n" }, ['t  "a\\nb\\nc\\n" → "a\\nB\\nc\\n" |  a|-b|+B| c']],
    [
      "the end of a long value",
      { t: `${"x".repeat(500)}1` },
      { t: `${"x".repeat(500)}2` },
      [`t  …${"x".repeat(20)}1 → …${"x".repeat(20)}2`],
    ],
    [
      "an image by digest",
      { image: "r/a@sha256:1" },
      { image: "r/a@sha256:2" },
      ["image  r/a@sha256:1 → r/a@sha256:2"],
    ],
    ["control characters", { t: "a" }, { t: "\u001b[2Jb\u202e" }, ["t  a → \\u{1b}[2Jb\\u{202e}"]],
    ["a prototype", { a: 1 }, JSON.parse('{"a":1,"__proto__":{"x":1}}'), ["__proto__  + {x: 1}"]],
  ])("%s", (_, before, after, expected) => {
    const lines = compareValues(before, after).map((field) => {
      const { lines, ...words } = describeField(field);
      return [`${words.path}  ${describeChange(words)}`, ...(lines ? [lines.join("|")] : [])].join(" | ");
    });
    expect(lines).toEqual(expected);
  });
});

/** Values that mean something to Markdown, HTML, a terminal or a person. */
const hostile = [
  "<script>alert(1)</script>",
  "</details></pre></td><img src=x onerror=alert(1)>",
  "`code` ``two`` ```three```",
  "a | b || c",
  "@everyone @org/team #1 https://example.com",
  "a → b → c",
  "😀 ümläut 漢字 \u202eevil",
  "\"quotes\" &amp; 'more' &lt;",
  "- list\n# title\n```\n</details>\n@someone",
];

describe("formats", () => {
  const hostileRoot = () => {
    const root = repositoryWith();
    const file = join(root, "envs/dev/ml/config-map-ml-stable.yaml");
    const data = hostile.map((value, index) => `  key${index}: ${JSON.stringify(value)}`).join("\n");
    writeFileSync(file, readFileSync(file, "utf8").replace(/^data:\n/m, `data:\n${data}\n`));
    return root;
  };

  test.each([
    ["a weight", () => repositoryWith(shift(shipped, "envs/prod.yaml", "backend", 80))],
    ["a service that comes", () => repositoryWith(withOrders(shipped, "envs/dev.yaml"))],
    ["a service that goes", () => repositoryWith(withoutMl(shipped))],
    ["hostile values", hostileRoot],
  ])("say the same: %s", (_, make) => {
    const root = make();
    const expected = told(json(root));
    expect(expected.length).toBeGreaterThan(1);
    expect(fromText(diff(root).stdout)).toEqual(expected);
    expect(fromMarkdown(diff(root, "--format", "markdown").stdout)).toEqual(expected);
    expect(fromHtml(diff(root, "--format", "html").stdout)).toEqual(expected);
  });

  test("hostile values stay values", () => {
    const root = hostileRoot();
    const html = diff(root, "--format", "html").stdout;
    expect(html).not.toMatch(/<script|<img/);
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    // Without code, where Markdown means nothing, nothing of them is left.
    const markdown = diff(root, "--format", "markdown").stdout;
    const rest = markdown
      .replace(/^ {4}(`{3,})diff\n(?: {4}.*\n)*? {4}\1$/gm, "")
      .replace(/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/g, "");
    expect(rest).not.toMatch(/[@`|]everyone|script|<img|@/);
    expect(rest.match(/<\/details>/g)).toHaveLength(markdown.match(/^<details>/gm)?.length ?? 0);
    expect(diff(root).stdout).not.toMatch(/\u202e/);
  });
});

/** What each format has to say of a diff: Applications, objects, fields. */
function told({ groups }: Diff): string[] {
  return groups.flatMap(({ name: group, applications }) =>
    applications.flatMap(({ name, objects }) => [
      `${group} / ${name}`,
      ...objects.flatMap((object) => [
        [`${object.action} ${describeObject(object)}`, ...object.effects].join(" ! "),
        ...object.fields.map(describeField).map((words) => `${words.path}${words.lines ? "" : `  ${value(words)}`}`),
      ]),
    ]),
  );
}
const value = ({ before, after }: { before?: string; after?: string }) =>
  [before, after].filter((one) => one !== undefined).join(" → ");
const marks: Record<string, string> = { "+": "created", "~": "changed", "-": "removed" };

function fromText(text: string): string[] {
  let group = "";
  return text.split("\n").flatMap((line) => {
    if (/^\S/.test(line)) group = line.split("  ")[0] ?? "";
    const application = /^ {2}(\S.*?)(?: {2}.*)?$/.exec(line);
    if (application) return [`${group} / ${application[1]}`];
    const object = /^ {4}([-+~]) (.*?)(?: {2}(.*))?$/.exec(line);
    if (object) return [[`${marks[object[1] ?? ""]} ${object[2]}`, ...(object[3]?.split(", ") ?? [])].join(" ! ")];
    const field = /^ {8}(\S.*)$/.exec(line);
    return field ? [(field[1] ?? "").replace(/ {2}[-+] /, "  ")] : [];
  });
}

/** The text of a code span. */
const span = (text: string) => {
  const inner = /^(`+)(.*)\1$/.exec(text)?.[2] ?? "";
  return /^ .*`.* $/.test(inner) ? inner.slice(1, -1) : inner;
};
const entities = (text: string) =>
  text
    .replace(/<[^>]*>/g, "")
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");

function fromMarkdown(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const summary = /^<details><summary>(<code>.*?<\/code>) · (<code>.*?<\/code>)/.exec(line);
    if (summary) return [`${entities(summary[1] ?? "")} / ${entities(summary[2] ?? "")}`];
    const object = /^- (created|changed|removed) (`+.*`+)(?: – \*\*(.*)\*\*)?$/.exec(line);
    if (object) return [[`${object[1]} ${span(object[2] ?? "")}`, ...(object[3]?.split(", ") ?? [])].join(" ! ")];
    const field = /^ {2}- (`+[^`]*`+):(?: (`.*`))?$/.exec(line);
    if (!field) return [];
    return [span(field[1] ?? "") + (field[2] ? `  ${span(field[2]).replace(/^[-+] /, "")}` : "")];
  });
}

function fromHtml(html: string): string[] {
  let group = "";
  const pattern =
    /<section id=".*?">\s*<h2>(?<group>.*?)<\/h2>|<summary><h3>(?<application>.*?)<\/h3>|<summary><span class="mark \w+">(?<action>\w+)<\/span> <code>(?<object>.*?)<\/code>(?<effects>.*?)<\/summary>|<th scope="row">(?<path>.*?)<\/th><td>(?<value>.*?)<\/td>/gs;
  return [...html.matchAll(pattern)].flatMap(({ groups: found = {} }) => {
    if (found.group !== undefined) group = entities(found.group);
    if (found.application !== undefined) return [`${group} / ${entities(found.application)}`];
    if (found.object !== undefined) {
      const effects = [...(found.effects ?? "").matchAll(/<span class="badge effect">(.*?)<\/span>/g)].map(
        ([, one]) => one,
      );
      return [[`${found.action} ${entities(found.object)}`, ...effects].join(" ! ")];
    }
    if (found.path === undefined) return [];
    const lines = found.value?.startsWith("<pre");
    return [entities(found.path) + (lines ? "" : `  ${entities(found.value ?? "")}`)];
  });
}

describe("a comment has room for", () => {
  const manifest = (index: number, value: string) =>
    `kind: ConfigMap\napiVersion: v1\nmetadata: { name: c-${index}, namespace: n }\ndata: { key: ${JSON.stringify(value)} }\n`;
  const pairs = (count: number, path: (index: number) => string, [old, now] = ["a", "b"]): FilePair[] =>
    Array.from({ length: count }, (_, index) => ({
      path: path(index),
      before: manifest(index, old ?? ""),
      after: manifest(index, now ?? ""),
    }));
  const surroundings = { unchanged: () => undefined, clusters: new Map([["local", ["dev", "prod"]]]) };
  const huge = "x\n".repeat(500_000);
  const cases: [string, FilePair[]][] = [
    ["thousands of objects in one Application", pairs(20_000, (index) => `envs/prod/routes/${index}.yaml`)],
    ["thousands of Applications", pairs(5_000, (index) => `envs/prod/app-${index}/a.yaml`)],
    ["thousands of environments", pairs(5_000, (index) => `envs/env-${index}/app/a.yaml`)],
    ["a huge field", pairs(1, () => "envs/prod/app/a.yaml", ["", huge])],
    [
      "huge fields everywhere",
      pairs(300, (index) => `envs/e${index % 3}/app-${index % 50}/${index}.yaml`, ["", huge.slice(0, 9_000)]),
    ],
    [
      "names that are long and hostile",
      pairs(500, (index) => `envs/${"&|<".repeat(60)}${index}/${"`@".repeat(90)}/a.yaml`),
    ],
    [
      "characters of four bytes",
      pairs(3_000, (index) => `envs/dev/app-${index % 9}/${index}.yaml`, ["😀".repeat(100), "漢".repeat(300)]),
    ],
  ];
  test.each(cases)("%s", (_, files) => {
    const change: Diff = { base: "main (00000000)", head: "the work tree", groups: diffFiles(files, surroundings) };
    const text = diffMarkdown(change);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(65_536);
    // It is used, and the summary has the whole number.
    expect(Buffer.byteLength(text)).toBeGreaterThan(files.length > 1 ? 30_000 : 500);
    expect(text).toContain(`_${files.length} changed.`);
    expect(text.match(/^<\/details>$/gm)).toHaveLength(text.match(/^<details>/gm)?.length ?? 0);
    expect(text.match(/^ {4}`{3,}diff$/gm) ?? []).toHaveLength((text.match(/^ {4}`{3,}(diff)?$/gm) ?? []).length / 2);
    // What does not fit is counted: shown and counted objects together are all.
    const shown = text.match(/^- changed /gm)?.length ?? 0;
    const counted = [...text.matchAll(/^- … (\d+) more objects?$/gm)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
    const applications = /… (\d+) more Applications?/.exec(text)?.[1] ?? 0;
    if (Number(applications) === 0) expect(shown + counted).toBe(files.length);
    else expect(shown).toBeGreaterThan(20);
  });

  test("both of two environments, where one alone would fill it", () => {
    const files = ["dev", "prod"].flatMap((name) =>
      pairs(5_000, (index) => `envs/${name}/app-${index % 20}/${index}.yaml`),
    );
    const text = diffMarkdown({ base: "a", head: "b", groups: diffFiles(files, surroundings) });
    const shown = (name: string) => text.match(new RegExp(`<summary><code>${name}<`, "g"))?.length ?? 0;
    expect(shown("dev")).toBeGreaterThan(5);
    expect(shown("dev")).toBe(shown("prod"));
  });
});
