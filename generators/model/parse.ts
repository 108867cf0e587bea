import { load, YAMLException } from "js-yaml";
import { isAlias, isScalar, parseDocument, visit } from "yaml";
import type { z } from "zod";
import { type Fault, nearMiss, type Path } from "./faults.ts";

export type Parsed<T> = { readonly value: T } | { readonly faults: readonly Fault[] };

/**
 * Reads one input: YAML 1.2, checked strictly against `schema`, defaults filled in.
 *
 * js-yaml reads what is right, about seven times as fast as `yaml` does; `yaml` reads what is wrong, because it goes on
 * after an error and knows where each node stands.
 *
 * @param file path for the faults, relative to the repository root
 * @param text the file's text
 */
export function parseInput<T>(file: string, text: string, schema: z.ZodType<T>): Parsed<T> {
  try {
    const checked = schema.safeParse(load(text, { maxAliases: 0 }));
    if (checked.success) return { value: checked.data };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    // No reason to let the other reader, which has no such limit, go as deep.
    if (error.reason.startsWith("nesting exceeded")) {
      const message = "cannot be read as YAML: it is nested more than 100 levels deep";
      return { faults: [{ file, path: [], offset: error.mark?.position ?? 0, message }] };
    }
  }
  return { faults: explain(file, text, schema) };
}

/** All faults of a text that is known to have some. Syntax comes first: types are looked at when the file can be read. */
function explain(file: string, text: string, schema: z.ZodType): Fault[] {
  const document = parseDocument(text, { logLevel: "error" });
  const syntax: Fault[] = document.errors.map((error) => ({
    file,
    path: [],
    offset: error.pos[0],
    message: syntaxMessage(error.code, error.message),
  }));
  visit(document, {
    Node(_key, node) {
      const anchored = isAlias(node) ? `*${node.source}` : node.anchor && `&${node.anchor}`;
      if (anchored)
        syntax.push({
          file,
          path: [],
          offset: node.range?.[0] ?? 0,
          message: `anchors and aliases are not read (${anchored}); write the value out`,
        });
    },
  });
  if (syntax.length > 0) return syntax;
  const checked = schema.safeParse(document.toJS(), { error: rawMessage });
  const faults = (checked.error?.issues ?? []).flatMap((issue) =>
    toFaults(file, issue, (path) => source(document.getIn(path, true))),
  );
  if (faults.length === 0) throw new Error(`${file}: the two YAML readers disagree about this file`);
  return faults;
}

function syntaxMessage(code: string, message: string): string {
  if (code === "DUPLICATE_KEY") return "the key stands here twice in one map; remove one of the two";
  return `cannot be read as YAML: ${message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "")}`;
}

/** The text of a scalar as it stands in the file, `6.10` and not `6.1`. */
function source(node: unknown): string | undefined {
  return isScalar(node) ? node.source : undefined;
}

/** Keeps for `toFaults` what zod knows only while it checks: the keys that a map may have. */
function rawMessage(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== "unrecognized_keys") return undefined;
  const shape = (issue.inst as z.ZodObject | undefined)?._zod.def.shape ?? {};
  return Object.keys(shape).join(" ");
}

type Issue = z.core.$ZodIssue;

/** One issue of zod as faults in our words. `sourceAt` gives the text of the scalar at a path. */
function toFaults(file: string, issue: Issue, sourceAt: (path: Path) => string | undefined): Fault[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  if (issue.code === "unrecognized_keys") {
    const known = issue.message.split(" ");
    return issue.keys.map((key) => ({
      file,
      path: [...path, key],
      atKey: true,
      message: `is not a key here; ${nearMiss(key, known) || `known keys are ${known.join(", ")}`}`,
    }));
  }
  if (issue.code === "invalid_key") {
    return [{ file, path, atKey: true, message: `${quote(path.at(-1))} ${issue.issues[0]?.message}` }];
  }
  return [{ file, path, message: valueMessage(issue, sourceAt(path)) }];
}

function valueMessage(issue: Issue, text: string | undefined): string {
  if (issue.code === "invalid_type") return typeMessage(issue.expected, text, issue.message);
  if (issue.code === "invalid_value") {
    const options = issue.values.map(String);
    const hint = text === undefined ? "" : nearMiss(text, options);
    return text === undefined && issue.message.includes("undefined")
      ? `is missing; it is one of ${options.join(", ")}`
      : `is ${text ?? "a map or a list"}, must be ${options.length > 1 ? "one of " : ""}${options.join(", ")}${hint && `; ${hint}`}`;
  }
  if (issue.code === "invalid_union") {
    const options = "options" in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
    return `is ${text ?? "missing"}, must be one of ${options.join(", ")}${text ? `; ${nearMiss(text, options)}`.replace(/; $/, "") : ""}`;
  }
  if (issue.code === "too_big" || issue.code === "too_small") {
    const given = /^must /.test(issue.message) ? issue.message : bound(issue);
    return text === undefined ? given : `is ${text}, ${given}`;
  }
  return text === undefined ? issue.message : `is ${quote(text)}, ${issue.message}`;
}

function bound(issue: z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall): string {
  const unit = issue.origin === "array" ? " entries" : issue.origin === "string" ? " characters" : "";
  return issue.code === "too_big"
    ? `must be at most ${issue.maximum}${unit}`
    : `must be at least ${issue.minimum}${unit}`;
}

const kinds: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a map",
  record: "a map",
  array: "a list",
};

function typeMessage(expected: string, text: string | undefined, message: string): string {
  const wanted = kinds[expected] ?? expected;
  const received = /received (\w+)/.exec(message)?.[1] ?? "something else";
  if (received === "undefined") return `is missing; it must be ${wanted}`;
  if (received === "null" || text === "") return `is empty, must be ${wanted}; give it a value or remove the key`;
  const got = received === "object" ? "a map" : (kinds[received] ?? received);
  if (expected === "string" && text !== undefined)
    return `is the ${received} ${text}, must be a string; write it in quotes: "${text}"`;
  if (text !== undefined && received === "string") return `is the string ${quote(text)}, must be ${wanted}`;
  return `is ${text ?? got}, must be ${wanted}`;
}

const quote = (value: unknown) => JSON.stringify(value);
