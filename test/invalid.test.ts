import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { $ } from "zx/core";
import { InputError } from "../generators/model/faults.ts";
import { planRender, readPlatform } from "../scripts/lib/render.ts";
import { base, fixtures } from "./invalid.ts";

/** The lines that the render would print; none where it takes the platform. */
function faultLines(texts: ReadonlyMap<string, string>): string[] {
  try {
    readPlatform(texts);
    return [];
  } catch (error) {
    if (error instanceof InputError) return error.message.split("\n");
    throw error;
  }
}

test("the platform that the faults are put into is valid", () => {
  expect(faultLines(base)).toEqual([]);
});

describe("fixtures", () => {
  test.for(fixtures)("$name", ({ expected, texts }) => {
    expect(expected).not.toEqual([]);
    expect(faultLines(texts)).toEqual(expected);
  });
});

describe("files that a fixture cannot show", () => {
  const environment = base.get("envs/dev.yaml") ?? "";
  const faulty = environment.replace("weight: 90", "weight: 101");
  const fault = "envs/dev.yaml:15:17  services.frontend.versions.stable.weight: is 101, must be at most 100";
  const lines = (text: string) => faultLines(new Map([...base, ["envs/dev.yaml", text]]));

  test("a byte order mark and line breaks of Windows change nothing", () => {
    for (const odd of [(text: string) => `\uFEFF${text}`, (text: string) => text.replaceAll("\n", "\r\n")]) {
      expect(lines(odd(environment))).toEqual([]);
      expect(lines(odd(faulty))).toEqual([fault]);
    }
  });

  test("an alias bomb of a billion words does not go off", { timeout: 10_000 }, () => {
    const names = [..."abcdefghi"];
    const bomb = names.map(
      (name, index) => `${name}: &${name} [${`${index > 0 ? `*${names[index - 1]}` : "ha"}, `.repeat(10)}]`,
    );
    const found = lines(bomb.join("\n"));
    // One per anchor and per alias.
    expect(found).toHaveLength(names.length + 10 * (names.length - 1));
    expect(found.filter((line) => !line.includes("anchors and aliases are not read"))).toEqual([]);
  });

  test("a control character is refused and not printed", () => {
    expect(lines(environment.replace("tag: 1.0.0", "tag: 1.0\u0007"))).toEqual([
      "envs/dev.yaml:17:63  cannot be read as YAML: the stream contains non-printable characters",
    ]);
  });

  test("thousands of unknown keys are refused in time", { timeout: 20_000 }, () => {
    const keys = (count: number) => Array.from({ length: count }, (_, index) => `key${index}: 1\n`).join("");
    expect(lines(environment + keys(1_900))).toHaveLength(1_000);
    expect(lines(environment + keys(30_000))).toEqual(["envs/dev.yaml:1:1  has 30005 keys, must have at most 2000"]);
  });

  test.for([
    ["lists", `a: ${"[".repeat(10_000)}${"]".repeat(10_000)}`],
    ["maps", `a: ${"{a: ".repeat(5_000)}${"}".repeat(5_000)}`],
  ] as const)("%s that are nested ten thousand deep are a fault and no crash", ([, text]) => {
    expect(lines(text)).toEqual([expect.stringMatching(/^envs\/dev\.yaml:1:\d+ {2}cannot be read as YAML: /)]);
  });

  test("what no ConfigMap, process or object holds is refused", { timeout: 10_000 }, () => {
    const release = "image: { repository: ghcr.io/acme/frontend, tag: 1.0.0 }";
    const withText = (text: string) => lines(environment.replace(release, `${release}\n          ${text}`));
    const at = "services.frontend.versions.stable.release";
    const values = Array.from({ length: 9 }, (_, index) => `V${index}: "${"x".repeat(131_000)}"`);
    expect(withText(`config: { ${values.join(", ")} }`)).toEqual([
      `envs/dev.yaml:18:11  ${at}.config: takes 1179000 bytes, and a ConfigMap holds at most 1048576; shorten it`,
    ]);
    expect(withText(`config: { ${values.slice(1).join(", ")} }`)).toEqual([]);
    // `V=`, and the byte that ends it.
    expect(withText(`env: { V: "${"ü".repeat(65_535)}" }`)).toEqual([
      `envs/dev.yaml:18:21  ${at}.env.V: takes 131073 bytes, and Linux starts no process with more than 131072 in one variable; shorten it, or let the program fetch it`,
    ]);
    expect(withText(`env: { V: "${"x".repeat(131_069)}" }`)).toEqual([]);
    expect(withText(`args: ["${"x".repeat(131_072)}"]`)).toEqual([
      `envs/dev.yaml:18:18  ${at}.args[0]: takes 131073 bytes, and Linux starts no process with more than 131072 in one argument; shorten it, or let the program fetch it`,
    ]);
    const annotations = `serviceAccount: { annotations: { a: "${"x".repeat(262_144)}" } }`;
    expect(lines(environment.replace("expose: {}", `expose: {}\n    ${annotations}`))).toEqual([
      "envs/dev.yaml:10:23  services.frontend.serviceAccount.annotations: take 262145 bytes, and an object has at most 261120 of annotations; shorten them",
    ]);
  });

  test("a megabyte of nonsense is refused in time", { timeout: 10_000 }, () => {
    const [line, ...others] = lines(environment.replace("tag: 1.0.0", `tag: "${"-".repeat(1_000_000)}"`));
    expect(line).toMatch(/^envs\/dev\.yaml:17:60 {2}services\.frontend\.versions\.stable\.release\.image\.tag: /);
    expect(others).toEqual([]);
  });
});

describe("npm run render", () => {
  const roots: string[] = [];
  afterAll(() => {
    for (const root of roots) rmSync(root, { recursive: true });
  });

  test.concurrent.for([
    ["alias-bomb", []],
    ["empty-file", ["--check"]],
    ["number-as-tag", ["--dry-run", "--json"]],
    ["several-faults-in-several-files", []],
    ["tab-indentation", ["--json"]],
    ["weights-below-100", []],
  ] as const)("prints the faults of %s, and writes nothing", { timeout: 60_000 }, async ([name, flags]) => {
    const fixture = fixtures.find((candidate) => candidate.name === name);
    const root = mkdtempSync(join(tmpdir(), "slipway-invalid-"));
    roots.push(root);
    // The tree of the valid platform is there: the faults come with a later change.
    writeInputs(root, base);
    planRender(root).write();
    writeInputs(root, fixture?.texts ?? base);
    const before = readTree(root);

    const command = join(import.meta.dirname, "../scripts/render.ts");
    const { exitCode, stdout, stderr } = await $({
      nothrow: true,
      quiet: true,
      env: { ...process.env, FORCE_COLOR: "0" },
    })`${process.execPath} ${command} --root ${root} ${flags}`;

    expect(stderr.trimEnd().split("\n")).toEqual(fixture?.expected);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(readTree(root)).toEqual(before);
  });
});

function writeInputs(root: string, texts: ReadonlyMap<string, string>): void {
  for (const [file, text] of texts) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
}

/** Text of every file below a folder by path. */
function readTree(root: string): Record<string, string> {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Object.fromEntries(paths.map((path) => [path, readFileSync(path, "utf8")]));
}
