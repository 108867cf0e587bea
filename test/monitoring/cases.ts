/** Series that make each alert fire, and ones that come close and must not. */

export interface Case {
  /** What happens. */
  readonly when: string;
  /** How long after the start it is looked at. */
  readonly at: string;
  /** Time between two evaluations. Default: 30s. */
  readonly interval?: string;
  /** Values in promtool's notation, one each 30 seconds: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series */
  readonly series: Readonly<Record<string, string>>;
  /** The alerts that fire, with the labels that the rule does not state and the texts that it fills in. Default: none. */
  readonly fires?: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly summary?: string;
    readonly description?: string;
  }[];
}

/** A selector with the labels in it. */
function series(name: string, labels: Readonly<Record<string, string>>): string {
  return `${name}{${Object.entries(labels)
    .map(([key, value]) => `${key}="${value}"`)
    .join(",")}}`;
}

/** Labels of Istio's metrics for calls of one version of a service of the shipped platform. */
function calls(environment: string, service: string, version = "stable") {
  return {
    reporter: "source",
    source_workload: "istio-ingressgateway",
    source_workload_namespace: "istio-ingress",
    destination_service_name: service,
    destination_service_namespace: `${environment}-${service}`,
    destination_workload: `${service}-${version}`,
  };
}

/** What makes up requests: how many are answered with 200 and 500 in each half minute. */
function requests(good: string, bad: string, of = calls("prod", "backend")) {
  return {
    [series("istio_requests_total", { ...of, response_code: "200", response_flags: "-" })]: good,
    [series("istio_requests_total", { ...of, response_code: "500", response_flags: "-" })]: bad,
  };
}

/** A histogram in which all requests take at most a second, and `fast` of them at most half of one. */
function durations(fast: string, all: string, of = calls("prod", "backend"), suffix = "") {
  const bucket = (le: string) =>
    series("istio_request_duration_milliseconds_bucket", { ...of, response_code: "200", le });
  return {
    ...requests(all, "0x100000", of),
    [bucket(`250${suffix}`)]: fast,
    [bucket(`500${suffix}`)]: fast,
    [bucket(`1000${suffix}`)]: all,
    [bucket("+Inf")]: all,
  };
}

const pod = { namespace: "prod-backend", pod: "backend-stable-7d9c6b5f4-x2x2x" };
const owner = {
  [series("kube_pod_owner", { ...pod, owner_kind: "ReplicaSet", owner_name: "backend-stable-7d9c6b5f4" })]: "1x1000",
};
/** Prometheus puts the pod's namespace first, and what Flagger says in another label. */
const canary = series("flagger_canary_status", {
  name: "backend-stable",
  namespace: "flagger-system",
  exported_namespace: "prod-backend",
});
const backend = { environment: "prod", service: "backend" };
const stable = { ...backend, version: "stable", namespace: "prod-backend", workload: "backend-stable" };
const container = { ...backend, version: "stable", ...pod, container: "backend" };

function deployment(name: string, workload = "backend-stable") {
  return series(`kube_deployment_${name}`, { namespace: "prod-backend", deployment: workload });
}

function application(labels: Readonly<Record<string, string>>) {
  return series("argocd_app_info", {
    namespace: "argocd",
    name: "prod-backend",
    project: "prod",
    autosync_enabled: "true",
    sync_status: "Synced",
    health_status: "Healthy",
    ...labels,
  });
}

/** Answers of a gRPC service, all of them HTTP 200: 294 in each step with the status 0, OK, and 6 with another. */
function grpc(status: string): Readonly<Record<string, string>> {
  const answers = (grpc_response_status: string) =>
    series("istio_requests_total", { ...calls("prod", "backend"), response_code: "200", grpc_response_status });
  return { [answers("0")]: "0+294x200", [answers(status)]: "0+6x200" };
}

/** The burn-rate alerts that fire at a rate, from the fastest on. */
function burning(rate: string, longs: readonly string[], labels: Readonly<Record<string, string>> = {}) {
  const sli = labels.sli ?? "availability";
  return longs.map((long) => ({
    labels: { ...backend, sli, window: "30d", long, ...labels },
    summary: `backend in prod uses up its ${sli} budget ${rate} times too fast`,
  }));
}

export const cases: Readonly<Record<string, readonly Case[]>> = {
  ErrorBudgetBurn: [
    ...(
      [
        [15, ["1h", "6h", "1d", "3d"]],
        [14, ["6h", "1d", "3d"]],
        [6.2, ["6h", "1d", "3d"]],
        [5.8, ["1d", "3d"]],
        [3.1, ["1d", "3d"]],
        [2.9, ["3d"]],
        [1.1, ["3d"]],
        [0.9, []],
      ] as const
    ).map(([rate, longs]) => ({
      when: `the budget burns ${rate} times too fast`,
      at: "70m",
      interval: "5m",
      // prod promises 99.9 %, so ten of ten thousand failures are a rate of 1.
      series: requests(`0+${10_000 - 10 * rate}x200`, `0+${10 * rate}x200`),
      fires: burning(`${rate}`, longs),
    })),
    {
      when: "0.24 % fail for two days after a clean one",
      at: "3d",
      interval: "5m",
      series: requests("0+10000x2880 28800000+9976x5760", "0x2880 0+24x5760"),
      fires: burning("1.6", ["3d"]),
    },
    { when: "one request of three fails", at: "70m", series: requests("0x20 2x180", "0x20 1x180") },
    {
      when: "nine of ten requests an hour fail",
      at: "70m",
      series: requests("0x20 1x180", "0x20 1 2 3 4 5 6 7 8 9x180"),
    },
    {
      when: "2 % have failed for an hour, and none for ten minutes",
      at: "70m",
      series: requests("0+294x120 35280+300x80", "0+6x120 720x80"),
      // The shorter window of the first is 5 minutes, that of the others half an hour and more.
      fires: burning("17.27", ["6h", "1d", "3d"]),
    },
    {
      when: "5 % are slower than 500 ms, of which prod promises 99 %",
      at: "70m",
      interval: "5m",
      series: durations("0+285x200", "0+300x200"),
      fires: burning("5", ["1d", "3d"], { sli: "latency", threshold: "500" }),
    },
    {
      when: "they are, and Prometheus 3 writes 500 as 500.0",
      at: "70m",
      interval: "5m",
      series: durations("0+285x200", "0+300x200", calls("prod", "backend"), ".0"),
      fires: burning("5", ["1d", "3d"], { sli: "latency", threshold: "500" }),
    },
    { when: "0.5 % are slower", at: "70m", interval: "5m", series: durations("0+2985x200", "0+3000x200") },
    {
      when: "a gRPC service answers with UNAVAILABLE, which is HTTP 200",
      at: "70m",
      interval: "5m",
      series: grpc("14"),
      fires: burning("20", ["1h", "6h", "1d", "3d"]),
    },
    {
      when: "it answers with NOT_FOUND, which is the caller's fault",
      at: "70m",
      interval: "5m",
      series: grpc("5"),
    },
  ],
  ErrorBudgetSpent: [
    {
      when: "0.2 % have failed for a day",
      at: "1d",
      interval: "5m",
      series: requests("0+998x2880", "0+2x2880"),
      fires: [
        {
          labels: { ...backend, sli: "availability", window: "30d" },
          summary: "backend in prod has used up its availability budget of 30d",
          description: "Remaining: -100% of the budget. Reliability comes before releases now.",
        },
      ],
    },
    {
      when: "0.05 % have failed for a day",
      at: "1d",
      interval: "5m",
      series: requests("0+1999x2880", "0+1x2880"),
    },
    {
      when: "0.9 % have failed for three days, and nothing for the 27 that followed",
      at: "30d",
      interval: "30m",
      series: requests("0+991x8640 8562240+1000x77760", "0+9x8640 77760x77760"),
    },
  ],
  // dev's ml has no objectives in these tests.
  ServiceFailing: [
    {
      when: "10 % fail",
      at: "20m",
      series: requests("0+270x100", "0+30x100", calls("dev", "ml")),
      fires: [{ labels: { environment: "dev", service: "ml" }, summary: "ml in dev fails 10% of the requests" }],
    },
    { when: "4 % fail", at: "20m", series: requests("0+288x100", "0+12x100", calls("dev", "ml")) },
    { when: "one request of three fails", at: "20m", series: requests("0x20 2x80", "0x20 1x80", calls("dev", "ml")) },
    { when: "10 % fail of a service whose error budget tells", at: "20m", series: requests("0+270x100", "0+30x100") },
  ],
  ServiceNearTimeout: [
    {
      when: "2 % take 30 seconds, and the timeout is 10",
      at: "30m",
      series: {
        ...requests("0+300x100", "0x100"),
        [series("istio_request_duration_milliseconds_bucket", { ...calls("prod", "backend"), le: "500" })]: "0+294x100",
        [series("istio_request_duration_milliseconds_bucket", { ...calls("prod", "backend"), le: "10000" })]:
          "0+294x100",
        [series("istio_request_duration_milliseconds_bucket", { ...calls("prod", "backend"), le: "30000" })]:
          "0+300x100",
        [series("istio_request_duration_milliseconds_bucket", { ...calls("prod", "backend"), le: "+Inf" })]:
          "0+300x100",
      },
      fires: [{ labels: backend, summary: "backend in prod answers one request in a hundred later than 20s" }],
    },
    { when: "all take less than a second", at: "30m", series: durations("0+150x100", "0+300x100") },
    {
      when: "there are too few requests to tell",
      at: "30m",
      series: {
        ...requests("0+3x100", "0x100"),
        [series("istio_request_duration_milliseconds_bucket", { ...calls("prod", "backend"), le: "10000" })]: "0x100",
        [series("istio_request_duration_milliseconds_bucket", { ...calls("prod", "backend"), le: "30000" })]: "0+3x100",
        [series("istio_request_duration_milliseconds_bucket", { ...calls("prod", "backend"), le: "+Inf" })]: "0+3x100",
      },
    },
  ],
  ConnectionPoolOverflow: [
    {
      when: "callers refuse four requests a minute",
      at: "20m",
      series: {
        [series("istio_requests_total", { ...calls("prod", "backend"), response_code: "503", response_flags: "UO" })]:
          "0+2x100",
      },
      fires: [
        {
          labels: backend,
          summary: "Callers of backend in prod run into its circuit breaker",
          description:
            "Their proxies have refused 20 requests in 5 minutes, because more connections, pending requests or retries were open than connectionPool allows.",
        },
      ],
    },
    {
      when: "they fail for another reason",
      at: "20m",
      series: {
        [series("istio_requests_total", {
          ...calls("prod", "backend"),
          response_code: "503",
          response_flags: "UF,URX",
        })]: "0+2x100",
      },
    },
  ],
  VersionDown: [
    {
      when: "the only pod of the canary is not ready",
      at: "10m",
      series: {
        [deployment("status_replicas_ready")]: "2x100",
        [deployment("status_replicas_ready", "backend-canary")]: "0x100",
      },
      fires: [
        {
          labels: { ...stable, version: "canary", workload: "backend-canary" },
          summary: "backend-canary in prod has no ready pod",
          description: "10 % of the requests are declared to go to it.",
        },
      ],
    },
    { when: "it was, for four minutes", at: "10m", series: { [deployment("status_replicas_ready")]: "2 0x8 2x100" } },
    { when: "kube-state-metrics says nothing", at: "10m", series: {} },
  ],
  VersionWithoutTraffic: [
    {
      when: "stable gets all of 10 requests a second",
      at: "40m",
      series: requests("0+300x200", "0x200"),
      fires: [
        {
          labels: { ...stable, version: "canary", workload: "backend-canary" },
          summary: "backend-canary in prod gets no requests",
          description: "10 % of the requests to backend are declared to go to it, and there are enough.",
        },
      ],
    },
    {
      when: "it gets one in a hundred",
      at: "40m",
      series: {
        ...requests("0+297x200", "0x200"),
        ...requests("0+3x200", "0x200", calls("prod", "backend", "canary")),
      },
    },
    { when: "there is a request in a minute", at: "40m", series: requests("0 0 1 1 2 2 3 3 4 4 5+0x200", "0x200") },
  ],
  PodsMissing: [
    {
      when: "one of two pods is not available",
      at: "20m",
      series: { [deployment("spec_replicas")]: "2x100", [deployment("status_replicas_available")]: "1x100" },
      fires: [{ labels: stable, summary: "backend-stable in prod lacks 1 of its pods" }],
    },
    {
      when: "the database is not ready",
      at: "20m",
      series: {
        [series("kube_statefulset_replicas", { namespace: "dev-database", statefulset: "database" })]: "1x100",
        [series("kube_statefulset_status_replicas_ready", { namespace: "dev-database", statefulset: "database" })]:
          "0x100",
      },
      fires: [
        {
          labels: {
            environment: "dev",
            service: "database",
            namespace: "dev-database",
            workload: "database",
          },
          summary: "database in dev lacks 1 of its pods",
        },
      ],
    },
    {
      when: "it becomes available in time",
      at: "20m",
      series: { [deployment("spec_replicas")]: "2x100", [deployment("status_replicas_available")]: "1x20 2x100" },
    },
    {
      when: "it is a Deployment that Git does not declare",
      at: "20m",
      series: {
        [deployment("spec_replicas", "other")]: "2x100",
        [deployment("status_replicas_available", "other")]: "1x100",
      },
    },
  ],
  PodRestarting: [
    {
      when: "a container restarts every ten minutes",
      at: "60m",
      series: {
        ...owner,
        [series("kube_pod_container_status_restarts_total", { ...pod, container: "backend" })]:
          "0x19 1x19 2x19 3x19 4x19 5x19 6x100",
      },
      fires: [
        {
          labels: container,
          summary: `${pod.pod} in prod has restarted 3 times in half an hour`,
          description: "Container backend. Its last words: kubectl logs --previous.",
        },
      ],
    },
    {
      when: "it has restarted once",
      at: "60m",
      series: {
        ...owner,
        [series("kube_pod_container_status_restarts_total", { ...pod, container: "backend" })]: "0x90 1x100",
      },
    },
  ],
  CpuThrottled: [
    {
      when: "it waits in 60 % of the periods",
      at: "40m",
      series: {
        ...owner,
        [series("container_cpu_cfs_periods_total", { ...pod, container: "backend" })]: "0+300x200",
        [series("container_cpu_cfs_throttled_periods_total", { ...pod, container: "backend" })]: "0+180x200",
      },
      fires: [
        {
          labels: container,
          summary: `${pod.pod} in prod waits for its CPU limit 60% of the time`,
          description: "Container backend: raise resources.limits.cpu, or the number of pods.",
        },
      ],
    },
    {
      when: "it waits in 40 % of them",
      at: "40m",
      series: {
        ...owner,
        [series("container_cpu_cfs_periods_total", { ...pod, container: "backend" })]: "0+300x200",
        [series("container_cpu_cfs_throttled_periods_total", { ...pod, container: "backend" })]: "0+120x200",
      },
    },
  ],
  MemoryNearLimit: [
    {
      when: "it uses 95 of 100 MB",
      at: "40m",
      series: {
        ...owner,
        [series("container_memory_working_set_bytes", { ...pod, container: "backend", id: "/a" })]: "95000000x200",
        [series("kube_pod_container_resource_limits", { ...pod, container: "backend", resource: "memory" })]:
          "100000000x200",
      },
      fires: [
        {
          labels: container,
          summary: `${pod.pod} in prod uses 95% of its memory limit`,
          description: "Container backend: at 100 % the kernel kills it. Raise resources.memory, or find the leak.",
        },
      ],
    },
    {
      when: "it uses 80",
      at: "40m",
      series: {
        ...owner,
        [series("container_memory_working_set_bytes", { ...pod, container: "backend", id: "/a" })]: "80000000x200",
        [series("kube_pod_container_resource_limits", { ...pod, container: "backend", resource: "memory" })]:
          "100000000x200",
      },
    },
  ],
  AutoscalerAtMaximum: [
    {
      when: "it wants all of six pods",
      at: "20m",
      series: autoscaler("6", "6", "2"),
      fires: [
        {
          labels: stable,
          summary: "backend-stable in prod has all 6 pods that it may have",
        },
      ],
    },
    { when: "it wants five of six", at: "20m", series: autoscaler("5", "6", "2") },
    { when: "it may have two and no other number", at: "20m", series: autoscaler("2", "2", "2") },
  ],
  CanaryStuck: [
    {
      when: "it has been progressing for more than an hour",
      at: "70m",
      series: { [canary]: "0x200" },
      fires: [
        {
          labels: stable,
          summary: "The canary of backend in prod has been under way for an hour",
        },
      ],
    },
    {
      when: "it succeeds after 20 minutes",
      at: "70m",
      series: {
        [canary]: "0x40 1x200",
      },
    },
  ],
  CanaryRolledBack: [
    {
      when: "its analysis fails",
      at: "30m",
      series: {
        [canary]: "0x20 2x200",
        [application({ health_status: "Degraded" })]: "1x220",
      },
      fires: [
        {
          labels: stable,
          summary: "Flagger has rolled back the canary of backend in prod",
        },
      ],
    },
    {
      when: "Git has gone back to the release that serves",
      at: "30m",
      series: {
        [canary]: "0x20 2x200",
        [application({ health_status: "Degraded" })]: "1x40 stale",
        [application({ health_status: "Healthy" })]: "_x40 1x180",
      },
    },
    {
      when: "it succeeds",
      at: "30m",
      series: {
        [canary]: "0x20 1x200",
      },
    },
  ],
  ApplicationOutOfSync: [
    {
      when: "one that syncs by itself is OutOfSync",
      at: "40m",
      series: { [application({ sync_status: "OutOfSync" })]: "1x200" },
      fires: [
        {
          labels: { environment: "prod", name: "prod-backend", sync_status: "OutOfSync", health_status: "Healthy" },
          summary: "The Application prod-backend has not reached what Git says for half an hour",
          description: "It syncs by itself and is OutOfSync: the sync fails, or something changes it back.",
        },
      ],
    },
    {
      when: "it was, for ten minutes",
      at: "40m",
      series: { [application({ sync_status: "OutOfSync" })]: "1x20 stale" },
    },
    {
      when: "a person syncs it",
      at: "40m",
      series: { [application({ sync_status: "OutOfSync", autosync_enabled: "false" })]: "1x200" },
    },
  ],
  ApplicationWaiting: [
    {
      when: "nobody has synced it for a day",
      at: "25h",
      interval: "5m",
      series: { [application({ sync_status: "OutOfSync", autosync_enabled: "false" })]: "1x3600" },
      fires: [
        {
          labels: { environment: "prod", name: "prod-backend", sync_status: "OutOfSync", health_status: "Healthy" },
          summary: "The Application prod-backend has waited for a person to sync it for a day",
        },
      ],
    },
    {
      when: "somebody has, after ten hours",
      at: "25h",
      interval: "5m",
      series: { [application({ sync_status: "OutOfSync", autosync_enabled: "false" })]: "1x1200 stale" },
    },
  ],
  ApplicationDegraded: [
    {
      when: "it is Degraded",
      at: "20m",
      series: { [application({ health_status: "Degraded" })]: "1x200" },
      fires: [
        {
          labels: { environment: "prod", name: "prod-backend", sync_status: "Synced", health_status: "Degraded" },
          summary: "The Application prod-backend is Degraded",
        },
      ],
    },
    { when: "it is Progressing", at: "20m", series: { [application({ health_status: "Progressing" })]: "1x200" } },
  ],
  ApplicationSyncFailed: [
    {
      when: "four syncs in a row fail",
      at: "30m",
      series: {
        [series("argocd_app_sync_total", { name: "dev-backend", project: "dev", phase: "Failed" })]:
          "0x10 1x10 2x10 3x10 4x100",
      },
      fires: [
        {
          labels: { environment: "dev", name: "dev-backend" },
          summary: "The Application dev-backend has failed to sync 4 times in half an hour",
        },
      ],
    },
    {
      when: "one fails and the next ones succeed",
      at: "30m",
      series: {
        [series("argocd_app_sync_total", { name: "dev-backend", project: "dev", phase: "Failed" })]: "0x10 1x100",
        [series("argocd_app_sync_total", { name: "dev-backend", project: "dev", phase: "Succeeded" })]:
          "0x10 1x10 2x10 3x10 4x100",
      },
    },
  ],
  ArgocdDown: [
    { when: "it says nothing", at: "20m", series: {}, fires: [{ labels: {} }] },
    { when: "it tells of one Application", at: "20m", series: { [application({})]: "1x200" } },
  ],
  IstiodDown: [
    {
      when: "its pod is not available",
      at: "10m",
      series: { ...istiod("0x100"), kube_deployment_created: "1x100" },
      fires: [{ labels: {} }],
    },
    {
      when: "its Deployment is gone",
      at: "10m",
      series: { kube_deployment_created: "1x100" },
      fires: [{ labels: {} }],
    },
    { when: "it is there", at: "10m", series: { ...istiod("1x100"), kube_deployment_created: "1x100" } },
    { when: "kube-state-metrics is gone", at: "10m", series: {} },
  ],
  ProxyConfigRejected: [
    {
      when: "a proxy refuses listeners for the first time",
      at: "20m",
      series: { [series("pilot_total_xds_rejects", { type: "lds" })]: "_x35 1x100" },
      fires: [{ labels: { type: "lds" }, summary: "Proxies refuse the lds configuration that istiod sends" }],
    },
    {
      when: "one has, an hour ago",
      at: "60m",
      series: { [series("pilot_total_xds_rejects", { type: "lds" })]: "_x5 1x200" },
    },
  ],
  RootCertificateExpiring: [
    {
      when: "it has 20 days left",
      at: "2h",
      series: { citadel_server_root_cert_expiry_timestamp: `${20 * 86_400 + 7_200}x300` },
      fires: [{ labels: {}, summary: "The root certificate of the mesh expires in 20d 0h 0m 0s" }],
    },
    {
      when: "it has 9 years",
      at: "2h",
      series: { citadel_server_root_cert_expiry_timestamp: `${9 * 365 * 86_400}x300` },
    },
  ],
  WorkloadCertificateExpiring: [
    {
      when: "it was not renewed",
      at: "20m",
      series: {
        ...owner,
        [series("istio_agent_cert_expiry_seconds", { ...pod, resource_name: "default" })]: "3000-30x100",
      },
      fires: [
        {
          labels: { environment: "prod", ...pod },
          summary: `The certificate of ${pod.pod} in prod expires in 30m 0s`,
        },
      ],
    },
    {
      when: "it has twelve hours left",
      at: "20m",
      series: {
        ...owner,
        [series("istio_agent_cert_expiry_seconds", { ...pod, resource_name: "default" })]: "43200-30x100",
      },
    },
  ],
};

function autoscaler(desired: string, max: string, min: string) {
  const of = { namespace: "prod-backend", horizontalpodautoscaler: "backend-stable" };
  return {
    [series("kube_horizontalpodautoscaler_status_desired_replicas", of)]: `${desired}x100`,
    [series("kube_horizontalpodautoscaler_spec_max_replicas", of)]: `${max}x100`,
    [series("kube_horizontalpodautoscaler_spec_min_replicas", of)]: `${min}x100`,
  };
}

function istiod(values: string) {
  return {
    [series("kube_deployment_status_replicas_available", { namespace: "istio-system", deployment: "istiod" })]: values,
  };
}

/** The shipped platform when all is well: with requests that all succeed, and with none at all. */
export function quiet(environments: Readonly<Record<string, readonly string[]>>): Case[] {
  const always = {
    ...istiod("1x200"),
    kube_deployment_created: "1x200",
    citadel_server_root_cert_expiry_timestamp: `${9 * 365 * 86_400}x200`,
    [application({ name: "dev-backend", project: "dev" })]: "1x200",
    // A release waits for a person.
    [application({ sync_status: "OutOfSync", autosync_enabled: "false" })]: "1x200",
  };
  const all = (make: (environment: string, service: string, version: string, replicas: number) => Case["series"]) =>
    Object.assign(
      {},
      ...Object.entries(environments).flatMap(([environment, services]) =>
        services.flatMap((service) => [
          make(environment, service, "stable", 2),
          make(environment, service, "canary", 1),
        ]),
      ),
    );
  const pods = all((environment, service, version, replicas) => {
    const namespace = `${environment}-${service}`;
    const workload = { namespace, deployment: `${service}-${version}` };
    const own = { namespace, pod: `${service}-${version}-7d9c6b5f4-x2x2x` };
    return {
      [series("kube_deployment_spec_replicas", workload)]: `${replicas}x200`,
      [series("kube_deployment_status_replicas_available", workload)]: `${replicas}x200`,
      [series("kube_deployment_status_replicas_ready", workload)]: `${replicas}x200`,
      [series("kube_pod_owner", { ...own, owner_kind: "ReplicaSet", owner_name: `${service}-${version}-7d9c6b5f4` })]:
        "1x200",
      [series("kube_pod_container_status_restarts_total", { ...own, container: service })]: "0x200",
      [series("container_memory_working_set_bytes", { ...own, container: service })]: "20000000x200",
      [series("kube_pod_container_resource_limits", { ...own, container: service, resource: "memory" })]:
        "67108864x200",
      [series("container_cpu_cfs_periods_total", { ...own, container: service })]: "0+10x200",
      [series("container_cpu_cfs_throttled_periods_total", { ...own, container: service })]: "0x200",
      [series("istio_agent_cert_expiry_seconds", { ...own, resource_name: "default" })]: "86400-30x200",
    };
  });
  const traffic = all((environment, service, version) => {
    const perHalfMinute = version === "stable" ? "0+270x200" : "0+30x200";
    return durations(perHalfMinute, perHalfMinute, calls(environment, service, version));
  });
  return [
    { when: "requests that all succeed", at: "90m", interval: "2m", series: { ...always, ...pods, ...traffic } },
    { when: "no requests", at: "90m", interval: "2m", series: { ...always, ...pods } },
  ];
}
