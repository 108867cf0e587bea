import type { Environment } from "../model/environment.ts";
import { text } from "./policy.ts";

/** What one environment of a cluster has, and no other may take. */
export interface Boundary {
  readonly name: string;
  readonly sync: Environment["delivery"]["sync"];
  /** Glob of its namespaces, and those within it that belong to others. */
  readonly namespaces: { readonly own: string; readonly others: readonly string[] };
  /** Hosts on the gateway, and the TLS Secret there. */
  readonly hosts: readonly string[];
  readonly secret?: string;
}

/**
 * CEL for the name of the environment that a namespace belongs to, or an empty string. By the namespace's name: an
 * environment can set the labels of its namespaces, and cannot have one of another name.
 *
 * @param subject CEL for the name of a namespace
 */
export function environmentOf(subject: string, boundaries: readonly Boundary[]): string {
  const others = boundaries.flatMap(({ namespaces }) => namespaces.others.map((other) => [other, ""] as const));
  return ownerOf(
    subject,
    new Map([...others, ...boundaries.map(({ name, namespaces }) => [namespaces.own, name] as const)]),
  );
}

/**
 * CEL for the owner of a name, or an empty string.
 *
 * @param subject CEL for the name
 * @param owners by glob: of two that match, the longer one counts, such as `dev-eu-*` before `dev-*`
 */
export function ownerOf(subject: string, owners: ReadonlyMap<string, string>): string {
  const sorted = [...owners].sort(([a], [b]) => b.length - a.length || (a < b ? -1 : 1));
  return sorted.reduceRight((otherwise, [glob, owner]) => {
    const isPrefix = glob.endsWith("*");
    const matches = isPrefix ? `${subject}.startsWith(${text(glob.slice(0, -1))})` : `${subject} == ${text(glob)}`;
    return `${matches} ? ${text(owner)} : ${otherwise}`;
  }, "''");
}
