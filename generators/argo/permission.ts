import type { KubernetesObject } from "../render/output.ts";

/** A kind in a project's list. */
interface Kind {
  readonly group: string;
  readonly kind: string;
  readonly name?: string;
}

/** What of an AppProject decides about objects. */
export interface ProjectSpec {
  readonly sourceRepos?: readonly string[];
  readonly destinations?: readonly { readonly server?: string; readonly namespace?: string }[];
  readonly clusterResourceWhitelist?: readonly Kind[];
  readonly clusterResourceBlacklist?: readonly Kind[];
  readonly namespaceResourceWhitelist?: readonly Kind[];
  readonly namespaceResourceBlacklist?: readonly Kind[];
}

/** A pattern of Argo CD's as a regular expression: `*`, `?`, `[!a]` and `{a,b}`. */
function matches(pattern: string, text: string): boolean {
  const expression = pattern
    .replace(/[.+^$()|\\]/g, "\\$&")
    .replaceAll("[!", "[^")
    .replaceAll("*", ".*")
    .replaceAll("?", ".")
    .replace(/\{([^}]*)\}/g, (_, list: string) => `(?:${list.replaceAll(",", "|")})`);
  return new RegExp(`^${expression}$`).test(text);
}

/**
 * Whether a list with exceptions allows a text. An exception that does not apply allows everything, so a list of one name and
 * one exception allows all but the latter (`isDestinationMatched` in Argo CD's app_project_types.go).
 */
function allowed(patterns: readonly string[], text: string): boolean {
  const results = patterns.map((pattern) => ({
    isException: pattern.startsWith("!"),
    matched: pattern.startsWith("!") ? !matches(pattern.slice(1), text) : matches(pattern, text),
  }));
  if (results.some(({ isException, matched }) => isException && !matched)) return false;
  return results.some(({ matched }) => matched);
}

function lists(list: readonly Kind[] | undefined, { group, kind, name }: Required<Kind>): boolean {
  return (list ?? []).some(
    (item) => matches(item.kind, kind) && matches(item.group, group) && (!item.name || matches(item.name, name)),
  );
}

/**
 * Why Argo CD would refuse to sync an object; undefined where the project allows it.
 *
 * @param namespace where it lies; undefined for a cluster-scoped object
 */
export function objectRefusal(
  project: ProjectSpec,
  { apiVersion, kind, metadata }: KubernetesObject,
  namespace: string | undefined,
): string | undefined {
  const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
  const of = { group, kind, name: metadata?.name ?? "" };
  if (namespace === undefined) {
    const white = lists(project.clusterResourceWhitelist, of);
    if (white && !lists(project.clusterResourceBlacklist, of)) return undefined;
    return `no cluster-scoped ${group}/${kind} of this name`;
  }
  const white = project.namespaceResourceWhitelist === undefined || lists(project.namespaceResourceWhitelist, of);
  if (!white || lists(project.namespaceResourceBlacklist, of)) return `no ${group}/${kind}`;
  return destinationRefusal(project, namespace);
}

/** Why a project does not let its Applications deploy to a namespace; undefined where it does. */
export function destinationRefusal({ destinations = [] }: ProjectSpec, namespace: string): string | undefined {
  const patterns = destinations.map((destination) => destination.namespace ?? "");
  return allowed(patterns, namespace) ? undefined : `nothing in the namespace ${namespace}`;
}

/** Why a project does not let its Applications read a repository; undefined where it does. */
export function sourceRefusal({ sourceRepos = [] }: ProjectSpec, repository: string): string | undefined {
  return allowed(sourceRepos, repository) ? undefined : `not the repository ${repository}`;
}
