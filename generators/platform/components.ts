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
