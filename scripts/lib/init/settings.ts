import type { Cluster } from "../../../generators/model/cluster.ts";
import type { Platform } from "../../../generators/model/platform.ts";

/** What `npm run init` asks. Everything that it writes follows from these. */
export interface Settings {
  readonly name: string;
  readonly provider: Cluster["provider"]["type"];
  /** AWS region; for EKS only. */
  readonly region?: string;
  readonly cluster: string;
  readonly repository: string;
  readonly revision: string;
  readonly environments: readonly string[];
  /** One for each environment. */
  readonly hosts: readonly string[];
  readonly components: readonly Component[];
  /** Components, argocd among them, that the cluster has already. */
  readonly provided: readonly string[];
  /** The one service of the platform; an empty platform without it. */
  readonly service?: string;
  /** Where `npm run upgrade` gets a later slipway from, if that is known. */
  readonly slipway?: string;
}

/** Versions of a new platform: those of the platform that slipway ships with, which a test compares. */
export const pins = {
  argocd: "v3.5.7",
  istio: "1.30.4",
  monitoring: "91.5.0",
  jaeger: "4.11.1",
  kiali: "2.31.0",
  flagger: "1.44.0",
  metricsServer: "3.14.0",
  gitea: "1.27.2",
} as const satisfies Partial<Record<keyof Cluster["platform"], string>>;

/** What every platform has. */
export const required = ["argocd", "istio"] as const;

/** What a platform may have. */
export const optional = ["monitoring", "jaeger", "kiali", "flagger", "metricsServer", "gitea"] as const;

export type Component = (typeof optional)[number];

/** Kubernetes 1.35 on Kind and EKS. */
export const kindImage = "kindest/node:v1.35.8@sha256:07b2536e30b803ed61d1677a79df6115f798ce64c80f9e22f6ed45afd09323c0";
export const kubernetes = "1.35";

/**
 * The settings that a platform follows from, as far as it follows from any: what `init` asks has these as its defaults.
 *
 * @returns none where the platform has more clusters than one, or none
 */
export function settingsOf(
  { name, slipway }: Pick<Settings, "name" | "slipway">,
  { clusters, environments }: Platform,
): Settings | undefined {
  const [cluster, another] = clusters.map(({ value }) => value);
  if (!cluster || another) return undefined;
  const own = new Map(environments.map(({ value }) => [value.name, value]));
  const services = new Set(environments.flatMap(({ value }) => Object.keys(value.services)));
  const { platform, provider, repository } = cluster;
  return {
    name,
    provider: provider.type,
    ...(provider.type === "eks" && { region: provider.region }),
    cluster: cluster.name,
    repository: repository.url,
    revision: repository.revision,
    environments: cluster.environments,
    hosts: cluster.environments.map((environment) => own.get(environment)?.gateway?.hosts[0] ?? ""),
    components: optional.filter((component) => platform[component]),
    provided: Object.keys(pins).filter((component) => {
      const value = platform[component as keyof typeof pins];
      return value && "provided" in value && value.provided;
    }),
    ...(services.size === 1 && { service: [...services][0] }),
    ...(slipway && { slipway }),
  };
}
