import { load, YAMLException } from "js-yaml";
import { isAlias, isScalar, parseDocument, visit } from "yaml";
import type { z } from "zod";
import { findUnreadable, withoutPrototypes } from "./content.ts";
import { type Fault, nearMiss, type Path } from "./faults.ts";

export type Parsed<T> = { readonly value: T } | { readonly faults: readonly Fault[] };

/** Most characters of an input: an environment of a thousand services has a tenth of it. */
export const longest = 10_000_000;
/** Nobody reads more faults of one file at once, and finding the place of each takes time. */
const most = 1_000;

/**
 * Reads one input: YAML 1.2, checked strictly against `schema`, defaults filled in.
 *
 * js-yaml decides what is right and what it means, about seven times as fast as `yaml` would; `yaml` explains what is
 * wrong, because it goes on after an error and knows where each node stands.
 *
 * @param file path for the faults, relative to the repository root
 * @param text the file's text
 */
export function parseInput<T>(file: string, text: string, schema: z.ZodType<T>): Parsed<T> {
  if (text.length > longest) {
    const message = `is ${text.length} characters long, must be at most ${longest}; move what is no input elsewhere`;
    return { faults: [{ file, path: [], message }] };
  }
  let value: unknown;
  try {
    value = load(text, { maxAliases: 0 });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return { faults: explainSyntax(file, text, error).slice(0, most) };
  }
  const unreadable = findUnreadable(file, value).take(most).toArray();
  if (unreadable.length > 0) return { faults: unreadable };
  const checked = schema.safeParse(value);
  if (checked.success) return { value: withoutPrototypes(checked.data) };
  const syntax = explainSyntax(file, text);
  return { faults: syntax.length > 0 ? syntax : explainValue(file, text, schema, value) };
}

/** The faults of a text as YAML. `refusal` is what js-yaml, which has the last word, has against it. */
function explainSyntax(file: string, text: string, refusal?: YAMLException): Fault[] {
  const fault = (offset: number, message: string): Fault => ({ file, path: [], offset, message });
  const conflict = text.search(/^(<<<<<<<|>>>>>>>) /m);
  if (refusal && conflict >= 0) return [fault(conflict, "holds a conflict that Git left here; resolve it")];
  // No reason to let the other reader, which has no such limit, go as deep.
  if (refusal?.reason.startsWith("nesting"))
    return [fault(refusal.mark?.position ?? 0, "cannot be read as YAML: it is nested more than 100 levels deep")];
  if (refusal?.reason.startsWith("expected a document"))
    return [fault(0, "is empty, must be a map; write its keys or remove the file")];
  // Looking for equal keys takes time in proportion to the square of their number.
  const document = parseDocument(text, {
    uniqueKeys: refusal?.reason.startsWith("duplicated") ?? false,
    logLevel: "error",
  });
  const [twice, errors] = partition(document.errors, ({ code }) => code === "DUPLICATE_KEY");
  const faults = twice.map(({ pos }) => fault(pos[0], "the key stands here twice in one map; remove one of the two"));
  // What comes after the first error is mostly its consequence.
  for (const { code, message, pos } of errors.slice(0, 1))
    faults.push(fault(pos[0], `cannot be read as YAML: ${syntaxMessage(code, message)}`));
  visit(document, {
    Node(_key, node) {
      const anchored = isAlias(node) ? `*${node.source}` : node.anchor && `&${node.anchor}`;
      const offset = node.range?.[0] ?? 0;
      if (anchored) faults.push(fault(offset, `anchors and aliases are not read (${anchored}); write the value out`));
    },
    Pair(_key, { key }) {
      if (!isScalar(key)) return;
      const offset = key.range?.[0] ?? 0;
      if (key.value === "<<") faults.push(fault(offset, "maps are not merged (<<); write the keys out"));
    },
  });
  if (refusal && faults.length === 0)
    faults.push(fault(refusal.mark?.position ?? 0, `cannot be read as YAML: ${refusal.reason}`));
  return faults;
}

/** Our words for the errors of `yaml` that its own do not explain to people who write YAML. */
const syntaxMessages: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: "a colon and a blank stand in plain text; write it in quotes",
  BLOCK_IN_FLOW: "a colon and a blank stand in plain text; write it in quotes",
  MULTILINE_IMPLICIT_KEY: "there is no colon, or no blank after it; write `key: value`",
  MULTIPLE_DOCS: "it holds several documents; write one file for each",
  TAB_AS_INDENT: "a tab stands in the indentation; use blanks",
};

function syntaxMessage(code: string, message: string): string {
  const first = message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? "";
  if (first.startsWith("All mapping items"))
    return "the line is indented differently from the ones that it belongs to; line them up";
  if (code === "BAD_SCALAR_START") return `${first}; write the value in quotes`;
  return syntaxMessages[code] ?? first;
}

function partition<T>(items: readonly T[], first: (item: T) => boolean): [T[], T[]] {
  return [items.filter(first), items.filter((item) => !first(item))];
}

/** The faults of what was read from `text` and does not fit `schema`. */
function explainValue(file: string, text: string, schema: z.ZodType, value: unknown): Fault[] {
  const document = parseDocument(text, { uniqueKeys: false, logLevel: "error" });
  const issues = schema.safeParse(value, { error: rawMessage }).error?.issues ?? [];
  return issues.slice(0, most).flatMap((issue) => toFaults(file, issue, (path) => source(document.getIn(path, true))));
}

/** The text of a scalar as it stands in the file, `6.10` and not `6.1`. */
function source(node: unknown): string | undefined {
  return isScalar(node) ? node.source : undefined;
}

/** Keeps for `toFaults` what zod knows only while it checks: the keys that a map may have, and what a string must be. */
function rawMessage(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === "unrecognized_keys")
    return Object.keys((issue.inst as z.ZodObject | undefined)?._zod.def.shape ?? {}).join(" ");
  if (issue.input === undefined) return "undefined";
  if (issue.code === "invalid_type") {
    // In quotes it would be a string, and maybe still not the right one.
    const quoted = issue.expected === "string" && (issue.inst as z.ZodType | undefined)?.safeParse(String(issue.input));
    const rest = quoted && !quoted.success ? quoted.error.issues[0]?.message : "";
    return `received ${typeOf(issue.input)}; ${rest}`;
  }
  return undefined;
}

function typeOf(input: unknown): string {
  return input === null ? "null" : Array.isArray(input) ? "array" : typeof input;
}

type Issue = z.core.$ZodIssue;

/** One issue of zod as faults in our words. `sourceAt` gives the text of the scalar at a path. */
function toFaults(file: string, issue: Issue, sourceAt: (path: Path) => string | undefined): Fault[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  if (issue.code === "unrecognized_keys") {
    const known = issue.message.split(" ");
    return issue.keys.slice(0, most).map((key) => ({
      file,
      path: [...path, key],
      atKey: true,
      message: `is not a key here; ${nearMiss(key, known) || `known keys are ${known.join(", ")}`}`,
    }));
  }
  if (issue.code === "invalid_key") {
    const [first] = issue.issues;
    const message = first?.code === "too_small" ? bound(first) : first?.message;
    return [{ file, path, atKey: true, message: `${quote(path.at(-1))} ${message}` }];
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) return unionFaults(file, issue, sourceAt);
  return [{ file, path, message: valueMessage(issue, sourceAt(path)) }];
}

/** The faults of the one form that a value comes closest to: the one whose type it has. */
function unionFaults(
  file: string,
  issue: Extract<Issue, { code: "invalid_union" }>,
  sourceAt: (path: Path) => string | undefined,
): Fault[] {
  const isOfType = (errors: readonly Issue[]) =>
    !errors.some(({ code, path }) => code === "invalid_type" && path.length === 0);
  const [closest = []] = [...issue.errors.filter(isOfType), ...issue.errors];
  return closest.flatMap((inner) =>
    toFaults(file, { ...inner, path: [...issue.path, ...inner.path] } as Issue, sourceAt),
  );
}

function valueMessage(issue: Issue, text: string | undefined): string {
  if (issue.code === "invalid_type") return typeMessage(issue.expected, text, issue.message);
  if (issue.code === "invalid_value") {
    const options = issue.values.map(String);
    const hint = text === undefined ? "" : nearMiss(text, options);
    return issue.message === "undefined"
      ? `is missing; it is one of ${options.join(", ")}`
      : `is ${text === undefined ? "a map or a list" : plain(text)}, must be ${options.length > 1 ? "one of " : ""}${options.join(", ")}${hint && `; ${hint}`}`;
  }
  if (issue.code === "invalid_union") {
    const options = "options" in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
    return `is ${text === undefined ? "missing" : plain(text)}, must be one of ${options.join(", ")}${text ? `; ${nearMiss(text, options)}`.replace(/; $/, "") : ""}`;
  }
  if (issue.code === "too_big" || issue.code === "too_small") {
    const given = /^must /.test(issue.message) ? issue.message : bound(issue);
    return text === undefined ? given : `is ${/^-?[\d.]+$/.test(text) ? text : quote(text)}, ${given}`;
  }
  // What is secret is not printed either.
  return text === undefined || issue.message.startsWith("holds ")
    ? issue.message
    : `is ${quote(text)}, ${issue.message}`;
}

function bound(issue: z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall): string {
  if (issue.code === "too_small" && issue.minimum === 1 && issue.origin !== "number" && issue.origin !== "int")
    return issue.origin === "array" ? "must have at least one entry" : "must not be empty";
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
  if (message.startsWith("is missing")) return message;
  if (message === "undefined") return `is missing; it must be ${wanted}`;
  const [, received = "", rest = ""] = /^received (\w+); (.*)$/s.exec(message) ?? [];
  if (received === "null" || text === "") return `is empty, must be ${wanted}; give it a value or remove the key`;
  if (expected === "string" && text !== undefined)
    return `is the ${received} ${text}, ${rest || `must be a string; write it in quotes: "${text}"`}`;
  if (text !== undefined && received === "string")
    return `is the string ${quote(text)}, must be ${wanted}${asNumber.test(text) && expected !== "array" ? "; write it without quotes" : ""}`;
  return `is ${text ?? kinds[received] ?? received}, must be ${wanted}`;
}

const asNumber = /^(-?\d+(\.\d+)?|true|false)$/;
/** A long text is cut: a message is one line. */
const quote = (value: unknown) =>
  JSON.stringify(String(value).length > 200 ? `${String(value).slice(0, 200)}…` : value);
/** A word as it is, anything else in quotes. */
const plain = (text: string) => (/^[\w.-]{1,200}$/.test(text) ? text : quote(text));
