import type { Platform } from "../../generators/model/platform.ts";
import { objectsOf, type Rendered } from "../support.ts";

/** A rule of a PrometheusRule, as Prometheus reads it. */
export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuleFile {
  readonly name: string;
  readonly groups: readonly { readonly name: string; readonly interval?: string; readonly rules: readonly Rule[] }[];
}

/** The PrometheusRules of a platform as rule files, which is how the operator hands them to Prometheus. */
export function ruleFiles(platform: Platform): RuleFile[] {
  return objectsOf(platform)
    .filter(({ object }: Rendered) => object.kind === "PrometheusRule")
    .map(({ object }) => ({
      name: `${object.metadata?.namespace}-${object.metadata?.name}.yaml`,
      groups: object.spec.groups,
    }));
}

export function alertsOf(files: readonly RuleFile[]): Rule[] {
  return files.flatMap(({ groups }) => groups.flatMap(({ rules }) => rules.filter(({ alert }) => alert)));
}
