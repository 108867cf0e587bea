import { toYaml, type Value } from "./yaml.ts";

/** An object of Kubernetes, as the models construct it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}

/** A file that is no object of a cluster: Helm values, a kustomization, a configuration for `kind`. */
export interface Document {
  readonly file: string;
  readonly content: object;
}

/** A rendered file. */
export interface OutputFile {
  /** Path relative to the repository root, with `/`. */
  readonly path: string;
  readonly text: string;
}

/**
 * Files of one folder that depend on nothing but `context`: the smallest thing that is rendered again when an input
 * changes. `generate` is pure, so the same context gives the same files.
 */
export interface Unit {
  /** Folder of the files, relative to the repository root; the source path of an Application or a folder below it. */
  readonly folder: string;
  /** The input that the files are rendered from, for their header. */
  readonly source: string;
  /** Plain data: everything that `generate` reads. */
  readonly context: object;
  /** Names the unit within its folder. */
  readonly name: string;
  readonly generate: () => readonly (KubernetesObject | Document)[];
}

/** A unit whose context the compiler ties to its generator. */
export function unit<C extends object>(
  folder: string,
  source: string,
  name: string,
  context: C,
  generate: (context: C) => readonly (KubernetesObject | Document)[],
): Unit {
  return { folder, source, name, context, generate: () => generate(context) };
}

/** First line of every rendered file; a file without it belongs to somebody else. */
export function header(source: string): string {
  return `# Code generated from ${source} by "npm run render". DO NOT EDIT.`;
}

/** Whether a file is slipway's to change and delete: it opens with the header, or is what a killed write left: nothing. */
export function isRendered(text: string): boolean {
  return (
    text === "" ||
    /^(# |\{\s*"\$comment": ")Code generated from \S+ by \\?"npm run render\\?"\. DO NOT EDIT\./.test(text)
  );
}

/** Files of a unit. Two outputs at one path are a bug of the generators and throw. */
export function renderUnit(unit: Unit): OutputFile[] {
  const files = new Map<string, OutputFile>();
  for (const output of unit.generate()) {
    const path = `${unit.folder}/${"file" in output ? output.file : fileName(output)}`;
    if (files.has(path)) throw new Error(`two objects at ${path}`);
    files.set(path, { path, text: serialise(path, unit.source, "file" in output ? output.content : output) });
  }
  return [...files.values()];
}

function serialise(path: string, source: string, content: object): string {
  // JSON has no comments; the header is a key that JSON Schema sets aside for them.
  if (path.endsWith(".json")) return `${JSON.stringify({ $comment: header(source).slice(2), ...content }, null, 2)}\n`;
  return `${header(source)}\n${toYaml(content as unknown as Value)}`;
}

/** `virtual-service-backend.yaml` for the VirtualService `backend`. Refuses a Secret: what is secret never enters Git. */
export function fileName({ kind, metadata }: Pick<KubernetesObject, "kind" | "metadata">): string {
  if (kind === "Secret") throw new Error(`a Secret (${metadata?.name}) must not be rendered`);
  const kebab = kind.replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$1$3-$2").toLowerCase();
  return `${kebab}-${metadata?.name}.yaml`;
}
