import type { Alert } from "./alert.ts";

const argocd = { service: "argocd" };
const istio = { environment: "platform", service: "istio" };

/** An Application belongs to the environment that its project, or its parent's, is named after, or to the platform. */
function applications(selector: string): string {
  return `max by (environment, name, health_status, sync_status) (
  label_replace(argocd_app_info{${selector}}, "environment", "$1", "project", "(.+?)(-parent)?")
)`;
}

const application = "The Application {{ $labels.name }}";

/** What goes wrong with Argo CD's Applications: Git is not what runs. */
export const deliveryAlerts: readonly Alert[] = [
  {
    alert: "ApplicationOutOfSync",
    severity: "warning",
    labels: argocd,
    expr: applications('autosync_enabled="true", sync_status!="Synced"'),
    for: "30m",
    summary: `${application} has not reached what Git says for half an hour`,
    description: "It syncs by itself and is {{ $labels.sync_status }}: the sync fails, or something changes it back.",
  },
  {
    alert: "ApplicationWaiting",
    severity: "info",
    labels: argocd,
    expr: applications('autosync_enabled="false", sync_status="OutOfSync"'),
    for: "24h",
    summary: `${application} has waited for a person to sync it for a day`,
    description: "What is in Git is not deployed. Sync it, or revert what is not meant to be deployed.",
  },
  {
    alert: "ApplicationDegraded",
    severity: "warning",
    labels: argocd,
    expr: applications('health_status=~"Degraded|Missing"'),
    for: "15m",
    summary: `${application} is {{ $labels.health_status }}`,
    description: "Later waves of its parent wait for it.",
  },
  {
    alert: "ApplicationSyncFailed",
    severity: "warning",
    labels: argocd,
    expr: `sum by (environment, name) (
  label_replace(increase(argocd_app_sync_total{phase=~"Error|Failed"}[30m]), "environment", "$1", "project", "(.+?)(-parent)?")
) > 2`,
    summary: `${application} has failed to sync {{ $value | printf "%.0f" }} times in half an hour`,
    description: "Argo CD retries. Its message says what the API server or the repository server refuses.",
  },
  {
    alert: "ArgocdDown",
    severity: "critical",
    labels: { environment: "platform", ...argocd },
    expr: "absent(argocd_app_info)",
    for: "15m",
    summary: "Argo CD reports no Applications",
    description: "Nothing that is committed is deployed, and nothing that drifts is mended.",
  },
];

/** What goes wrong with the mesh itself. */
export const meshAlerts: readonly Alert[] = [
  {
    alert: "IstiodDown",
    severity: "critical",
    labels: istio,
    // Without kube-state-metrics nobody knows, and that is the alert TargetDown.
    expr: `absent(kube_deployment_status_replicas_available{namespace="istio-system", deployment="istiod"} > 0)
and on ()
  count(kube_deployment_created) > 0`,
    for: "5m",
    summary: "istiod has no ready pod",
    description:
      "Proxies keep what they have: new pods get no configuration, and certificates, which last a day, are not renewed.",
  },
  {
    alert: "ProxyConfigRejected",
    severity: "warning",
    labels: istio,
    // The counter is not there before the first time, so `increase` would miss that.
    expr: `sum by (type) (pilot_total_xds_rejects)
- (sum by (type) (pilot_total_xds_rejects offset 10m) or sum by (type) (pilot_total_xds_rejects) * 0)
> 0`,
    summary: "Proxies refuse the {{ $labels.type }} configuration that istiod sends",
    description: "They go on with what they had, so a change in Git does not take effect.",
  },
  {
    alert: "RootCertificateExpiring",
    severity: "warning",
    labels: istio,
    expr: "min(citadel_server_root_cert_expiry_timestamp) - time() < 30 * 86400",
    for: "1h",
    summary: "The root certificate of the mesh expires in {{ $value | humanizeDuration }}",
    description: "Then no proxy trusts another. Rotation takes two steps and days: begin now.",
  },
  {
    alert: "WorkloadCertificateExpiring",
    severity: "critical",
    labels: { service: "istio" },
    expr: `min by (environment, namespace, pod) (
  istio_agent_cert_expiry_seconds{resource_name="default"}
  * on (namespace, pod) group_left (environment)
    slipway:pod:info
) < 3600`,
    for: "10m",
    summary:
      "The certificate of {{ $labels.pod }} in {{ $labels.environment }} expires in {{ $value | humanizeDuration }}",
    description: "It is renewed after half of its 24 hours, so renewal has failed for hours. Calls will fail with 503.",
  },
];
