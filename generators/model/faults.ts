import leven from "leven";
import { isCollection, isMap, isNode, isPair, isScalar, LineCounter, type Node, parseDocument } from "yaml";

/** Where in an input something stands: keys and indexes from the root. */
export type Path = readonly (string | number)[];

/** One thing that is wrong with an input. `message` says what is wrong (with the values) and, after a semicolon, what to do. */
export interface Fault {
  /** Path of the input file, relative to the repository root. */
  readonly file: string;
  readonly path: Path;
  readonly message: string;
  /** Whether the fault is about the key at `path` and not about its value. */
  readonly atKey?: boolean;
  /** Offset in the file, where it is known already. */
  readonly offset?: number;
}

/** Inputs that cannot be rendered. Its message is one line per fault, sorted by file and position. */
export class InputError extends Error {
  override name = "InputError";
  readonly faults: readonly Fault[];

  /**
   * @param faults at least one
   * @param texts the text of each input file by path, to find lines and columns
   */
  constructor(faults: readonly Fault[], texts: ReadonlyMap<string, string>) {
    super(formatFaults(faults, texts));
    this.faults = faults;
  }
}

/** `file:line:column  path: message` for each fault, sorted; a file without text gets no position. */
export function formatFaults(faults: readonly Fault[], texts: ReadonlyMap<string, string>): string {
  const byFile = Map.groupBy(faults, (fault) => fault.file);
  const lines = [...byFile].sort().flatMap(([file, own]) => {
    const text = texts.get(file);
    if (text === undefined) return own.map((fault) => [file, describe(fault)].join("  "));
    const counter = new LineCounter();
    for (let at = 0; at >= 0; at = text.indexOf("\n", at) + 1 || -1) counter.addNewLine(at);
    const root = own.some(({ offset }) => offset === undefined)
      ? parseDocument(text, { uniqueKeys: false }).contents
      : undefined;
    return own
      .map((fault) => ({ fault, at: fault.offset ?? offsetOf(root, fault.path, fault.atKey) }))
      .sort((a, b) => a.at - b.at)
      .map(({ fault, at }) => {
        const { line, col } = counter.linePos(at);
        return `${file}:${line}:${col}  ${describe(fault)}`;
      });
  });
  return [...new Set(lines)].join("\n");
}

function describe({ path, message }: Fault): string {
  return path.length > 0 ? `${formatPath(path)}: ${message}` : message;
}

/** `services.backend.calls[0]`; a key with a dot or a space in it is quoted. */
export function formatPath(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      if (!/^[\w-]+$/.test(part)) return `[${JSON.stringify(part)}]`;
      return index > 0 ? `.${part}` : part;
    })
    .join("");
}

/** Offset of the deepest node on `path` that exists: of its key where the value is missing or `atKey`, else of its value. */
function offsetOf(root: unknown, path: Path, atKey = false): number {
  let node: unknown = root;
  let key: Node | undefined;
  for (const part of path) {
    if (!isCollection(node)) break;
    const pair = isMap(node)
      ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part))
      : undefined;
    const next = isPair(pair) ? pair.value : node.get(part, true);
    if (pair === undefined && next === undefined) return start(key) ?? start(node) ?? 0;
    key = isNode(pair?.key) ? pair.key : undefined;
    node = next;
  }
  return (atKey ? start(key) : start(node)) ?? start(key) ?? 0;
}

function start(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** `; did you mean "weight"?` where one of `known` is close to `word`, else an empty string. */
export function nearMiss(word: string, known: readonly string[]): string {
  const best = known
    .map((candidate) => ({ candidate, distance: leven(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const close =
    best !== undefined &&
    best.distance <= Math.max(best.candidate.length < 4 ? 1 : 2, Math.floor(best.candidate.length / 3));
  return close ? `did you mean "${best.candidate}"?` : "";
}
