import { type Dirent, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Fault, InputError } from "../../generators/model/faults.ts";
import { longest } from "../../generators/model/parse.ts";
import { notRegular } from "./tree.ts";

/** Folders of the inputs that people write. */
const inputFolders = ["clusters", "envs"] as const;

/**
 * Text of every input by path, sorted: envs/*.yaml and clusters/*.yaml.
 *
 * @param root the repository's root
 * @throws InputError with every input that is no file of readable text
 */
export function readInputs(root: string): Map<string, string> {
  const texts = new Map<string, string>();
  const faults: Fault[] = [];
  for (const folder of inputFolders) {
    for (const entry of entries(root, folder)) {
      const file = `${folder}/${entry.name}`;
      const message = entry.isDirectory() ? "is a folder, must be a file; rename it" : notRegular;
      const text = entry.isFile() ? readText(join(root, file)) : { message };
      if (typeof text === "string") texts.set(file, text);
      else faults.push({ file, path: [], message: text.message });
    }
  }
  if (faults.length > 0) throw new InputError(faults, new Map());
  return texts;
}

/** Opens strictly: bytes that are no UTF-8 would otherwise become other characters without a word. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readText(path: string): string | { readonly message: string } {
  const { size } = statSync(path);
  // Four bytes are the most that a character takes.
  if (size > 4 * longest) return { message: `is ${size} bytes long, must be at most ${longest} characters` };
  try {
    return decoder.decode(readFileSync(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_ENCODING_INVALID_ENCODED_DATA") throw error;
    return { message: "is no UTF-8 text; save it as UTF-8" };
  }
}

function entries(root: string, folder: string): Dirent[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => /\.ya?ml$/.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
