import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import { type DataStoreWorkload, isFlagger, type ServiceWorkload, type Workload, weightOf } from "../model/resolve.ts";
import { milliseconds } from "../model/scalars.ts";
import { labels } from "../workloads/labels.ts";

/*
 * What Git says about a workload, as constant series: rules and dashboards join them to what is measured. They give it
 * the labels `environment` and `service`, which no proxy and no kubelet knows, and the figures to compare it to. So the
 * rules themselves are the same for all services and stand in the cluster once; see rules.ts.
 *
 *   slipway_service_info      1   environment, service, destination_service_{name,namespace} as Istio's metrics have them
 *   slipway_workload_info     1   environment, service, version, namespace, workload
 *   slipway_objective_ratio   share of good requests that is promised   environment, service, sli, window, threshold (ms)
 *   slipway_latency_threshold_seconds, slipway_timeout_seconds   environment, service
 *   slipway_declared_weight   0 … 100   environment, service, version, namespace, workload
 */

interface Constant {
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Identity and objectives of a service; in its own folder, because they change with it. */
export function serviceFacts(workload: ServiceWorkload): PrometheusRule[] {
  const { scope, name, namespace, spec } = workload;
  const of = { environment: scope.name, service: name };
  const versions = Object.keys(spec.versions).map((version) => place(workload, version));
  // Flagger routes to Services of its own, and what serves is its copy of the Deployment.
  const flagger = isFlagger(workload);
  const destinations = flagger ? [name, `${name}-primary`, `${name}-canary`] : [name];
  const places = flagger
    ? versions.flatMap((labels) => [labels, { ...labels, workload: `${labels.workload}-primary` }])
    : versions;
  return facts(workload, name, [
    ...destinations.map((destination) =>
      constant("slipway_service_info", 1, {
        ...of,
        destination_service_name: destination,
        destination_service_namespace: namespace,
      }),
    ),
    ...places.map((labels) => constant("slipway_workload_info", 1, labels)),
    ...objectives(spec.slo).map(({ target, ...slo }) => ({
      record: "slipway_objective_ratio",
      expr: `vector(${target}) / 100`,
      labels: { ...of, ...slo },
    })),
    ...(spec.slo?.latency
      ? [constant("slipway_latency_threshold_seconds", seconds(spec.slo.latency.threshold), of)]
      : []),
  ]);
}

/** The figures of a service's routes, beside them: what is declared becomes what is compared in the same sync. */
export function routeFacts(workload: ServiceWorkload): PrometheusRule[] {
  const { scope, name, spec } = workload;
  return facts(workload, `${name}.routes`, [
    ...Object.entries(spec.versions).map(([version, of]) =>
      constant("slipway_declared_weight", weightOf(spec, of), place(workload, version)),
    ),
    ...(spec.timeout
      ? [constant("slipway_timeout_seconds", seconds(spec.timeout), { environment: scope.name, service: name })]
      : []),
  ]);
}

/** Identity of a data store. */
export function dataStoreFacts(workload: DataStoreWorkload): PrometheusRule[] {
  return facts(workload, workload.name, [constant("slipway_workload_info", 1, place(workload))]);
}

interface Objective {
  readonly sli: "availability" | "latency";
  readonly window: string;
  /** Milliseconds, as the label `le` of the histogram has them. */
  readonly threshold?: string;
  /** Percent. */
  readonly target: number;
}

function objectives(slo: ServiceWorkload["spec"]["slo"]): Objective[] {
  if (!slo) return [];
  const { availability, latency, window } = slo;
  return [
    ...(availability === undefined ? [] : [{ sli: "availability" as const, window, target: availability }]),
    ...(latency
      ? [
          {
            sli: "latency" as const,
            window,
            threshold: String(milliseconds(latency.threshold)),
            target: latency.target,
          },
        ]
      : []),
  ];
}

function seconds(duration: string): number {
  return milliseconds(duration) / 1000;
}

/** Labels of a Deployment or StatefulSet, as kube-state-metrics names it. */
function place({ scope, name, namespace }: Workload, version?: string): Record<string, string> {
  return {
    environment: scope.name,
    service: name,
    ...(version && { version }),
    namespace,
    workload: version ? `${name}-${version}` : name,
  };
}

function constant(record: string, value: number, of: Readonly<Record<string, string>>): Constant {
  return { record, expr: `vector(${value})`, labels: of };
}

/** None where nothing reads it. A dot cannot be part of a workload's name, so no two of these are named alike. */
function facts(workload: Workload, name: string, rules: Constant[]): PrometheusRule[] {
  if (!workload.scope.monitoring) return [];
  return [
    new PrometheusRule({
      metadata: { name, namespace: workload.namespace, labels: labels(workload) },
      spec: { groups: [{ name: "declared", rules }] },
    }),
  ];
}
