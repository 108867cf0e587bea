import type { Cluster } from "../model/cluster.ts";
import { flagger } from "./flagger.ts";
import { istio } from "./istio.ts";

/** A chart of the platform: one Application, one file of values. */
export interface Component {
  /** Name of the Application and of the Helm release. */
  readonly name: string;
  readonly namespace: string;
  readonly wave: number;
  readonly chart: { readonly repository: string; readonly name: string; readonly version: string };
  readonly values: object;
}

/** The charts of a cluster. A new component is a file beside this one, a line here and a key in `model/cluster.ts`. */
export function components(cluster: Cluster): Component[] {
  return [...istio(cluster), ...flagger(cluster)];
}

/** API groups that only exist once a component is there: whose CRDs they are, and in which wave of the platform they come. */
export const crdOwners: Readonly<Record<string, { readonly component: "istio" | "flagger" }>> = {
  "flagger.app": { component: "flagger" },
  "networking.istio.io": { component: "istio" },
  "security.istio.io": { component: "istio" },
  "telemetry.istio.io": { component: "istio" },
};
