import { parseMadeKey } from "../../../generators/model/cluster.ts";
import type { Environment } from "../../../generators/model/environment.ts";
import { effectiveRelease } from "../../../generators/model/place.ts";
import { environmentsOf, ingress, monitoring, namespaceOf } from "../../../generators/model/resolve.ts";
import { receiversSecret } from "../../../generators/monitoring/alertmanager.ts";
import { interfaces } from "../../../generators/platform/interfaces.ts";
import { type RequiredSecret, requiredSecrets } from "../../../generators/platform/secrets.ts";
import type { Target } from "./target.ts";

/** A Secret that must be on the cluster before what names it can start. */
export interface WantedSecret {
  readonly namespace: string;
  readonly name: string;
  /** What bootstrap can make it of; none where somebody else must make it. */
  readonly made?:
    | { readonly type: "certificate"; readonly hosts: readonly string[] }
    | { readonly type: "values"; readonly values: Readonly<Record<string, Value>> };
  /** Words of `kubectl create secret` that make one like it. */
  readonly command: readonly [type: string, ...values: string[]];
}

/** A value of a Secret: a fixed text, so many random digits, or the one value that all keys of an identity share. */
export type Value = RequiredSecret["data"][string] | { readonly shared: string };

/**
 * The Secrets that a cluster's inputs name, each once. Those of an environment's workloads that its cluster lists under
 * `secrets` share their values: the identity of a value is `<environment> <Secret>/<key>`.
 */
export function wantedSecrets({ cluster, platform }: Pick<Target, "cluster" | "platform">): WantedSecret[] {
  const environments = environmentsOf(cluster, platform).map(({ value }) => value);
  const workloads = environments.flatMap((environment) => workloadSecrets(environment, cluster.secrets));
  const components = requiredSecrets(cluster).map(({ namespace, name, data }) => generic(namespace, name, data));
  const unique = new Map(
    [...components, ...receivers(cluster), ...workloads, ...certificates(cluster, environments)].map((one) => [
      `${one.namespace}/${one.name}`,
      one,
    ]),
  );
  return [...unique.values()];
}

/** Data stores come first: the value that a data store was initialised with is the one to keep. */
function workloadSecrets(environment: Environment, made: Target["cluster"]["secrets"]): WantedSecret[] {
  const services = Object.entries(environment.services).map(([name, { versions }]) => ({
    name,
    secrets: Object.values(versions).flatMap((version) => effectiveRelease(version).secrets ?? []),
  }));
  const stores = Object.entries(environment.dataStores).map(([name, { secrets = [] }]) => ({ name, secrets }));
  return [...stores, ...services].flatMap(({ name, secrets }) =>
    [...new Set(secrets)].map((secret) => {
      const values = (Object.hasOwn(made, secret) ? made[secret] : undefined)?.map((entry): [string, Value] => {
        const { key, from = { secret, key } } = parseMadeKey(entry);
        return [key, { shared: `${environment.name} ${from.secret}/${from.key}` }];
      });
      return generic(namespaceOf(environment, name), secret, values && Object.fromEntries(values));
    }),
  );
}

function generic(namespace: string, name: string, values?: Readonly<Record<string, Value>>): WantedSecret {
  const literals = Object.entries(values ?? { "<key>": { random: 0 } }).map(([key, value]) => {
    const text = typeof value === "string" ? value : "shared" in value ? `<${value.shared}>` : "<random>";
    return `--from-literal=${key}=${text}`;
  });
  return { namespace, name, command: ["generic", ...literals], ...(values && { made: { type: "values", values } }) };
}

function certificates(cluster: Target["cluster"], environments: readonly Environment[]): WantedSecret[] {
  const shown = { hosts: interfaces(cluster).map(({ host }) => host), tls: cluster.interfaces?.tls };
  const gateways = [...environments.map(({ gateway }) => gateway), shown].flatMap((gateway) =>
    gateway?.tls ? [{ hosts: gateway.hosts, name: gateway.tls.secret }] : [],
  );
  return [...Map.groupBy(gateways, ({ name }) => name)].map(([name, own]) => ({
    namespace: ingress.namespace,
    name,
    command: ["tls", "--cert=<certificate>", "--key=<key>"],
    ...(cluster.provider.type === "kind" && {
      made: { type: "certificate", hosts: own.flatMap(({ hosts }) => hosts) },
    }),
  }));
}

/** The keys of Alertmanager's receivers, which only their owners know. */
function receivers({ platform }: Target["cluster"]): WantedSecret[] {
  const named = Object.entries(platform.monitoring?.alerting.receivers ?? {});
  if (named.length === 0 || platform.monitoring?.provided !== false) return [];
  const literals = named.map(([kind, type]) => `--from-literal=${kind}=<${type}>`);
  return [{ namespace: monitoring.namespace, name: receiversSecret, command: ["generic", ...literals] }];
}
