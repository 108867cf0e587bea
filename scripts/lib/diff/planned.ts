import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Render } from "../render.ts";
import { graveEffects as grave } from "./argo.ts";
import { type Diff, diffFiles } from "./diff.ts";
import { allObjects, describeNotes, describeObject } from "./words.ts";

/** What a render that has not been written yet changes in the tree on disk. */
export function diffOfRender({ tree, platform, root }: Render, base: string, head: string): Diff {
  const onDisk = (path: string) => readFileSync(join(root, path), "utf8");
  const pairs = [
    ...tree.create.map(({ path, text }) => ({ path, before: undefined, after: text })),
    ...tree.change.map(({ path, text }) => ({ path, before: onDisk(path), after: text })),
    ...tree.remove.map((path) => ({ path, before: onDisk(path), after: undefined })),
  ];
  const unchanged = (path: string) => (existsSync(join(root, path)) ? onDisk(path) : undefined);
  const clusters = new Map(platform.clusters.map(({ value }) => [value.name, value.environments]));
  return { base, head, groups: diffFiles(pairs, { unchanged, clusters }) };
}

/** `StatefulSet dev-database/database is refused: …`, for what a person should know before committing. */
export function warnings(diff: Diff): string[] {
  return allObjects(diff)
    .filter(({ effects }) => effects.some((effect) => grave.includes(effect)))
    .flatMap((object) => {
      const effects = object.effects.filter((effect) => grave.includes(effect)).join(", ");
      return describeNotes(object).map((note) => `${describeObject(object)} ${effects}: ${note}`);
    });
}
