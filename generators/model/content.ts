import type { Fault, Path } from "./faults.ts";

/**
 * The most that an input holds. A thousand services fit into one environment, and Kubernetes keeps no object above
 * 1.5 MB (https://etcd.io/docs/v3.5/dev-guide/limit/).
 */
const limits = { text: 1_000_000, list: 1_000, map: 2_000 } as const;

/**
 * Characters that are no text: control characters but tab and line breaks, halves of a surrogate pair, line separators
 * that editors hide, and the controls that turn the direction of a text around (https://trojansource.codes).
 */
const noText = /(?![\t\n\r])[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\ufffe\uffff]/u;

/** What no reader of an input takes, whatever key it stands at: what is no text, and what is too long. */
export function* findUnreadable(file: string, value: unknown, path: Path = []): Generator<Fault> {
  if (typeof value === "string") {
    const message = textFault(value);
    if (message) yield { file, path, message };
  } else if (Array.isArray(value)) {
    if (value.length > limits.list)
      yield { file, path, message: `has ${value.length} entries, must have at most ${limits.list}` };
    else for (const [index, item] of value.entries()) yield* findUnreadable(file, item, [...path, index]);
  } else if (typeof value === "object" && value !== null) {
    const keys = Object.keys(value);
    if (keys.length > limits.map)
      yield { file, path, message: `has ${keys.length} keys, must have at most ${limits.map}` };
    else
      for (const key of keys) {
        const message = textFault(key);
        // Zod leaves the key out without a word, and a service of that name with it.
        if (key === "__proto__")
          yield { file, path: [...path, key], atKey: true, message: "cannot be a key; choose another name" };
        else if (message) yield { file, path, message: `has a key that ${message}` };
        else yield* findUnreadable(file, (value as Record<string, unknown>)[key], [...path, key]);
      }
  }
}

function textFault(text: string): string | undefined {
  if (text.length > limits.text) return `has ${text.length} characters, must have at most ${limits.text}`;
  const [found] = noText.exec(text) ?? [];
  if (found === undefined) return undefined;
  const code = found.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return `holds the character U+${code}, which is no text; remove it`;
}

/**
 * Takes the prototype off every map of a value: names are data, and `services["constructor"]` is there only where an
 * input states it.
 */
export function withoutPrototypes<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const item of Object.values(value)) withoutPrototypes(item);
  return Array.isArray(value) ? value : Object.setPrototypeOf(value, null);
}
