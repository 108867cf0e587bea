import { randomBytes } from "node:crypto";
import { environmentsOf, ingress, monitoring, namespaceOf } from "../../../generators/model/resolve.ts";
import { receiversSecret } from "../../../generators/monitoring/alertmanager.ts";
import { interfaces } from "../../../generators/platform/interfaces.ts";
import { type RequiredSecret, requiredSecrets } from "../../../generators/platform/secrets.ts";
import { find } from "../cluster.ts";
import type { Step } from "../steps.ts";
import { applyNamespaces, createSecret, type NewSecret } from "./objects.ts";
import { type Target, typed } from "./target.ts";

interface Wanted {
  readonly namespace: string;
  readonly name: string;
  /** Words of `kubectl create secret` that make one like it. */
  readonly command: readonly [type: string, ...values: string[]];
  /** Makes it; none where it cannot be made here. */
  readonly make?: () => Promise<Pick<NewSecret, "type" | "data">>;
}

/**
 * The Secrets that the inputs name. What platform components need and what the cluster's input lists under `secrets` gets
 * random values, and a Kind cluster self-signed certificates; others are somebody else's to make, and are only told of.
 */
export function secretsMade(target: Target): Step {
  const { live } = target;
  const wanted = wantedSecrets(target);
  const missing = async () => {
    const found = await Promise.all(
      wanted.map(async (one) => ((await find(live, "secrets", one.name, one.namespace)) ? [] : [one])),
    );
    return found.flat();
  };
  return {
    name: "Secrets",
    commands: wanted
      .filter(({ make }) => make)
      .map(({ namespace, name, command: [type, ...values] }) =>
        typed(live, "create", "secret", type, name, "-n", namespace, ...values),
      ),
    look: async () => {
      const left = await missing();
      return left.some(({ make }) => make) ? undefined : describe(wanted.length - left.length, left);
    },
    ensure: async () => {
      const left = await missing();
      const own = left.filter(({ make }) => make);
      await applyNamespaces(
        target,
        own.map(({ namespace }) => namespace),
      );
      for (const { namespace, name, make } of own) {
        if (make) await createSecret(live, { namespace, name, ...(await make()) });
      }
      return describe(
        wanted.length - left.length + own.length,
        left.filter(({ make }) => !make),
        own.length,
      );
    },
  };
}

function describe(there: number, left: readonly Wanted[], made?: number): string {
  const names = left.map(({ namespace, name }) => `${namespace}/${name}`);
  const missing =
    names.length > 0 ? `; missing, and not made here: ${names.join(", ")} (pods that need them wait)` : "";
  return `${there} are there${made ? `, ${made} made now` : ""}${missing}`;
}

function wantedSecrets({ cluster, platform }: Target): Wanted[] {
  const environments = environmentsOf(cluster, platform).map(({ value }) => value);
  const generic = ["generic", "--from-literal=<key>=<random>"] as const;
  const random = (keys: readonly string[]) => async () => ({
    data: Object.fromEntries(keys.map((key) => [key, randomBytes(18).toString("base64url")])),
  });
  const workloads = environments.flatMap((environment) => {
    const services = Object.entries(environment.services).map(([name, { versions }]) => ({
      name,
      secrets: Object.values(versions).flatMap(({ release }) => release.secrets ?? []),
    }));
    const stores = Object.entries(environment.dataStores).map(([name, { secrets = [] }]) => ({ name, secrets }));
    return [...services, ...stores].flatMap(({ name, secrets }) =>
      [...new Set(secrets)].map((secret): Wanted => {
        const keys = cluster.secrets[secret];
        const namespace = namespaceOf(environment, name);
        return { namespace, name: secret, command: generic, ...(keys && { make: random(keys) }) };
      }),
    );
  });
  const shown = { hosts: interfaces(cluster).map(({ host }) => host), tls: cluster.interfaces?.tls };
  const gateways = [...environments.map(({ gateway }) => gateway), shown].flatMap((gateway) =>
    gateway?.tls ? [{ hosts: gateway.hosts, name: gateway.tls.secret }] : [],
  );
  const certificates = [...Map.groupBy(gateways, ({ name }) => name)].map(([name, own]): Wanted => {
    const hosts = own.flatMap((one) => one.hosts);
    return {
      namespace: ingress.namespace,
      name,
      command: ["tls", "--cert=<certificate>", "--key=<key>"],
      ...(cluster.provider.type === "kind" && { make: () => certificate(hosts) }),
    };
  });
  const components = requiredSecrets(cluster).map(({ namespace, name, data }): Wanted => {
    const make = async () => ({
      data: Object.fromEntries(Object.entries(data).map(([key, one]) => [key, secretValue(one)])),
    });
    return { namespace, name, command: generic, make };
  });
  const { receivers = {} } = cluster.platform.monitoring?.alerting ?? {};
  const told = Object.entries(receivers).map(([kind, type]) => `--from-literal=${kind}=<${type}>`);
  const receiver: Wanted = { namespace: monitoring.namespace, name: receiversSecret, command: ["generic", ...told] };
  const alerting = told.length > 0 && cluster.platform.monitoring?.provided === false ? [receiver] : [];
  const unique = new Map(
    [...components, ...alerting, ...workloads, ...certificates].map((one) => [`${one.namespace}/${one.name}`, one]),
  );
  return [...unique.values()];
}

function secretValue(value: RequiredSecret["data"][string]): string {
  if (typeof value === "string") return value;
  return randomBytes(value.random).toString("hex").slice(0, value.random);
}

/** A self-signed certificate for a year: browsers warn of it, which is right. */
async function certificate(hosts: readonly string[]): Promise<Pick<NewSecret, "type" | "data">> {
  const { generate } = await import("selfsigned");
  const year = 365 * 24 * 3600_000;
  const pair = await generate([{ name: "commonName", value: hosts[0] ?? "localhost" }], {
    keyType: "ec",
    algorithm: "sha256",
    notAfterDate: new Date(Date.now() + year),
    extensions: [{ name: "subjectAltName", altNames: hosts.map((value) => ({ type: 2, value })) }],
  });
  return { type: "kubernetes.io/tls", data: { "tls.crt": pair.cert, "tls.key": pair.private } };
}
