import type { Fault } from "../model/faults.ts";
import type { Platform } from "../model/platform.ts";
import { calls } from "./calls.ts";
import { collisions } from "./collisions.ts";
import { crds } from "./crds.ts";
import { exposure } from "./exposure.ts";
import { hosting } from "./hosting.ts";
import { images } from "./images.ts";
import { names } from "./names.ts";
import { ports } from "./ports.ts";
import { probes } from "./probes.ts";
import { replicas } from "./replicas.ts";
import { resources } from "./resources.ts";
import { type Rule, subjectOf } from "./rule.ts";
import { secrets } from "./secrets.ts";
import { syncWindows } from "./sync-windows.ts";
import { timeouts } from "./timeouts.ts";
import { unusedRoutes } from "./unused-routes.ts";
import { versionReferences } from "./version-references.ts";
import { weights } from "./weights.ts";

const rules: readonly Rule[] = [
  hosting,
  collisions,
  names,
  crds,
  weights,
  versionReferences,
  replicas,
  calls,
  exposure,
  timeouts,
  unusedRoutes,
  probes,
  ports,
  images,
  resources,
  secrets,
  syncWindows,
];

/** Everything about inputs that are well-formed and still cannot work. Takes time in proportion to their size. */
export function analyse(platform: Platform): Fault[] {
  const subject = subjectOf(platform);
  return rules.flatMap((rule) => rule(subject));
}
