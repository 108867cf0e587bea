/** What comes from inputs, Git, forges and clusters reaches a terminal or a pipeline's log as text and nothing else. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { showText } from "../scripts/lib/output.ts";
import { repository } from "./support.ts";

const esc = "\u001b";

test.each([
  ["a colour of somebody's", `${esc}[31mred${esc}[0m`, "red"],
  ["what clears the screen", `${esc}[2Jx`, "\\u001b[2Jx"],
  ["a title of the window", `${esc}]0;x\u0007`, "\\u001b]0;x\\u0007"],
  ["a line that hides the one before", "a\rb", "a\\u000db"],
  ["the lines of Windows", "a\r\nb", "a\r\nb"],
  ["a tab and a new line", "a\tb\nc", "a\tb\nc"],
  ["text in the other direction", "\u202egnp.exe", "\\u202egnp.exe"],
  ["what is not seen", "a\u200bb\u2060c\ufeffd", "a\\u200bb\\u2060c\\ufeffd"],
  ["a tag beyond the first plane", "a\u{e0041}b", "a\\udb40\\udc41b"],
  ["half of a pair", "a\ud800b", "a\\ud800b"],
  ["letters and signs of all kinds", "Ünï 漢字 👍 → ✓", "Ünï 漢字 👍 → ✓"],
  ["a command to GitHub's runner", "::error file=a::boo", ":\\u003aerror file=a::boo"],
  ["one behind spaces, on a later line", "a\n  ::stop-commands::x", "a\n  :\\u003astop-commands::x"],
  ["an address with two colons", "2001:db8::1 and a::b", "2001:db8::1 and a::b"],
  [
    "a command to Azure's agent",
    "a ##vso[task.setvariable variable=x]y",
    "a #\\u0023vso[task.setvariable variable=x]y",
  ],
  ["a group of a log", "##[group]x", "#\\u0023[group]x"],
  ["a heading", "## Changes", "## Changes"],
])("%s", (_, text, shown) => {
  expect(showText(text)).toBe(shown);
});

test("colours of commands stay where there are colours", () => {
  expect(showText(`${esc}[1ma${esc}[22m ${esc}[5mb`, true)).toBe(`${esc}[1ma${esc}[22m \\u001b[5mb`);
});

test("both streams of a command go through it", () => {
  const guard = join(repository, "scripts/lib/output.ts");
  const code = `import { guardOutput } from ${JSON.stringify(guard)}; guardOutput(); console.log("\\x1b[2Ja"); console.error("::error::b");`;
  const call = [process.execPath, "--input-type=module", "--eval", code] as const;
  const output = execFileSync("sh", ["-c", '"$@" 2>&1', "sh", ...call], { encoding: "utf8" });
  expect(output.split("\n").sort()).toEqual(["", ":\\u003aerror::b", "\\u001b[2Ja"]);
});
