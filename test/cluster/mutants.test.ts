/** The API server on what is rendered from spoiled inputs that slipway takes: whatever is not refused must be deployable. */
import { load } from "js-yaml";
import { expect, test } from "vitest";
import { $ } from "zx/core";
import { renderMutants } from "../mutants/mutants.ts";
import { filesOf, platformFolders, platformIn } from "../support.ts";
import { applyFlags, isManifest } from "./cluster.ts";

const count = Number(process.env.MUTANT_INPUTS ?? 200);
/** Objects that one call asks about. */
const batch = 100;

interface Asked {
  readonly seed: number;
  readonly text: string;
}

test(`the objects of ${count} mutants, each different one once`, { timeout: 3_600_000 }, async () => {
  // Those of the platforms themselves have a test of their own.
  const known = new Set(Object.values(platformFolders).flatMap((folder) => [...filesOf(platformIn(folder)).values()]));
  const asked: Asked[] = [];
  await renderMutants(count, (verdict) => {
    if (!("files" in verdict)) return;
    for (const { path, text } of verdict.files) {
      if (!isManifest(path) || known.has(text)) continue;
      known.add(text);
      asked.push({ seed: verdict.seed, text });
    }
  });
  console.log(`${asked.length} objects of ${new Set(asked.map(({ seed }) => seed)).size} mutants`);
  expect(asked.length).toBeGreaterThan(count / 20);
  const spaces = new Set(asked.map(({ text }) => (load(text) as any).metadata.namespace).filter(Boolean));
  const items = [...spaces].map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
  await $({ input: JSON.stringify({ apiVersion: "v1", kind: "List", items }) })`kubectl ${applyFlags} -f -`;
  const refused: string[] = [];
  for (let at = 0; at < asked.length; at += batch) await ask(asked.slice(at, at + batch), refused);
  expect(refused).toEqual([]);
});

/** Asks about all at once, and one by one where the API server has something against one of them. */
async function ask(asked: readonly Asked[], refused: string[]): Promise<void> {
  const input = asked.map(({ text }) => text).join("\n---\n");
  const { exitCode, stderr } = await $({ input, nothrow: true })`kubectl ${applyFlags} --dry-run=server -f -`;
  if (exitCode === 0 && stderr === "") return;
  if (asked.length === 1) refused.push(`seed ${asked[0]?.seed}: ${stderr.trim()}`);
  else
    for (let at = 0; at < asked.length; at += Math.ceil(asked.length / 2))
      await ask(asked.slice(at, at + Math.ceil(asked.length / 2)), refused);
}
