import type { Fault } from "../model/faults.ts";
import { amount } from "../model/quantity.ts";
import { isFlagger, type ResolvedEnvironment } from "../model/resolve.ts";
import { proxyRequests } from "../platform/istio.ts";
import { resourceRequirements } from "../workloads/pod.ts";
import type { Rule } from "./rule.ts";

/** Pods of one kind in a namespace: how many at most, and what each requests with its proxy. */
interface Pods {
  readonly namespace: string;
  readonly name: string;
  readonly most: number;
  /** Pods that a rolling update adds before it takes one away. */
  readonly surge: number;
  readonly cpu: number;
  readonly memory: number;
}

/**
 * Pods that a ResourceQuota would refuse: all replicas, autoscalers at their maximum, what Flagger copies, and one more pod
 * for a rolling update, each with the requests of Istio's proxy. Without that pod, no release would ever get through.
 */
export const quota: Rule = ({ platform, environments }) =>
  environments.flatMap((environment): Fault[] => {
    const { file, value } = environment.input;
    const limits = value.namespaces.quota;
    if (!limits) return [];
    const cluster = platform.clusters.find(({ value: { name } }) => name === value.cluster)?.value;
    const proxy = cluster?.platform.istio?.provided ? proxyRequests.provided : proxyRequests.ours;
    const byNamespace = Map.groupBy(podsIn(environment, proxy), ({ namespace }) => namespace);
    return [...byNamespace].flatMap(([namespace, pods]) =>
      (["pods", "cpu", "memory"] as const).flatMap((key): Fault[] => {
        const limit = limits[key];
        if (limit === undefined) return [];
        const each = (one: Pods) => (key === "pods" ? 1 : one[key]);
        const steady = pods.reduce((sum, one) => sum + one.most * each(one), 0);
        const surge = Math.max(0, ...pods.map((one) => one.surge * each(one)));
        // Cores and bytes are sums of fractions.
        if (steady + surge <= amount(String(limit)) * (1 + 1e-9)) return [];
        const parts = pods.map(({ name, most }) => `${name} ${most}`).join(", ");
        const needed = `${namespace} needs ${shown(key, steady + surge)} (${parts}${surge > 0 ? ", and one more in a rolling update" : ""}${key === "pods" ? "" : ", with their proxies"})`;
        return [
          {
            file,
            path: ["namespaces", "quota", key],
            message: `is ${limit}, but ${needed}; raise it or run fewer pods`,
          },
        ];
      }),
    );
  });

function podsIn({ services, dataStores }: ResolvedEnvironment, proxy: { cpu: string; memory: string }): Pods[] {
  const requests = (resources: Parameters<typeof resourceRequirements>[0]) => {
    const { cpu = "0", memory = "0" } = resourceRequirements(resources)?.requests ?? {};
    return {
      cpu: amount(String(cpu)) + amount(proxy.cpu),
      memory: amount(String(memory)) + amount(proxy.memory),
    };
  };
  return [
    ...services.flatMap((workload) =>
      Object.entries(workload.spec.versions).flatMap(([version, { autoscaling, replicas = 1, resources }]): Pods[] => {
        const most = autoscaling?.max ?? replicas;
        const one = {
          namespace: workload.namespace,
          name: `${workload.name}-${version}`,
          most,
          ...requests(resources),
        };
        const surge = most > 0 ? 1 : 0;
        // While a release is analysed, both Deployments run, each with an autoscaler.
        return isFlagger(workload)
          ? [
              { ...one, surge },
              { ...one, name: `${one.name}-primary`, surge },
            ]
          : [{ ...one, surge }];
      }),
    ),
    ...dataStores.map(({ namespace, name, spec }) => ({
      namespace,
      name,
      most: 1,
      surge: 0,
      ...requests(spec.resources),
    })),
  ];
}

/** `7`, `350m`, `1280Mi` */
function shown(key: "pods" | "cpu" | "memory", value: number): string {
  if (key === "pods") return `${value} pods`;
  return key === "cpu" ? `${Math.ceil(value * 1000 - 1e-6)}m` : `${Math.ceil(value / 2 ** 20 - 1e-6)}Mi`;
}
