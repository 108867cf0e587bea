import {
  isCollection,
  isMap,
  isScalar,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  stringify,
  visit,
  type YAMLMap,
} from "yaml";
import type { Path } from "../../generators/model/faults.ts";
import { toYaml } from "../../generators/render/yaml.ts";

/**
 * Edits of an input's text. Only the bytes of the value change: comments, order, quotes and layout of everything else
 * stay as a person wrote them.
 */

/**
 * Sets one scalar. Where the key is not there it becomes the first one of a block map or the last one of a flow map.
 *
 * @param text YAML that can be read
 * @throws where the path leads through something that is no map
 */
export function setValue(text: string, path: Path, value: string | number): string {
  const { map, pair, key } = locate(text, path);
  if (!pair) return insert(text, map, key, plainOrQuoted(value));
  if (!isScalar(pair.value)) throw new Error(`${path.join(".")} is no single value`);
  const [start, end] = rangeOf(pair.value);
  return splice(text, start, end, inStyleOf(pair.value, value));
}

/** Removes a value, a scalar or a map, with its key; the text stays as it is where the key is not there. */
export function removeValue(text: string, path: Path): string {
  const { map, pair } = locate(text, path);
  if (!pair) return text;
  const index = map.items.indexOf(pair);
  const [start, end] = extentOf(text, pair);
  if (!map.flow) return splice(text, text.lastIndexOf("\n", start) + 1, lineEnd(text, end), "");
  const before = map.items[index - 1];
  if (before) return splice(text, rangeOf(before.value ?? before.key)[1], end, "");
  const after = map.items[index + 1];
  return splice(text, start, after ? rangeOf(after.key)[0] : end, "");
}

/**
 * Replaces a map by the text of another one, comments and all, indented as its new place asks for. Within a flow map it
 * becomes one too, without the comments, for which there is no place.
 *
 * @param from the text that holds the block, and the path to it there
 */
export function copyBlock(text: string, path: Path, from: { readonly text: string; readonly path: Path }): string {
  const target = blockOf(text, path);
  const source = blockOf(from.text, from.path);
  if (target.isInFlow) return splice(text, target.start, target.end, `${path.at(-1)}: ${inFlow(source.value)}`);
  const shift = target.indent - source.indent;
  const lines = from.text.slice(source.start, source.end).split("\n");
  const moved = lines.map((line, index) => (index === 0 ? line : reindent(line, shift)));
  return splice(text, target.start, target.end, moved.join("\n"));
}

/** The pair at a path, and the map it belongs to. */
function locate(text: string, path: Path): { map: YAMLMap; pair: Pair | undefined; key: string } {
  const document = parseDocument(text);
  const parent = document.getIn(path.slice(0, -1), true);
  const key = String(path.at(-1));
  if (!isMap(parent)) throw new Error(`${path.slice(0, -1).join(".")} is no map`);
  const pair = parent.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
  return { map: parent, pair, key };
}

/** A key with its map: where it begins and ends, how far the key is indented, and whether it stands in a flow map. */
function blockOf(text: string, path: Path) {
  const { map, pair } = locate(text, path);
  if (!pair || !isCollection(pair.value)) throw new Error(`${path.join(".")} is no map`);
  const [start, end] = extentOf(text, pair);
  const indent = start - (text.lastIndexOf("\n", start - 1) + 1);
  return { start, end, indent, isInFlow: map.flow === true, value: pair.value };
}

/** Where a key begins and its value ends. */
function extentOf(text: string, pair: Pair): [start: number, end: number] {
  const [start] = rangeOf(pair.key);
  const [, end] = rangeOf(pair.value ?? pair.key);
  // A block map ends behind the line break of its last line, which belongs to what follows.
  return [start, start + text.slice(start, end).trimEnd().length];
}

/** A value in one line, its scalars written as they were. */
function inFlow(value: Node): string {
  const strip = (node: Node) => {
    node.comment = node.commentBefore = null;
    node.spaceBefore = false;
    if (isCollection(node)) node.flow = true;
  };
  visit(value, { Node: (_, node) => strip(node) });
  return stringify(value, { lineWidth: 0 }).trimEnd();
}

function reindent(line: string, shift: number): string {
  if (line.trim() === "") return line;
  return shift >= 0 ? " ".repeat(shift) + line : line.replace(new RegExp(`^ {0,${-shift}}`), "");
}

function insert(text: string, map: YAMLMap, key: string, value: string): string {
  const entry = `${key}: ${value}`;
  const first = map.items[0];
  const last = map.items.at(-1);
  if (!first || !last) throw new Error("an empty map cannot be added to");
  if (map.flow) {
    const [, end] = rangeOf(last.value ?? last.key);
    return splice(text, end, end, `, ${entry}`);
  }
  const [start] = rangeOf(first.key);
  const indent = start - (text.lastIndexOf("\n", start - 1) + 1);
  return splice(text, start, start, `${entry}\n${" ".repeat(indent)}`);
}

function inStyleOf(node: Scalar, value: string | number): string {
  if (typeof value === "number") return String(value);
  if (node.type === "QUOTE_DOUBLE") return JSON.stringify(value);
  if (node.type === "QUOTE_SINGLE") return `'${value.replaceAll("'", "''")}'`;
  return plainOrQuoted(value);
}

function plainOrQuoted(value: string | number): string {
  return toYaml(value).trimEnd();
}

function rangeOf(node: unknown): readonly [number, number] {
  const range = (node as { range?: readonly [number, number, number] | null } | null)?.range;
  if (!range) throw new Error("a node without position");
  return [range[0], range[1]];
}

function lineEnd(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  return end < 0 ? text.length : end + 1;
}

function splice(text: string, start: number, end: number, middle: string): string {
  return text.slice(0, start) + middle + text.slice(end);
}
