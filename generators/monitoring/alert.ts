import type { Cluster } from "../model/cluster.ts";

/** A rule that notifies somebody. Routing goes by `severity` and `environment`: see alertmanager.ts. */
export interface Alert {
  /** Also the heading in runbooks.md. */
  readonly alert: string;
  readonly expr: string;
  /** How long it must hold. */
  readonly for?: string;
  /** critical: somebody must act now; warning: in working hours; info: only to know. */
  readonly severity: "critical" | "warning" | "info";
  /** Labels beside those that the expression brings along. */
  readonly labels?: Readonly<Record<string, string>>;
  /** One line; `$labels` and `$value` are Prometheus's (https://prometheus.io/docs/prometheus/latest/configuration/template_reference/). */
  readonly summary: string;
  readonly description: string;
}

/** @param runbooks address of runbooks.md */
export function alertRule({ alert, expr, severity, labels, summary, description, ...rest }: Alert, runbooks: string) {
  return {
    alert,
    expr,
    for: rest.for,
    labels: { severity, ...labels },
    annotations: { summary, description, runbook_url: `${runbooks}#${alert.toLowerCase()}` },
  };
}

/** Address of a file of the repository that a person can open, as far as the URL that Argo CD reads from tells. */
export function browseUrl({ url, revision }: Cluster["repository"], file: string): string {
  const base = url
    .replace(/^(?:ssh:\/\/)?git@([^:/]+)[:/]/, "https://$1/")
    .replace(/^ssh:\/\//, "https://")
    .replace(/\.git$/, "");
  const { hostname } = new URL(base);
  if (hostname === "github.com") return `${base}/blob/${revision}/${file}`;
  if (hostname.startsWith("gitlab.")) return `${base}/-/blob/${revision}/${file}`;
  if (hostname === "dev.azure.com") return `${base}?path=/${file}&version=GB${revision}`;
  return `${base}/src/branch/${revision}/${file}`;
}
