/** What holds for the components beside the services: values of charts, namespaces, alerts, the cluster itself. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { requiredSecrets } from "../../generators/platform/secrets.ts";
import { repository } from "../support.ts";
import { type Invariant, id, partOf, type View } from "./view.ts";

const headings = new Set(
  Array.from(
    readFileSync(join(repository, "generators/monitoring/runbooks.md"), "utf8").matchAll(/^## (\S+)$/gm),
    ([, name = ""]) => name,
  ),
);

/** Clusters with the values of one of their charts, where it is installed here. */
function* installed({ clusters, document }: View, component: string) {
  for (const cluster of clusters) {
    const own = document(`clusters/${cluster.name}/${component}/values.yaml`);
    if (own) yield { cluster, own, local: cluster.provider.type === "kind" };
  }
}

export const platform: Readonly<Record<string, Invariant>> = {
  *"a namespace of an environment enforces Pod Security restricted and gets sidecars"({ namespaces }) {
    for (const namespace of namespaces) {
      const { labels = {} } = namespace.metadata ?? {};
      for (const mode of ["enforce", "audit", "warn"])
        yield [`${id(namespace)} ${mode}`, labels[`pod-security.kubernetes.io/${mode}`] === "restricted"];
      yield [`${id(namespace)} sidecars`, labels["istio-injection"] === "enabled"];
    }
  },
  *"a namespace of the platform enforces Pod Security; what nothing else guards lets in those it serves alone"({ of }) {
    for (const namespace of of("Namespace")) {
      const { name = "", labels = {} } = namespace.metadata ?? {};
      if (partOf(namespace.metadata) !== "platform") continue;
      const level = labels["pod-security.kubernetes.io/enforce"];
      const guarded = ["monitoring", "tracing", "gitea"].includes(name);
      yield [`${name} level`, level === "restricted" || (level === "baseline" && !guarded)];
      yield [
        `${name} sidecars`,
        labels["istio-injection"] === (["istio-ingress", "flagger-system"].includes(name) ? "enabled" : "disabled"),
      ];
      if (!guarded) continue;
      const policies = of("NetworkPolicy", name).filter(({ spec }) => Object.keys(spec.podSelector).length === 0);
      yield [`${name} policy`, policies.length === 1 && policies[0]?.spec.policyTypes.includes("Ingress")];
      for (const { from = [], ports } of policies[0]?.spec.ingress ?? []) {
        yield [`${name} peers`, from.length > 0];
        for (const { namespaceSelector, ipBlock } of from) {
          const [[key, value] = []] = Object.entries(namespaceSelector?.matchLabels ?? {});
          const mesh = key === "istio-injection" && value === "enabled" && name === "tracing";
          const own = key === "kubernetes.io/metadata.name" && value === name;
          yield [
            `${name} from ${value}`,
            !ipBlock &&
              key !== undefined &&
              (own || ports?.length > 0) &&
              (mesh || key === "kubernetes.io/metadata.name"),
          ];
        }
      }
    }
  },
  *"the mesh lets nothing out that is not declared, and applications start after their proxy"(view) {
    for (const { cluster, own } of installed(view, "istiod")) {
      const { meshConfig, pilot, global } = own;
      yield [`${cluster.name} out`, meshConfig.outboundTrafficPolicy.mode === "REGISTRY_ONLY"];
      yield [`${cluster.name} order`, meshConfig.defaultConfig.holdApplicationUntilProxyStarts === true];
      yield [`${cluster.name} CNI`, pilot.cni.enabled === true];
      const capture = cluster.platform.istio?.dnsCapture ?? true;
      yield [
        `${cluster.name} DNS`,
        (meshConfig.defaultConfig.proxyMetadata?.ISTIO_META_DNS_CAPTURE === "true") === capture,
      ];
      yield [`${cluster.name} webhook`, own.base.validationFailurePolicy === "Fail"];
      const { requests, limits } = global.proxy.resources;
      yield [`${cluster.name} proxies`, Boolean(requests.cpu && requests.memory && limits.memory)];
      const traced = meshConfig.extensionProviders?.some(({ name }: { name: string }) => name === "jaeger") ?? false;
      yield [`${cluster.name} traces`, traced === (cluster.platform.jaeger !== undefined)];
    }
  },
  *"what serves requests and alerts survives a node's loss on clusters that are not for one machine"(view) {
    for (const { cluster, own, local } of installed(view, "istiod"))
      if (!local) yield [`${cluster.name} istiod`, own.pilot.autoscaleMin >= 2];
    for (const { cluster, own } of installed(view, "istio-ingressgateway")) {
      const replicas = cluster.platform.istio?.gatewayReplicas ?? 1;
      yield [`${cluster.name} gateway`, own.replicaCount === replicas && own.autoscaling.enabled === false];
      if (replicas > 1) yield [`${cluster.name} gateway budget`, own.podDisruptionBudget?.maxUnavailable === 1];
    }
    for (const { cluster, own, local } of installed(view, "kube-prometheus-stack")) {
      if (local) continue;
      const { prometheus, alertmanager } = own;
      yield [
        `${cluster.name} Prometheus`,
        prometheus.prometheusSpec.replicas >= 2 && prometheus.podDisruptionBudget.enabled,
      ];
      yield [
        `${cluster.name} Alertmanager`,
        alertmanager.alertmanagerSpec.replicas >= 2 && alertmanager.podDisruptionBudget.enabled,
      ];
      yield [`${cluster.name} volumes`, Boolean(prometheus.prometheusSpec.storageSpec.volumeClaimTemplate)];
    }
    for (const { cluster, own, local } of installed(view, "flagger"))
      if (!local)
        yield [`${cluster.name} Flagger`, own.leaderElection?.enabled && own.leaderElection.replicaCount >= 2];
  },
  *"no chart makes a password of its own: each comes from a Secret that bootstrap knows"(view) {
    for (const { cluster, own } of installed(view, "kube-prometheus-stack")) {
      const known = requiredSecrets(cluster).find(
        ({ name, namespace }) => name === own.grafana.admin.existingSecret && namespace === "monitoring",
      );
      yield [
        `${cluster.name} Grafana`,
        known !== undefined &&
          Object.keys(known.data).includes(own.grafana.admin.passwordKey) &&
          !own.grafana.adminPassword,
      ];
      const random = known?.data[own.grafana.admin.passwordKey];
      yield [`${cluster.name} Grafana random`, typeof random === "object" && random.random >= 24];
    }
    for (const { cluster, own } of installed(view, "kiali")) {
      const [, name = "", key = ""] = own.login_token.signing_key.split(":");
      const known = requiredSecrets(cluster).find((one) => one.name === name && one.namespace === "istio-system");
      const random = known?.data[key];
      yield [`${cluster.name} Kiali`, typeof random === "object" && random.random >= 24];
    }
  },
  *"what people look at changes nothing, reads no Secret, and asks who they are where it is not their own machine"(
    view,
  ) {
    for (const { cluster, own, local } of installed(view, "kiali")) {
      yield [`${cluster.name} Kiali`, own.deployment.view_only_mode === true];
      yield [`${cluster.name} Kiali login`, local || own.auth.strategy !== "anonymous"];
    }
    for (const { cluster, own } of installed(view, "kube-prometheus-stack")) {
      const roles = (own.extraManifests ?? []).filter(({ kind }: { kind: string }) => kind === "ClusterRole");
      const rules = roles.flatMap(({ rules }: any) => rules);
      const reads = rules.every(
        ({ verbs, resources }: any) =>
          verbs.every((verb: string) => ["get", "list", "watch"].includes(verb)) &&
          !resources.includes("secrets") &&
          !resources.includes("*"),
      );
      yield [
        `${cluster.name} Grafana`,
        reads && roles.some(({ metadata }: any) => metadata.name === own.grafana.rbac.useExistingClusterRole),
      ];
      yield [
        `${cluster.name} exporter`,
        own["kube-state-metrics"].collectors.length > 0 && !own["kube-state-metrics"].collectors.includes("secrets"),
      ];
      yield [`${cluster.name} anonymous`, own.grafana["grafana.ini"]["auth.anonymous"] === undefined];
    }
  },
  *"Flagger reaches into no other namespace, and the load tester obeys Flagger alone and has no rights"(view) {
    for (const { cluster, own } of installed(view, "flagger")) {
      yield [`${cluster.name} references`, own.noCrossNamespaceRefs === true];
      yield [
        `${cluster.name} security`,
        own.securityContext.enabled && own.securityContext.context.runAsNonRoot === true,
      ];
      const [policy] = view.of("AuthorizationPolicy", "flagger-system");
      const sources = policy?.spec.rules.flatMap(({ from }: any) =>
        from.flatMap(({ source }: any) => source.principals),
      );
      yield [
        `${cluster.name} callers`,
        policy?.spec.action === "ALLOW" && sources.join() === "cluster.local/ns/flagger-system/sa/flagger",
      ];
      const [network] = view.of("NetworkPolicy", "flagger-system");
      yield [
        `${cluster.name} network`,
        network?.spec.ingress.every(({ from, ports }: any) => from?.length > 0 && ports?.length > 0),
      ];
    }
    for (const { cluster, own } of installed(view, "flagger-loadtester"))
      yield [`${cluster.name} rights`, own.rbac.rules.length === 0];
  },
  *"Prometheus takes every rule and monitor, keeps what objectives look back on, and knows its cluster"(view) {
    for (const { cluster, own, local } of installed(view, "kube-prometheus-stack")) {
      const spec = own.prometheus.prometheusSpec;
      for (const kind of ["serviceMonitor", "podMonitor", "probe", "rule", "scrapeConfig"])
        yield [`${cluster.name} ${kind}`, spec[`${kind}SelectorNilUsesHelmValues`] === false];
      yield [`${cluster.name} label`, spec.externalLabels.cluster === cluster.name];
      yield [`${cluster.name} retention`, local || Number.parseInt(spec.retention, 10) >= 30];
      yield [`${cluster.name} hooks`, own.prometheusOperator.admissionWebhooks.enabled === false];
    }
  },
  *"an alert says how bad it is and what to do, in a runbook that is there"({ of }) {
    for (const rule of of("PrometheusRule"))
      for (const { rules } of rule.spec.groups ?? [])
        for (const { alert, expr, labels = {}, annotations = {} } of rules) {
          if (!alert) continue;
          yield [
            `${id(rule)} ${alert}`,
            ["critical", "warning", "info"].includes(labels.severity) && String(expr).length > 0,
          ];
          yield [
            `${id(rule)} ${alert} runbook`,
            annotations.runbook_url?.endsWith(`#${alert.toLowerCase()}`) && headings.has(alert),
          ];
          yield [`${id(rule)} ${alert} words`, Boolean(annotations.summary && annotations.description)];
        }
  },
  *"a cluster on one's own machine is reached from that machine alone"({ document, clusters }) {
    for (const { name, provider } of clusters) {
      if (provider.type !== "kind") continue;
      const { nodes = [] } = document(`clusters/${name}/kind.yaml`) ?? {};
      const ports = nodes.flatMap(({ extraPortMappings = [] }: any) => extraPortMappings);
      yield [name, ports.length > 0 && ports.every((port: any) => port.listenAddress === "127.0.0.1")];
      yield [`${name} image`, nodes.every(({ image }: any) => image === provider.image)];
      yield [`${name} nodes`, nodes.length === provider.controlPlanes + provider.workers];
    }
  },
  *"the cluster's own Git server lets nobody register, runs no actions, and keeps its volume"({ clusters, of }) {
    for (const { name, platform } of clusters) {
      if (!platform.gitea) continue;
      const { spec } = of("StatefulSet", "gitea")[0] ?? {};
      const variables = Object.fromEntries(
        spec.template.spec.containers[0].env.map(({ name, value }: any) => [name, value]),
      );
      yield [`${name} registration`, variables.GITEA__service__DISABLE_REGISTRATION === "true"];
      yield [`${name} installed`, variables.GITEA__security__INSTALL_LOCK === "true"];
      yield [`${name} actions`, variables.GITEA__actions__ENABLED === "false"];
      yield [`${name} volume`, Object.values(spec.persistentVolumeClaimRetentionPolicy).join() === "Retain,Retain"];
    }
  },
  *"proxies are scraped once, where the agent merges the application's metrics, and every workload is found"({
    of,
    clusters,
  }) {
    const monitored = clusters.filter(({ platform }) => platform.monitoring);
    for (const { name } of monitored) {
      const monitors = new Map(of("PodMonitor").map((one) => [one.metadata?.name, one.spec]));
      for (const job of ["envoy", "gateway"]) {
        const [endpoint] = monitors.get(job)?.podMetricsEndpoints ?? [];
        const kept = endpoint?.relabelings
          .filter(({ action }: any) => action === "keep")
          .map(({ regex }: any) => regex);
        yield [`${name} ${job}`, endpoint?.path === "/stats/prometheus" && kept.join() === "istio-proxy,true"];
      }
      yield [`${name} everywhere`, monitors.get("envoy")?.namespaceSelector.any === true];
      const services = new Set(of("ServiceMonitor").map(({ metadata }) => metadata?.name));
      yield [`${name} control planes`, services.has("istiod") && services.has("argocd")];
    }
  },
};
