import type { Cluster } from "../../generators/model/cluster.ts";
import type { Environment } from "../../generators/model/environment.ts";
import { nearMiss } from "../../generators/model/faults.ts";
import type { Input, Platform } from "../../generators/model/platform.ts";
import { environmentsOf, primaryOf, weightOf } from "../../generators/model/resolve.ts";
import type { DataStore, Release, Service } from "../../generators/model/service.ts";
import type { Edit } from "./change.ts";
import { type Option, UserError } from "./cli.ts";

/** Options of every command that makes a commit. */
export const changeOptions = {
  "dry-run": { type: "boolean", help: "Show the plan and the rendered diff; change nothing." },
  push: { type: "boolean", help: "Push the commit; a race with other pushes is settled by making the change again." },
  pr: {
    type: "boolean",
    help: "Open a pull request instead (GitHub, GitLab, Bitbucket, Azure DevOps, Gitea, Forgejo), or update the one of the same change.",
  },
  branch: {
    type: "string",
    value: "NAME",
    help: "Commit to a branch of this name and push that; the one you are on stays. Default with --pr: from the change.",
  },
  message: { type: "string", value: "TEXT", help: "A paragraph for the commit and the pull request: why." },
  trailer: {
    type: "string",
    value: '"KEY: VALUE"',
    multiple: true,
    help: 'A trailer of the commit, such as "Ticket: ABC-1"; may be repeated. The subject has a fixed form.',
  },
  json: { type: "boolean", help: "Print what was done as JSON." },
  root: { type: "string", value: "DIR", help: "The clone to work in. Default: this repository." },
} as const satisfies Readonly<Record<string, Option>>;

/**
 * The cluster of a name, or the only one.
 *
 * @throws UserError with a near miss
 */
export function findCluster({ clusters }: Platform, name?: string): Input<Cluster> {
  const names = clusters.map(({ value }) => value.name);
  const [only] = clusters;
  if (!name && only && clusters.length === 1) return only;
  if (!name) throw new UserError(`--cluster is missing; it is one of ${names.join(", ")}`);
  const found = clusters.find(({ value }) => value.name === name);
  if (!found)
    throw new UserError(`there is no cluster ${name}; ${nearMiss(name, names) || `there are ${names.join(", ")}`}`);
  return found;
}

/**
 * The environments that a cluster hosts, or the one of them that is named.
 *
 * @throws UserError where it hosts none of that name
 */
export function findHosted(cluster: Cluster, platform: Platform, name?: string): Input<Environment>[] {
  const found = environmentsOf(cluster, platform).filter(({ value }) => name === undefined || value.name === name);
  if (found.length === 0)
    throw new UserError(`${cluster.name} hosts no environment ${name}; it hosts ${cluster.environments.join(", ")}`);
  return found;
}

/** The environment of a name. @throws UserError with a near miss */
export function findEnvironment(platform: Platform, name: string | undefined, option = "--env"): Input<Environment> {
  const names = platform.environments.map(({ value }) => value.name);
  if (!name) throw new UserError(`${option} is missing; it is one of ${names.join(", ")}`);
  const found = platform.environments.find(({ value }) => value.name === name);
  if (!found)
    throw new UserError(`there is no environment ${name}; ${nearMiss(name, names) || `there are ${names.join(", ")}`}`);
  return found;
}

/** The service or data store of a name in an environment. @throws UserError with a near miss */
export function findWorkload(
  { file, value: { services, dataStores } }: Input<Environment>,
  name: string,
): { readonly service?: Service; readonly dataStore?: DataStore } {
  if (Object.hasOwn(services, name)) return { service: services[name] as Service };
  if (Object.hasOwn(dataStores, name)) return { dataStore: dataStores[name] as DataStore };
  const names = Object.keys({ ...services, ...dataStores });
  throw new UserError(
    `${file} has no service or data store ${name}; ${nearMiss(name, names) || `there are ${names.join(", ") || "none"}`}`,
  );
}

/** The service of a name in an environment. @throws UserError with a near miss, and where it is a data store */
export function findService(environment: Input<Environment>, name: string): Service {
  const { service } = findWorkload(environment, name);
  if (!service) throw new UserError(`${name} is a data store: it has neither versions nor weights`);
  return service;
}

/** @throws UserError with a near miss */
export function findVersion(environment: Input<Environment>, service: string, version: string) {
  const { versions } = findService(environment, service);
  const found = versions[version];
  const names = Object.keys(versions);
  if (!found) {
    throw new UserError(
      `${service} has no version ${version} in ${environment.value.name}; ${nearMiss(version, names) || `there are ${names.join(", ")}`}`,
    );
  }
  return found;
}

/** The names of services that a command was called with, each once. @throws UserError where there are none */
export function requireServices(names: readonly string[]): readonly string[] {
  if (names.length === 0) throw new UserError("name a service: for example, backend");
  return [...new Set(names)];
}

/**
 * Edits that set weights of some versions; the primary gets what is left.
 *
 * @param wanted weight by version, without the primary
 * @throws UserError where they leave less than nothing
 */
export function weightEdits(
  environment: Input<Environment>,
  name: string,
  wanted: ReadonlyMap<string, number>,
): Edit[] {
  const service = findService(environment, name);
  if (service.rollout.strategy === "flagger")
    throw new UserError(
      `Flagger owns the weights of ${name} in ${environment.value.name}: a new release starts them, npm run rollback -- ${name} --env ${environment.value.name} --release takes it back`,
    );
  const primary = primaryOf(service);
  for (const version of wanted.keys()) findVersion(environment, name, version);
  if (wanted.has(primary))
    throw new UserError(`${primary} is the primary of ${name} and gets what the others leave; set the others`);
  const others = Object.entries(service.versions).filter(([version]) => version !== primary);
  const target = new Map(others.map(([version, spec]) => [version, wanted.get(version) ?? weightOf(service, spec)]));
  const taken = [...target.values()].reduce((sum, weight) => sum + weight, 0);
  if (taken > 100)
    throw new UserError(`the weights of ${name} would add up to ${taken} without ${primary}; at most 100`);
  target.set(primary, 100 - taken);
  return [...target].flatMap(([version, to]): Edit[] => {
    const spec = service.versions[version];
    if (!spec || weightOf(service, spec) === to) return [];
    return [{ file: environment.file, path: ["services", name, "versions", version, "weight"], from: spec.weight, to }];
  });
}

/** `release(dev): backend 6.14.0 → 6.15.0`: what changes, or all that was asked for where nothing does. */
export function subjectOf(
  verb: string,
  { value }: Input<Environment>,
  parts: readonly { readonly text: string; readonly edits: readonly Edit[] }[],
): string {
  const changed = parts.filter(({ edits }) => edits.length > 0);
  return `${verb}(${value.name}): ${(changed.length > 0 ? changed : parts).map(({ text }) => text).join(", ")}`;
}

type Imaged = Pick<Release, "image">;

/** What tells releases apart for a person: the tag, with the digest where the tags are the same. */
export function describeRelease({ image }: Imaged, other?: Imaged): string {
  return other?.image.tag === image.tag && image.digest ? `${image.tag}@${image.digest.slice(7, 19)}` : image.tag;
}
