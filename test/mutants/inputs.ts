import { isMap, isPair, isScalar, isSeq, type Node, type Pair, parseDocument, Scalar, visit, YAMLMap } from "yaml";
import { names, numbers, scalars } from "./nasty.ts";
import type { Random } from "./random.ts";

/** Inputs by path. */
export type Texts = ReadonlyMap<string, string>;

/**
 * Spoils a place, sometimes up to three, of a platform's inputs, as people and programs do: values, keys, lines and characters.
 *
 * @param platform inputs that can be rendered
 */
export function mutateInputs(platform: Texts, random: Random): Texts {
  const texts = new Map(platform);
  for (let left = random.chance(0.7) ? 1 : 2 + random.below(2); left > 0; left--) {
    const file = random.pick([...texts.keys()]);
    const text = texts.get(file) ?? "";
    const changed = random.chance(0.8) ? mutateValue(text, random) : mutateText(text, random);
    texts.set(file, changed);
  }
  return texts;
}

/** @returns the text as it was where it is no YAML any more */
function mutateValue(text: string, random: Random): string {
  const document = parseDocument(text, { uniqueKeys: false });
  if (document.errors.length > 0 || !document.contents) return mutateText(text, random);
  const pairs: { pair: Pair; map: YAMLMap }[] = [];
  let isWritable = true;
  const items: { list: { items: unknown[] }; index: number }[] = [];
  visit(document, {
    // One that leads nowhere cannot be written.
    Alias: () => {
      isWritable = false;
    },
    Map: (_, map) => {
      for (const pair of map.items) pairs.push({ pair, map });
    },
    Seq: (_, list) => {
      for (const index of list.items.keys()) items.push({ list, index });
    },
  });
  if (pairs.length === 0 || !isWritable) return mutateText(text, random);
  const { pair, map } = random.pick(pairs);
  const item = items.length > 0 ? random.pick(items) : undefined;
  const other = random.pick(pairs);
  const actions: (() => void)[] = [
    () => setScalar(pair, random),
    () => setScalar(pair, random),
    () => setScalar(pair, random),
    () => {
      map.items.splice(map.items.indexOf(pair), 1);
    },
    () => {
      pair.key = new Scalar(random.pick(names));
    },
    () => {
      map.items.push(document.createPair(random.pick(names), clone(pair.value)));
    },
    () => {
      map.items.push(document.createPair(keyOf(other.pair), clone(other.pair.value)));
    },
    () => {
      [pair.value, other.pair.value] = [clone(other.pair.value), clone(pair.value)];
    },
    () => {
      if (item) item.list.items[item.index] = new Scalar(random.pick([...names, ...numbers]));
    },
    () => {
      if (item)
        item.list.items.push(
          ...Array.from({ length: random.pick([1, 2, 50]) }, () => clone(item.list.items[item.index])),
        );
    },
    () => {
      if (item) item.list.items.splice(item.index, 1);
    },
    () => {
      pair.value = random.pick([new YAMLMap(), document.createNode([]), document.createNode([clone(pair.value)])]);
    },
  ];
  random.pick(actions)();
  return String(document);
}

function setScalar(pair: Pair, random: Random): void {
  const old = isScalar(pair.value) ? pair.value.value : undefined;
  const near =
    typeof old === "number"
      ? [old + 1, old - 1, old * 10, -old, old / 3, String(old)]
      : typeof old === "string"
        ? [`${old}${old}`, old.toUpperCase(), old.slice(1), `${old} `, `${old}-`, old.repeat(40)]
        : [];
  pair.value = new Scalar(
    random.chance(0.4) && near.length > 0 ? random.pick(near) : random.pick([...names, ...numbers, true, false, null]),
  );
}

const keyOf = ({ key }: Pair) => (isScalar(key) ? key.value : "key");

const clone = (node: unknown): unknown =>
  isMap(node) || isSeq(node) || isScalar(node) || isPair(node) ? (node as Node).clone() : node;

/** Spoils characters and lines. */
function mutateText(text: string, random: Random): string {
  const lines = text.split("\n");
  const at = random.below(lines.length);
  const line = lines[at] ?? "";
  const actions: (() => void)[] = [
    () => lines.splice(at, 1),
    () => lines.splice(at, 0, line),
    () => lines.splice(at, 0, lines[random.below(lines.length)] ?? ""),
    () => lines.splice(at, 1, `  ${line}`),
    () => lines.splice(at, 1, line.replace(/^ {2}/, "")),
    () => lines.splice(at, 1, line.replace(/: .*$/, `: ${random.pick(scalars)}`)),
    () => lines.splice(at, 1, line.replace(/: .*$/, `: ${random.pick(scalars)}`)),
    () => lines.splice(at, 1, line.slice(0, random.below(line.length + 1))),
    () => lines.splice(at, 1, insert(line, random.pick(names), random)),
    () => lines.splice(at, 1, insert(line, random.pick([..."\t:#{}[]&*!|>'\"%@`,?-\r\0\u001b"]), random)),
    () => lines.splice(at, 1, line.replace(/^\s*/, "\t")),
    () => lines.splice(at),
  ];
  random.pick(actions)();
  return lines.join("\n");
}

function insert(text: string, part: string, random: Random): string {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + part + text.slice(at);
}
