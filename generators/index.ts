import { checkPermissions } from "./argo/check.ts";
import { clusterUnits } from "./cluster.ts";
import { environmentUnits } from "./environment.ts";
import type { Platform } from "./model/platform.ts";
import { environmentsOf, resolveEnvironment } from "./model/resolve.ts";
import type { KubernetesObject, Unit } from "./render/output.ts";
import { schemaUnits } from "./schema.ts";

/**
 * Start reading here: everything that is rendered, as units that can be generated one by one.
 *
 * @param platform inputs that have passed validation and analysis
 */
export function plan(platform: Platform): Unit[] {
  const rendered = platform.clusters.flatMap((cluster) => {
    const environments = environmentsOf(cluster.value, platform).map((environment) =>
      resolveEnvironment(environment, platform),
    );
    const units = [...clusterUnits(cluster, environments), ...environments.flatMap(environmentUnits)];
    return checkPermissions(cluster.value.name, units);
  });
  return [...schemaUnits(), ...rendered];
}

/** The objects of one folder of the rendered tree and of those below it; the rest is not generated. */
export function objectsBelow(platform: Platform, top: string): KubernetesObject[] {
  return plan(platform)
    .filter(({ folder }) => folder === top || folder.startsWith(`${top}/`))
    .flatMap((unit) => unit.generate().flatMap((object) => ("kind" in object ? [object] : [])));
}
