import type { Cluster } from "../model/cluster.ts";
import { flagger } from "./flagger.ts";
import { istio } from "./istio.ts";
import { jaeger } from "./jaeger.ts";
import { kiali } from "./kiali.ts";
import { metricsServer } from "./metrics-server.ts";
import { monitoringStack } from "./monitoring.ts";

/** A chart of the platform: one Application, one file of values. */
export interface Component {
  /** Name of the Application and of the Helm release. */
  readonly name: string;
  readonly namespace: string;
  /** Where else the chart puts objects: its project must allow it. */
  readonly furtherNamespaces?: readonly string[];
  readonly wave: number;
  readonly chart: { readonly repository: string; readonly name: string; readonly version: string };
  readonly values: object;
}

/** The charts of a cluster. A new component is a file beside this one, a line here and a key in `model/cluster.ts`. */
export function components(cluster: Cluster): Component[] {
  return [
    ...istio(cluster),
    ...monitoringStack(cluster),
    ...jaeger(cluster),
    ...kiali(cluster),
    ...metricsServer(cluster),
    ...flagger(cluster),
  ];
}

/** A namespace of the platform. */
export interface ComponentNamespace {
  readonly name: string;
  /** Whether it is made here: its component is installed here, or the first of its components. */
  readonly made: boolean;
}

/**
 * The namespaces that the components of a cluster are in, those that it had before among them: as each component says where
 * it would be installed.
 */
export function componentNamespaces(cluster: Cluster): ComponentNamespace[] {
  const installed = new Set(components(cluster).map(({ name }) => name));
  const all = components({ ...cluster, platform: withoutProvided(cluster.platform) });
  return [...Map.groupBy(all, ({ namespace }) => namespace)].map(([name, [first]]) => ({
    name,
    made: first !== undefined && installed.has(first.name),
  }));
}

/** A platform as if the cluster had none of its components already. */
function withoutProvided(platform: Cluster["platform"]): Cluster["platform"] {
  const all = Object.entries(platform).map(([key, component]) => [key, component && { ...component, provided: false }]);
  return Object.fromEntries(all) as Cluster["platform"];
}
