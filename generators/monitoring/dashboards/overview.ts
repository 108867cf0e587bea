import { curves, dashboard, errorRate, stat, table, toDashboard } from "./panels.ts";

const of = 'environment=~"$environment", service=~"$service"';

/** The first look: is something wrong, and where. */
export function overview(runbooks: string): object {
  const figure = (title: string, expr: string, help: string, bad = 1) =>
    stat({ title, help, expr, unit: "none", width: 4, limits: { warning: 1, bad: bad + 0.5 }, noValue: "0" });
  return dashboard({
    uid: "slipway-overview",
    title: "Platform",
    help: "Every service of every environment: what callers get, what is promised, what is declared.",
    variables: "all",
    runbooks,
    rows: [
      [
        "State",
        [
          stat({
            title: "Critical alerts",
            help: "Alerts that somebody must act on now. Their runbooks are linked above.",
            expr: 'count(ALERTS{alertstate="firing", severity="critical"}) or vector(0)',
            unit: "none",
            limits: { warning: 0.5, bad: 1 },
            width: 4,
          }),
          figure(
            "Warnings",
            'count(ALERTS{alertstate="firing", severity="warning"}) or vector(0)',
            "For working hours.",
            5,
          ),
          stat({
            title: "Smallest error budget",
            help: "What is left of the error budget of the objective that is worst off.",
            expr: `min(slipway:error_budget_remaining:ratio{${of}})`,
            unit: "percentunit",
            limits: { warning: 0.5, bad: 0 },
            width: 4,
          }),
          figure(
            "Applications not synced",
            'count(argocd_app_info{sync_status!="Synced"}) or vector(0)',
            "Git is not what runs. Where a person syncs, that is how a release waits.",
            5,
          ),
          figure(
            "Applications not healthy",
            'count(argocd_app_info{health_status!="Healthy"}) or vector(0)',
            "Progressing for a moment is normal.",
            2,
          ),
          stat({
            title: "Pods not ready",
            expr: `count(kube_pod_status_ready{condition="true"} == 0 and on (namespace, pod) slipway:pod:info{${of}}) or vector(0)`,
            unit: "none",
            limits: { warning: 1, bad: 3 },
            width: 4,
          }),
        ],
      ],
      [
        "Services",
        [
          table({
            title: "What callers get",
            help: "Over the last 5 minutes, as the callers' proxies see it. A service leads to its dashboard.",
            labels: ["environment", "service"],
            link: toDashboard("slipway-service"),
            width: 24,
            columns: [
              {
                title: "Requests",
                unit: "reqps",
                expr: `sum by (environment, service) (slipway:service_requests:rate5m{${of}})`,
              },
              {
                ...errorRate,
                expr: `sum by (environment, service) (slipway:service_failures:rate5m{${of}} / (slipway:service_requests:rate5m > 0))`,
              },
              {
                title: "p95",
                unit: "s",
                expr: `sum by (environment, service) (slipway:service_duration_seconds:p95{${of}})`,
              },
              {
                title: "p99",
                unit: "s",
                expr: `sum by (environment, service) (slipway:service_duration_seconds:p99{${of}})`,
              },
              {
                title: "Budget left",
                unit: "percentunit",
                limits: { warning: 0.5, bad: 0 },
                expr: `min by (environment, service) (slipway:error_budget_remaining:ratio{${of}})`,
              },
            ],
          }),
          curves({
            title: "Requests",
            unit: "reqps",
            width: 12,
            queries: [{ expr: `slipway:service_requests:rate5m{${of}}`, legend: "{{environment}} {{service}}" }],
          }),
          curves({
            ...errorRate,
            width: 12,
            queries: [
              {
                expr: `slipway:service_failures:rate5m{${of}} / (slipway:service_requests:rate5m > 0)`,
                legend: "{{environment}} {{service}}",
              },
            ],
          }),
        ],
      ],
      [
        "Delivery",
        [
          table({
            title: "Declared and observed weights",
            help: "Header routes and mirrors shift what is observed. Few requests scatter: ask npm run traffic for a verdict.",
            labels: ["environment", "service", "workload"],
            link: toDashboard("slipway-versions"),
            width: 12,
            columns: [
              {
                title: "Declared",
                unit: "percent",
                expr: `sum by (environment, service, workload) (slipway_declared_weight{${of}})`,
              },
              { title: "Observed", unit: "percent", expr: share(of) },
            ],
          }),
          table({
            title: "Applications that are not synced or not healthy",
            labels: ["project", "name", "sync_status", "health_status"],
            width: 12,
            columns: [
              {
                title: "Count",
                unit: "none",
                expr: 'count by (project, name, sync_status, health_status) (argocd_app_info{sync_status!="Synced"} or argocd_app_info{health_status!="Healthy"})',
              },
            ],
          }),
        ],
      ],
    ],
  });
}

/** Share of the requests that each workload has answered, %. */
export function share(selector: string): string {
  return `100 * sum by (environment, service, workload) (slipway:version_requests:rate5m{${selector}})
/ on (environment, service) group_left ()
  (sum by (environment, service) (slipway:version_requests:rate5m{${selector}}) > 0)`;
}
