import { waves } from "../argo/waves.ts";
import type { Cluster } from "../model/cluster.ts";
import { monitoring, tracing } from "../model/resolve.ts";
import { type Alerting, receiversSecret, alertmanager as routing } from "../monitoring/alertmanager.ts";
import type { Component } from "./components.ts";
import { interfaceUrl } from "./interfaces.ts";
import { grafanaSecret } from "./secrets.ts";
import { isLocal, memory } from "./sizes.ts";

const release = "kube-prometheus-stack";

/** Prometheus, Alertmanager, Grafana and the exporters. Values were checked by rendering chart 88.5.3 with them. */
export function monitoringStack(cluster: Cluster): Component[] {
  const { monitoring: stack } = cluster.platform;
  if (!stack || stack.provided) return [];
  return [
    {
      name: release,
      namespace: stack.namespace ?? monitoring.namespace,
      furtherNamespaces: ["kube-system"],
      wave: waves.platform.operators,
      chart: {
        repository: "https://prometheus-community.github.io/helm-charts",
        name: release,
        version: stack.version,
      },
      values: {
        ...kubernetes(isLocal(cluster)),
        prometheusOperator: operator,
        prometheus: prometheus(cluster),
        alertmanager: alertmanager(cluster, stack.alerting),
        grafana: grafana(cluster),
        "kube-state-metrics": { collectors, resources: memory("10m", "48Mi", "256Mi") },
        // The exporter needs the node's network, processes and files: kube-system lets privileged pods in.
        "prometheus-node-exporter": { namespaceOverride: "kube-system", resources: memory("10m", "24Mi", "96Mi") },
        extraManifests: [dashboardReader],
      },
    },
  ];
}

/** What is scraped of Kubernetes itself, and the rules about it. */
function kubernetes(local: boolean) {
  const off = { enabled: false };
  return {
    // They listen on loopback only on Kind, and are not to be seen at all on EKS and AKS.
    kubeControllerManager: off,
    kubeScheduler: off,
    kubeEtcd: off,
    kubeProxy: off,
    kubelet: { serviceMonitor: { cAdvisorInterval: "30s" } },
    ...(local && {
      // Histograms are most of the API server's series, and their rules look at a month.
      kubeApiServer: {
        serviceMonitor: {
          metricRelabelings: [{ action: "drop", sourceLabels: ["__name__"], regex: "(apiserver|etcd)_.+_bucket" }],
        },
      },
      defaultRules: {
        rules: {
          kubeApiserverAvailability: false,
          kubeApiserverBurnrate: false,
          kubeApiserverHistogram: false,
          kubeApiserverSlos: false,
        },
      },
    }),
  };
}

const operator = {
  // Its hook Jobs get stuck or run again at each sync (https://github.com/prometheus-community/helm-charts/issues/4500), and
  // rules are tested before they are merged. Its TLS is for these webhooks only.
  admissionWebhooks: { enabled: false },
  tls: { enabled: false },
  // Endpoints are deprecated since Kubernetes 1.33.
  kubeletEndpointsEnabled: false,
  kubeletEndpointSliceEnabled: true,
  resources: memory("10m", "64Mi", "256Mi"),
  prometheusConfigReloader: { resources: memory("5m", "24Mi", "64Mi") },
};

function prometheus(cluster: Cluster) {
  const local = isLocal(cluster);
  return {
    ...(!local && { podDisruptionBudget: { enabled: true } }),
    prometheusSpec: {
      // Every monitor and rule of the cluster, not only those that carry the label of this Helm release.
      serviceMonitorSelectorNilUsesHelmValues: false,
      podMonitorSelectorNilUsesHelmValues: false,
      probeSelectorNilUsesHelmValues: false,
      scrapeConfigSelectorNilUsesHelmValues: false,
      ruleSelectorNilUsesHelmValues: false,
      serviceDiscoveryRole: "EndpointSlice",
      scrapeInterval: "30s",
      evaluationInterval: "30s",
      externalLabels: { cluster: cluster.name },
      externalUrl: interfaceUrl(cluster, "prometheus"),
      ...(local
        ? {
            retention: "1d",
            retentionSize: "1500MB",
            storageSpec: { emptyDir: { sizeLimit: "2Gi" } },
            resources: memory("100m", "512Mi", "1536Mi"),
          }
        : {
            replicas: 2,
            // A month of error budgets, and a few days for what they are compared to.
            retention: "35d",
            retentionSize: "45GB",
            storageSpec: { volumeClaimTemplate: volumeClaim("50Gi") },
            resources: memory("500m", "2Gi", "4Gi"),
          }),
    },
  };
}

function alertmanager(cluster: Cluster, alerting: Alerting) {
  const local = isLocal(cluster);
  const secrets = Object.keys(alerting.receivers).length > 0 ? [receiversSecret] : undefined;
  return {
    config: routing(alerting),
    ...(!local && { podDisruptionBudget: { enabled: true } }),
    alertmanagerSpec: {
      secrets,
      externalUrl: interfaceUrl(cluster, "alertmanager"),
      ...(local
        ? { resources: memory("10m", "32Mi", "128Mi") }
        : {
            replicas: 2,
            storage: { volumeClaimTemplate: volumeClaim("2Gi") },
            resources: memory("20m", "64Mi", "256Mi"),
          }),
    },
  };
}

/** A volume of the cluster's default StorageClass. */
function volumeClaim(size: string) {
  return { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: size } } } };
}

/** Stateless: data sources and dashboards are files, the latter from ConfigMaps labelled `grafana_dashboard: "1"`. */
function grafana(cluster: Cluster) {
  return {
    admin: {
      existingSecret: grafanaSecret.name,
      userKey: grafanaSecret.userKey,
      passwordKey: grafanaSecret.passwordKey,
    },
    rbac: { useExistingClusterRole: dashboardReader.metadata.name },
    testFramework: { enabled: false },
    "grafana.ini": {
      server: { root_url: interfaceUrl(cluster, "grafana") },
      analytics: { reporting_enabled: false, check_for_updates: false, check_for_plugin_updates: false },
    },
    additionalDataSources: cluster.platform.jaeger && [
      { name: "Jaeger", uid: "jaeger", type: "jaeger", access: "proxy", url: `http://${tracing.host}:16686` },
    ],
    sidecar: {
      resources: memory("5m", "64Mi", "192Mi"),
      datasources: { resource: "configmap" },
      dashboards: {
        resource: "configmap",
        // The annotation names the folder that a dashboard appears in.
        folderAnnotation: "grafana_folder",
        provider: { foldersFromFilesStructure: true },
      },
    },
    resources: memory("20m", "192Mi", "768Mi"),
  };
}

/** The chart's own role would let Grafana read every Secret of the cluster. */
const dashboardReader = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: { name: "grafana-dashboards" },
  rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"] }],
};

/** What the stack's rules and dashboards read. Without Secrets, which the exporter would be allowed to list. */
const collectors = [
  "cronjobs",
  "daemonsets",
  "deployments",
  "horizontalpodautoscalers",
  "jobs",
  "namespaces",
  "nodes",
  "persistentvolumeclaims",
  "persistentvolumes",
  "poddisruptionbudgets",
  "pods",
  "replicasets",
  "resourcequotas",
  "services",
  "statefulsets",
];
