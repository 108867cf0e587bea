import { waves } from "../argo/waves.ts";
import type { Cluster } from "../model/cluster.ts";
import { dnsCapture, ingress, tracing } from "../model/resolve.ts";
import type { Component } from "./components.ts";
import { isLocal } from "./sizes.ts";

const repository = "https://istio-release.storage.googleapis.com/charts";

/** Istio's four charts. Values were checked by rendering the charts of 1.30.3 with them. */
export function istio(cluster: Cluster): Component[] {
  const { platform, provider } = cluster;
  const { istio } = platform;
  if (!istio || istio.provided) return [];
  const chart = { repository, version: istio.version };
  // istiod turns `Ignore` into `Fail` when it is ready, which Argo CD would see as a difference for ever
  // (https://github.com/istio/istio/issues/52785); both charts read this value.
  const base = { validationFailurePolicy: "Fail" };
  return [
    {
      name: "istio-base",
      namespace: "istio-system",
      wave: waves.platform.foundations,
      chart: { ...chart, name: "base" },
      values: { base },
    },
    {
      name: "istiod",
      namespace: "istio-system",
      wave: waves.platform.controlPlanes,
      chart: { ...chart, name: "istiod" },
      values: { base, ...istiod(cluster) },
    },
    {
      name: "istio-cni",
      // The only namespace that every cluster lets privileged pods into.
      namespace: "kube-system",
      wave: waves.platform.controlPlanes,
      chart: { ...chart, name: "cni" },
      values: { resources: { requests: { cpu: "20m", memory: "64Mi" } }, useAppArmorAnnotation: false },
    },
    {
      // The release's name makes the label `istio: ingressgateway` and the ServiceAccount.
      name: ingress.name,
      namespace: ingress.namespace,
      wave: waves.platform.gateway,
      chart: { ...chart, name: "gateway" },
      values: {
        autoscaling: { enabled: false },
        replicaCount: istio.gatewayReplicas,
        ...(istio.gatewayReplicas > 1 && { podDisruptionBudget: { maxUnavailable: 1 } }),
        service: gatewayService(provider),
        resources: { requests: { cpu: "50m", memory: "64Mi" } },
      },
    },
  ];
}

/** Requests of the proxy in each pod: where we install Istio, and where the cluster has it, by its own default. */
export const proxyRequests = {
  ours: { cpu: "10m", memory: "64Mi" },
  provided: { cpu: "100m", memory: "128Mi" },
} as const;

function istiod(cluster: Cluster) {
  const traces = cluster.platform.jaeger !== undefined;
  return {
    pilot: {
      // No init container with NET_ADMIN: that is what lets namespaces enforce Pod Security `restricted`.
      cni: { enabled: true },
      ...(isLocal(cluster)
        ? { autoscaleEnabled: false, resources: { requests: { cpu: "50m", memory: "256Mi" } } }
        : { autoscaleMin: 2 }),
    },
    global: {
      proxy: { resources: { requests: proxyRequests.ours, limits: { cpu: "500m", memory: "256Mi" } } },
    },
    meshConfig: {
      // Access logs are turned on per environment, by its Telemetry.
      accessLogFile: "",
      accessLogEncoding: "JSON",
      // Named by the Telemetry of the environments. Applications that forward B3 headers and such that forward those of W3C
      // Trace Context end up in one trace; Envoy's OpenTelemetry tracer, the alternative, reads `traceparent` alone.
      extensionProviders: traces ? [{ name: tracing.provider, zipkin: traceCollector }] : undefined,
      outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
      defaultConfig: {
        holdApplicationUntilProxyStarts: true,
        // External hosts get addresses of their own, which tells TCP hosts on one port apart
        // (https://istio.io/latest/docs/ops/configuration/traffic-management/dns-proxy/).
        ...(dnsCapture(cluster) && { proxyMetadata: { ISTIO_META_DNS_CAPTURE: "true" } }),
      },
    },
  };
}

/** https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/; the option came with Istio 1.28. */
const traceCollector = {
  service: tracing.host,
  port: tracing.ports.zipkin,
  traceContextOption: "USE_B3_WITH_W3C_PROPAGATION",
};

/** Node ports inside Kind that the cluster configuration maps to this machine. */
export const kindNodePorts = { status: 30021, http: 30080, https: 30443 } as const;

function gatewayService(provider: Cluster["provider"]): object {
  const ports = (nodePorts?: typeof kindNodePorts) =>
    [
      { name: "status-port", port: 15021, nodePort: nodePorts?.status },
      { name: "http2", port: 80, nodePort: nodePorts?.http },
      { name: "https", port: 443, nodePort: nodePorts?.https },
    ].map((port) => ({ ...port, protocol: "TCP", targetPort: port.port }));
  if (provider.type === "kind") {
    // A LoadBalancer stays pending on Kind, and Argo CD waits for its address for ever.
    return { type: "NodePort", ports: ports(kindNodePorts) };
  }
  if (provider.type === "eks") {
    return {
      type: "LoadBalancer",
      loadBalancerClass: "service.k8s.aws/nlb",
      externalTrafficPolicy: "Local",
      annotations: {
        "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing",
        "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "ip",
        "service.beta.kubernetes.io/aws-load-balancer-healthcheck-protocol": "http",
        "service.beta.kubernetes.io/aws-load-balancer-healthcheck-port": "15021",
        "service.beta.kubernetes.io/aws-load-balancer-healthcheck-path": "/healthz/ready",
      },
    };
  }
  return { type: "LoadBalancer", externalTrafficPolicy: "Local" };
}
