import { type Call, callTarget } from "./calls.ts";
import type { Path } from "./faults.ts";
import type { Release, Service, Version } from "./service.ts";

/** Keys that a version has twice: in its release, which travels, and beside it, which stays in the environment. */
export const placeKeys = ["env", "config", "calls", "secrets"] as const;

export type PlaceKey = (typeof placeKeys)[number];

/** One of the two sources of a version's variables, calls and Secrets, and its path below the service. */
export interface Statement extends Pick<Version, PlaceKey> {
  readonly path: Path;
}

/** Where the versions of a service state what their pods get, for findings that name the line. */
export function statementsOf({ versions }: Pick<Service, "versions">): Statement[] {
  return Object.entries(versions).flatMap(([name, version]) => [
    { ...version.release, path: ["versions", name, "release"] },
    { ...version, path: ["versions", name] },
  ]);
}

/**
 * What the pods of a version run: its release, and over it what stands beside the release. Variables of `env` and `config`
 * win by name, calls add up and win by target, and Secrets named beside the release come last, so that their keys win.
 */
export function effectiveRelease(version: Version): Release {
  const { release, config, calls, secrets } = version;
  // In a pod `env` beats every ConfigMap, so a name in the place's config must leave the release's env.
  const kept = Object.entries(release.env ?? {}).filter(([name]) => !Object.hasOwn(config ?? {}, name));
  const env = (release.env || version.env) && { ...Object.fromEntries(kept), ...version.env };
  return {
    ...release,
    env,
    config: (release.config || config) && { ...release.config, ...config },
    calls: (release.calls || calls) && mergeCalls(release.calls ?? [], calls ?? []),
    secrets: (release.secrets || secrets) && [
      ...(release.secrets ?? []).filter((name) => !secrets?.includes(name)),
      ...(secrets ?? []),
    ],
  };
}

/** Each target once: what is said of it beside the release counts. */
function mergeCalls(release: readonly Call[], place: readonly Call[]): Call[] {
  return [...new Map([...release, ...place].map((call) => [callTarget(call), call])).values()];
}
