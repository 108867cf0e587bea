import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { plan } from "../generators/index.ts";
import { type Platform, parsePlatform } from "../generators/model/platform.ts";
import { type Document, type KubernetesObject, renderUnit } from "../generators/render/output.ts";
import { readInputs } from "../scripts/lib/inputs.ts";
import { readPlatform } from "../scripts/lib/render.ts";

export const repository = join(import.meta.dirname, "..");

const platforms = join(repository, "test/fixtures/valid");

/** Folders with inputs by the name of their platform. The inputs of the repository itself belong to whoever cloned it. */
export const platformFolders: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(platforms).map((name) => [name, join(platforms, name)]),
);

/** The platform that slipway ships with: a copy of the inputs, because a team replaces those in envs/ and clusters/. */
export const shippedFolder = join(platforms, "3rvision");

export function platformIn(folder: string): Platform {
  return readPlatform(readInputs(folder));
}

/** A platform with the one text replaced, read and not analysed. */
export function parseTexts(texts: Readonly<Record<string, string>>) {
  return parsePlatform(new Map(Object.entries(texts)));
}

/** A rendered object with the folder it is written to. */
export interface Rendered {
  readonly folder: string;
  readonly object: KubernetesObject & { readonly spec?: any; readonly [key: string]: any };
}

/** What a platform is rendered to, before it is written: objects, and the content of other files by path. */
export function outputsOf(platform: Platform): { objects: Rendered[]; documents: Map<string, Document["content"]> } {
  const objects: Rendered[] = [];
  const documents = new Map<string, Document["content"]>();
  for (const { folder, generate } of plan(platform))
    for (const output of generate())
      if ("file" in output) documents.set(`${folder}/${output.file}`, output.content);
      else objects.push({ folder, object: output });
  return { objects, documents };
}

/** The objects of a platform before they are written; files that are no objects are left out. */
export const objectsOf = (platform: Platform): Rendered[] => outputsOf(platform).objects;

export function filesOf(platform: Platform): Map<string, string> {
  return new Map(
    plan(platform)
      .flatMap(renderUnit)
      .map(({ path, text }) => [path, text]),
  );
}

/** An empty folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "slipway-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A copy of a platform's inputs, to be rendered and changed. */
export function copyInputs(from: string): string {
  const folder = temporaryFolder();
  for (const file of readInputs(from).keys()) cpSync(join(from, file), join(folder, file));
  return folder;
}
