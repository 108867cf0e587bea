import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Folders of the inputs that people write. */
const inputFolders = ["clusters", "envs"] as const;

/**
 * Text of every input by path, sorted: envs/*.yaml and clusters/*.yaml.
 *
 * @param root the repository's root
 */
export function readInputs(root: string): Map<string, string> {
  const files = inputFolders.flatMap((folder) => entries(join(root, folder)).map((name) => `${folder}/${name}`));
  return new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));
}

function entries(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => entry.name)
    .sort();
}
