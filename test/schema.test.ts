/** The JSON Schemas that editors check inputs against take what the parser takes, and refuse what it refuses. */
import { Ajv } from "ajv";
import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { parsePlatform } from "../generators/model/platform.ts";
import { schemaUnits } from "../generators/schema.ts";
import { readInputs } from "../scripts/lib/inputs.ts";
import { base, fixtures } from "./invalid.ts";
import { platformFolders } from "./support.ts";

const schemas = new Map(
  schemaUnits().flatMap((unit) =>
    unit.generate().flatMap((document) => ("file" in document ? [[unit.folder, document.content] as const] : [])),
  ),
);
const validators = new Map(
  [...schemas].map(([folder, schema]) => [
    folder,
    new Ajv({ strict: true, strictRequired: false, strictTypes: false }).compile(schema as object),
  ]),
);

/** Files that a schema refuses, sorted; none where one is no YAML. */
function refused(texts: ReadonlyMap<string, string>): string[] | undefined {
  try {
    return [...texts]
      .filter(([file, text]) => validators.get(file.split("/")[0] ?? "")?.(load(text, { maxAliases: 0 })) !== true)
      .map(([file]) => file)
      .sort();
  } catch {
    return undefined;
  }
}

describe("what is valid", () => {
  test.for(Object.entries({ ...platformFolders }))("%s", ([, folder]) =>
    expect(refused(readInputs(folder))).toEqual([]),
  );
  test("the base of the faults", () => expect(refused(base)).toEqual([]));
});

describe("what has the wrong form", () => {
  const malformed = fixtures.flatMap(({ name, texts }) => {
    const files = [...new Set(parsePlatform(texts).faults.map(({ file }) => file))].sort();
    return files.length > 0 && refused(texts) ? [{ name, texts, files }] : [];
  });

  test("is most of the fixtures", () => expect(malformed.length).toBeGreaterThan(100));
  test.for(malformed)("$name", ({ texts, files }) => expect(refused(texts)).toEqual(files));

  test.for([
    ["a service without ports", "ports: { http: { port: 8080 } }", "ports: {}"],
    ["a header route without headers", 'headers: { x-canary: "true" }', "headers: {}"],
    ["a probe of two kinds", "readiness: { http: /readyz }", "readiness: { http: /readyz, tcp: true }"],
    ["a path that is none", "readiness: { http: /readyz }", "readiness: { http: readyz }"],
    ["objectives that say nothing", "timeout: 10s", "slo: { window: 7d }"],
    ["a data store without memory", "    resources: { memory: 512Mi }", ""],
  ] as const)("%s, alone", ([, right, wrong]) => {
    const text = base.get("envs/dev.yaml") ?? "";
    expect(text).toContain(right);
    expect(refused(new Map([["envs/dev.yaml", text.replace(right, wrong)]]))).toEqual(["envs/dev.yaml"]);
  });
});
