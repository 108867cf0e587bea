import type { FlaggerWorkload } from "../model/resolve.ts";
import type { KubernetesObject } from "../render/output.ts";
import { labels } from "../workloads/labels.ts";

/** A query of Flagger's (https://docs.flagger.app/usage/metrics); the CRD has no model, so this is what we use of it. */
export interface MetricTemplate extends KubernetesObject {
  readonly spec: {
    readonly provider: { readonly type: "prometheus"; readonly address: string };
    readonly query: string;
  };
}

/** Requests to the new release, as its own pods count them. */
const selected = (metric: string, also = "") =>
  `${metric}{reporter="destination",destination_workload_namespace="{{ namespace }}",destination_workload="{{ target }}"${also}}[{{ interval }}]`;

/** gRPC says in its own status what HTTP says with 5xx. */
const noServerError = ',response_code!~"5..",grpc_response_status!~"2|4|8|12|13|14|15"';

const queries = {
  /** %. */
  "success-rate": `100 * sum(rate(${selected("istio_requests_total", noServerError)}))
/ sum(rate(${selected("istio_requests_total")}))
`,
  /** Milliseconds. */
  "latency-p95": `histogram_quantile(0.95,
  sum by (le) (rate(${selected("istio_request_duration_milliseconds_bucket")}))
)
`,
} as const;

/** Name of a service's MetricTemplate. */
export function metricTemplateName(workload: string, metric: keyof typeof queries): string {
  return `${workload}-${metric}`;
}

/** The queries that decide about a release. They stand beside the Canary: Flagger is let to no other namespace's. */
export function metricTemplates(workload: FlaggerWorkload): MetricTemplate[] {
  return (Object.keys(queries) as (keyof typeof queries)[]).map((metric) => ({
    apiVersion: "flagger.app/v1beta1",
    kind: "MetricTemplate",
    metadata: {
      name: metricTemplateName(workload.name, metric),
      namespace: workload.namespace,
      labels: labels(workload),
    },
    spec: { provider: { type: "prometheus", address: workload.scope.metricsServer }, query: queries[metric] },
  }));
}
