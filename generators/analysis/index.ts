import type { Fault } from "../model/faults.ts";
import type { Platform } from "../model/platform.ts";
import { alerting } from "./alerting.ts";
import { calls } from "./calls.ts";
import { collisions } from "./collisions.ts";
import { components } from "./components.ts";
import { crds } from "./crds.ts";
import { dataStores } from "./data-stores.ts";
import { ejection } from "./ejection.ts";
import { exposure } from "./exposure.ts";
import { externalHosts } from "./external-hosts.ts";
import { gitServers } from "./git-server.ts";
import { hosting } from "./hosting.ts";
import { images } from "./images.ts";
import { madeSecrets } from "./made-secrets.ts";
import { names } from "./names.ts";
import { measurement, objectives } from "./objectives.ts";
import { ports } from "./ports.ts";
import { probes } from "./probes.ts";
import { providers } from "./providers.ts";
import { quota } from "./quota.ts";
import { references } from "./references.ts";
import { replicas } from "./replicas.ts";
import { resources } from "./resources.ts";
import { rollouts } from "./rollouts.ts";
import { type Rule, subjectOf } from "./rule.ts";
import { secrets } from "./secrets.ts";
import { sizes } from "./sizes.ts";
import { syncWindows } from "./sync-windows.ts";
import { timeouts } from "./timeouts.ts";
import { unusedRoutes } from "./unused-routes.ts";
import { variables } from "./variables.ts";
import { versionReferences } from "./version-references.ts";
import { weights } from "./weights.ts";

/** Rules that compare files: where one cannot be read, they would only repeat that. */
const acrossFiles: readonly Rule[] = [hosting, collisions, crds, components, externalHosts, gitServers, measurement];

const withinFiles: readonly Rule[] = [
  names,
  weights,
  versionReferences,
  replicas,
  rollouts,
  calls,
  ejection,
  exposure,
  timeouts,
  unusedRoutes,
  probes,
  ports,
  images,
  resources,
  quota,
  references,
  sizes,
  secrets,
  syncWindows,
  dataStores,
  providers,
  objectives,
  alerting,
  variables,
  madeSecrets,
];

/**
 * Everything about inputs that are well-formed and still cannot work. Takes time in proportion to their size.
 *
 * @param complete whether every input could be read
 */
export function analyse(platform: Platform, complete = true): Fault[] {
  const subject = subjectOf(platform);
  const rules = complete ? [...acrossFiles, ...withinFiles] : withinFiles;
  return rules.flatMap((rule) => rule(subject));
}
