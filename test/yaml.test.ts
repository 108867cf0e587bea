import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { toYaml } from "../generators/render/yaml.ts";
import { filesOf, platformFolders, platformIn } from "./support.ts";

const traps = [
  ...["on", "off", "yes", "No", "y", "n", "true", "False", "null", "~", "", "Null"],
  ...["0755", "0o17", "0x1f", "12:30", "1:20:30", "1e3", "1E-3", ".5", "1.", "1_000", "6.10", "1.30.4", "+1", "-0"],
  ...[".inf", "-.INF", ".nan", "2024-01-01", "2001-12-14t21:59:43.10-05:00", "=", "<<", "..."],
  ...["a: b", "a:", ":a", "a #b", "#a", "- a", "-", "--", "---", "? a", "[a", "{a}", "&a", "*a", "!a", "|", ">", "%a"],
  ...["@a", "`a", "'a'", '"a"', " a", "a ", "a  b", "a\tb", "\ta", "\\", "a\\nb", "$(A_B)", "--a=b: c", "-x", "-1x"],
  ...["a\nb", "a\nb\n", "a\n\nb\n", "\na", "a\n\n", " a\nb", "a \nb", "a\r\nb", "a\n\tb\n", "a\n#b\n", "\n"],
  ...["é", "日本", "😀", "\u0000", "\u0085", "\u00a0", "\u2028", "\ufeff", "\u007f", "\ud83d"],
  "x".repeat(500),
  "words ".repeat(60).trim(),
];

const readers: Readonly<Record<string, (text: string) => unknown>> = {
  "yaml 1.2": (text) => parse(text, { version: "1.2" }),
  "yaml 1.1": (text) => parse(text, { version: "1.1" }),
  "js-yaml": (text) => load(text),
};

describe.each(Object.entries(readers))("read back by %s", (_name, read) => {
  test.each(traps)("the string %j stays what it is, as value, key and list item", (text) => {
    const value = { value: text, [text]: 1, list: [text, [text], { a: text }], nested: { map: { text } } };
    expect(read(toYaml(value))).toEqual(value);
  });

  test("numbers, booleans, null, empty collections", () => {
    const value = { a: 1, b: -1.5, c: true, d: null, e: [], f: {}, g: [[], {}], h: [[1, [2]], { i: { j: [] } }] };
    expect(read(toYaml(value))).toEqual(value);
  });

  test.each(Object.entries(platformFolders))("every file of %s", (_platform, folder) => {
    const strings = [...filesOf(platformIn(folder)).values()].map((text) => text.replace(/^#.*\n/, ""));
    for (const text of strings)
      expect(toYaml(read(text) as never)).toBe(text.startsWith("{") ? toYaml(JSON.parse(text)) : text);
  });
});

test("a key without value is left out, the order of keys is kept, nothing is folded or shared", () => {
  const shared = { b: "words ".repeat(40).trim(), a: undefined };
  expect(toYaml({ z: shared, y: shared, x: ["- a", { k: 1, l: [2] }] })).toMatchInlineSnapshot(`
    "z:
      b: words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words
    "y":
      b: words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words
    x:
      - "- a"
      - k: 1
        l:
          - 2
    "
  `);
});
