import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import { groupLabels } from "../workloads/labels.ts";
import { type Alert, alertRule } from "./alert.ts";
import { deliveryAlerts, meshAlerts } from "./platform-alerts.ts";
import { recordingRules, slow } from "./recording-rules.ts";
import { canaryAlerts, objectiveAlerts, serviceAlerts } from "./service-alerts.ts";

export interface RulesContext {
  /** Where Prometheus looks for rules. */
  readonly namespace: string;
  /** Address of runbooks.md. */
  readonly runbooks: string;
  /** Windows of the objectives of the cluster. */
  readonly windows: readonly string[];
  readonly flagger: boolean;
}

/** The rules of a cluster. They know no service by name: what Git declares of each is in its own folder, see declared.ts. */
export function rules({ namespace, runbooks, windows, flagger }: RulesContext): PrometheusRule[] {
  const objectives = objectiveAlerts(windows);
  const alerts = (name: string, list: readonly Alert[], interval?: string) =>
    list.length > 0 ? [{ name, interval, rules: list.map((alert) => alertRule(alert, runbooks)) }] : [];
  const rule = (name: string, groups: Groups) =>
    new PrometheusRule({ metadata: { name, namespace, labels: groupLabels("platform") }, spec: { groups } });
  return [
    rule("slipway.recorded", recordingRules(windows)),
    rule("slipway.alerts", [
      ...alerts(
        "objectives",
        objectives.filter(({ severity }) => severity === "critical"),
      ),
      ...alerts(
        "objectives-long",
        objectives.filter(({ severity }) => severity !== "critical"),
        slow,
      ),
      ...alerts("services", serviceAlerts),
      ...(flagger ? alerts("canaries", canaryAlerts) : []),
      ...alerts("delivery", deliveryAlerts),
      ...alerts("mesh", meshAlerts),
    ]),
  ];
}

type Groups = NonNullable<NonNullable<ConstructorParameters<typeof PrometheusRule>[0]>["spec"]>["groups"];
