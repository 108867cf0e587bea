import type { Fault } from "../model/faults.ts";
import type { Rule } from "./rule.ts";

/** Components that would be installed and do nothing, and services that wait for one that is not there. */
export const components: Rule = ({ platform: { clusters }, environments }) =>
  clusters.flatMap(({ file, value: cluster }) => {
    const { platform, provider } = cluster;
    const faults: Fault[] = [];
    const add = (path: Fault["path"], message: string) => faults.push({ file, path, atKey: true, message });
    if (platform.kiali && !platform.monitoring)
      add(
        ["platform", "kiali"],
        "Kiali draws what Prometheus has measured; add monitoring, with provided: true where the cluster has it",
      );
    const stack = platform.monitoring;
    for (const key of ["namespace", "url"] as const)
      if (stack?.[key] !== undefined && !stack.provided)
        add(
          ["platform", "monitoring", key],
          "is said of a Prometheus that the cluster has already; remove it, or add provided: true",
        );
    if (stack && platform.flagger?.metricsServer !== undefined)
      add(
        ["platform", "flagger", "metricsServer"],
        "Flagger asks the Prometheus of monitoring; state its address there, as url, and remove this",
      );
    if (provider.type === "aks" && platform.metricsServer?.provided === false)
      add(["platform", "metricsServer"], "AKS brings its own; add provided: true");
    if (cluster.interfaces && !cluster.interfaces.tls && provider.type !== "kind")
      add(["interfaces"], "passwords would cross the network in the clear; add tls.secret");
    if (platform.metricsServer) return faults;
    const unmeasured = environments
      .filter(({ input }) => cluster.environments.includes(input.value.name))
      .flatMap(({ input }) =>
        Object.entries(input.value.services).flatMap(([service, { versions }]) =>
          Object.entries(versions).flatMap(([version, { autoscaling }]) =>
            autoscaling
              ? [
                  {
                    file: input.file,
                    path: ["services", service, "versions", version, "autoscaling"],
                    atKey: true,
                    message: `needs the measurements of metrics-server; add platform.metricsServer to ${file}, with provided: true where the cluster has it`,
                  },
                ]
              : [],
          ),
        ),
      );
    return [...faults, ...unmeasured];
  });
