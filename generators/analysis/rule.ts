import type { Fault, Path } from "../model/faults.ts";
import type { Platform } from "../model/platform.ts";
import { type ResolvedEnvironment, resolveEnvironment } from "../model/resolve.ts";
import type { Service } from "../model/service.ts";

/** What a rule looks at: the inputs, and the environments with every reference followed. */
export interface Subject {
  readonly platform: Platform;
  readonly environments: readonly ResolvedEnvironment[];
}

/** Finds what Istio, Kubernetes or Argo CD would accept and then fail on. */
export type Rule = (subject: Subject) => Fault[];

export function subjectOf(platform: Platform): Subject {
  return {
    platform,
    environments: platform.environments.map((environment) => resolveEnvironment(environment, platform)),
  };
}

/** A finding about a service: its path below the service, what is wrong, and whether the key is meant and not the value. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly atKey?: boolean;
}

/** A rule that looks at one service at a time. */
export function forEachService(
  find: (service: Service, name: string, environment: ResolvedEnvironment) => Iterable<Finding>,
): Rule {
  return ({ environments }) =>
    environments.flatMap((environment) =>
      Object.entries(environment.input.value.services).flatMap(([name, service]) =>
        Array.from(find(service, name, environment), (finding) => ({
          ...finding,
          file: environment.input.file,
          path: ["services", name, ...finding.path],
        })),
      ),
    );
}

/** `stable 60, canary 30` */
export function list(items: Iterable<readonly [string, string | number]>): string {
  return Array.from(items, ([name, value]) => `${name} ${value}`).join(", ");
}
