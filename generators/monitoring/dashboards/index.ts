import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { groupLabels } from "../../workloads/labels.ts";
import { canaries } from "./canaries.ts";
import { objectives } from "./objectives.ts";
import { overview } from "./overview.ts";
import { service } from "./service.ts";
import { versions } from "./versions.ts";

export interface DashboardsContext {
  /** Where Grafana looks for them. */
  readonly namespace: string;
  /** Address of runbooks.md. */
  readonly runbooks: string;
  readonly flagger: boolean;
}

/** The dashboards as ConfigMaps, which Grafana's sidecar loads into the folder `slipway`. */
export function dashboards({ namespace, runbooks, flagger }: DashboardsContext): ConfigMap[] {
  const all = { overview, service, versions, objectives, ...(flagger && { canaries }) };
  return Object.entries(all).map(
    ([name, make]) =>
      new ConfigMap({
        metadata: {
          name: `dashboard-${name}`,
          namespace,
          labels: { ...groupLabels("platform"), grafana_dashboard: "1" },
          annotations: { grafana_folder: "slipway" },
        },
        data: { [`slipway-${name}.json`]: `${JSON.stringify(make(runbooks), null, 2)}\n` },
      }),
  );
}
