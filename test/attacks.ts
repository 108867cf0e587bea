/** What somebody with the rights of `dev` alone tries against the shipped platform, object by object. */

interface Attacked {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: object;
    readonly annotations?: object;
  };
  readonly spec?: object;
}

const dev = "dev-frontend";
const devHost = "dev.3rvision.localhost";
const prodHost = "prod.3rvision.localhost";
const prodService = "backend.prod-backend.svc.cluster.local";

const istio = (kind: string, spec: object, namespace = dev): Attacked => ({
  apiVersion: "networking.istio.io/v1",
  kind,
  metadata: { name: "attack", namespace },
  spec,
});
const server = (over: object) => ({ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: [devHost], ...over });
const gateway = (...servers: object[]) => istio("Gateway", { selector: { istio: "ingressgateway" }, servers });
const route = (host: string) => [{ route: [{ destination: { host } }] }];
const service = (spec: object): Attacked => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "attack", namespace: dev },
  spec: { ports: [{ port: 80 }], selector: { app: "frontend" }, ...spec },
});
const namespace = (labels: Record<string, string>): Attacked => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "dev-attack", labels },
});
const canary = (webhook: object): Attacked => ({
  apiVersion: "flagger.app/v1beta1",
  kind: "Canary",
  metadata: { name: "attack", namespace: dev },
  spec: {
    targetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "attack" },
    service: { port: 80 },
    analysis: {
      interval: "1m",
      threshold: 1,
      maxWeight: 50,
      stepWeight: 10,
      webhooks: [{ name: "attack", type: "rollout", ...webhook }],
    },
  },
});
const tester = "http://flagger-loadtester.flagger-system/";
const command = (cmd: string) => canary({ url: tester, metadata: { type: "bash", cmd } });
const own = `curl -fsS -m 10 -o /dev/null "http://attack-canary.${dev}.svc.cluster.local:80/"`;

/** Objects in the namespaces of dev, with what the API server says to each. */
export const traffic: Readonly<Record<string, readonly [object: Attacked, refusal: string]>> = {
  "a Gateway for prod's host": [gateway(server({ hosts: [prodHost] })), "hosts of its own environment"],
  "a Gateway for prod's host, with a namespace": [gateway(server({ hosts: [`*/${prodHost}`] })), "hosts of its own"],
  "a Gateway for every host": [gateway(server({ hosts: ["*"] })), "hosts of its own environment"],
  "a Gateway for every host of a domain": [gateway(server({ hosts: ["*.3rvision.localhost"] })), "hosts of its own"],
  "a Gateway for the platform's interfaces": [gateway(server({ hosts: ["argocd.localhost"] })), "hosts of its own"],
  "a Gateway that takes port 80 as TCP": [
    gateway(server({ port: { number: 80, name: "tcp", protocol: "TCP" } })),
    "HTTP on port 80 or HTTPS on port 443",
  ],
  "a Gateway on another port": [
    gateway(server({ port: { number: 15021, name: "http", protocol: "HTTP" } })),
    "HTTP on port 80 or HTTPS on port 443",
  ],
  "a Gateway with prod's certificate": [
    gateway(
      server({
        port: { number: 443, name: "https", protocol: "HTTPS" },
        tls: { mode: "SIMPLE", credentialName: "prod-gateway-tls" },
      }),
    ),
    "TLS Secret of its own environment",
  ],
  "a VirtualService for prod's host, on prod's Gateway": [
    istio("VirtualService", { hosts: [prodHost], gateways: ["prod-gateway/prod"], http: route("frontend") }),
    "hosts of its own environment",
  ],
  "a VirtualService for every host": [
    istio("VirtualService", { hosts: ["*"], http: route("frontend") }),
    "hosts of its",
  ],
  "a VirtualService for a service of prod": [
    istio("VirtualService", { hosts: [prodService], exportTo: ["*"], http: route("frontend") }),
    "hosts of its own environment",
  ],
  "a VirtualService that leads to a service of prod": [
    istio("VirtualService", { hosts: [devHost], gateways: ["dev-gateway/dev"], http: route(prodService) }),
    "services of its own environment",
  ],
  "a VirtualService that publishes Prometheus": [
    istio("VirtualService", {
      hosts: [devHost],
      gateways: ["dev-gateway/dev"],
      http: route("prometheus-operated.monitoring.svc.cluster.local"),
    }),
    "services of its own environment",
  ],
  "a VirtualService that mirrors to prod": [
    istio("VirtualService", {
      hosts: ["frontend"],
      http: [{ ...route("frontend")[0], mirrors: [{ destination: { host: prodService } }] }],
    }),
    "services of its own environment",
  ],
  "a VirtualService of TCP that leads to prod's database": [
    istio("VirtualService", { hosts: ["frontend"], tcp: route("database.prod-database.svc.cluster.local") }),
    "services of its own environment",
  ],
  "a DestinationRule for a service of prod": [
    istio("DestinationRule", { host: prodService, exportTo: ["*"], trafficPolicy: { tls: { mode: "DISABLE" } } }),
    "a service of its own environment",
  ],
  "a DestinationRule for every service": [istio("DestinationRule", { host: "*.local" }), "a service of its own"],
  "a ServiceEntry for a service of prod": [
    istio("ServiceEntry", {
      hosts: [prodService],
      exportTo: ["."],
      ports: [{ number: 8080, name: "http", protocol: "HTTP" }],
      resolution: "STATIC",
      endpoints: [{ address: "192.0.2.1" }],
    }),
    "hosts outside of the cluster",
  ],
  "a ServiceEntry for the whole mesh": [
    istio("ServiceEntry", {
      hosts: ["api.example.com"],
      ports: [{ number: 443, name: "tls", protocol: "TLS" }],
      resolution: "DNS",
    }),
    "namespaces of its own environment",
  ],
  "a ServiceEntry for prod's namespaces": [
    istio("ServiceEntry", {
      hosts: ["api.example.com"],
      exportTo: ["prod-backend"],
      ports: [{ number: 443, name: "tls", protocol: "TLS" }],
      resolution: "DNS",
    }),
    "namespaces of its own environment",
  ],
  "a Service with an address of its own outside": [service({ type: "LoadBalancer" }), "of type ClusterIP"],
  "a Service on a port of every node": [service({ type: "NodePort" }), "of type ClusterIP"],
  "a Service that is a name for prod's": [
    service({ type: "ExternalName", externalName: prodService, selector: undefined }),
    "of type ClusterIP",
  ],
  "a Service that takes addresses of others": [service({ externalIPs: ["192.0.2.1"] }), "external addresses"],
  "a namespace whose pods may do anything": [
    namespace({ "pod-security.kubernetes.io/enforce": "privileged" }),
    "Pod Security restricted",
  ],
  "a namespace without Pod Security": [namespace({}), "Pod Security restricted"],
  "a namespace with the Pod Security of long ago": [
    namespace({
      "pod-security.kubernetes.io/enforce": "restricted",
      "pod-security.kubernetes.io/enforce-version": "v1.0",
    }),
    "Pod Security restricted",
  ],
  "a command in the load tester, which prod lets in": [
    command('curl "http://shop-canary.prod-shop.svc.cluster.local:80/"'),
    "requests to its own service",
  ],
  "a command behind one of its own": [command(`${own} && id`), "requests to its own service"],
  "a command in an address": [command(own.replace(":80/", ":80/$(id)")), "requests to its own service"],
  "a webhook to somewhere else": [canary({ url: "http://argocd-server.argocd/" }), "requests to its own service"],
};

/** An Application as the parent `dev` would apply it: Argo CD writes the tracking id. */
const application = (name: string, spec: object, source: object = {}): Attacked => ({
  apiVersion: "argoproj.io/v1alpha1",
  kind: "Application",
  metadata: {
    name,
    namespace: "argocd",
    annotations: { "argocd.argoproj.io/tracking-id": `dev:argoproj.io/Application:argocd/${name}` },
  },
  spec: {
    project: "dev",
    destination: { server: "https://kubernetes.default.svc", namespace: dev },
    source: {
      repoURL: repository,
      targetRevision: "main",
      path: "envs/dev/attack",
      directory: { recurse: true },
      ...source,
    },
    ...spec,
  },
});
/** The repository that the attacked platform follows. */
const repository = "http://gitea-http.gitea.svc.cluster.local:3000/slipway/platform.git";

/** Applications that dev's parent makes, with what the API server says to each. */
export const applications: Readonly<Record<string, readonly [object: Attacked, refusal: string]>> = {
  "one of prod's project": [application("dev-attack", { project: "prod" }), "own project alone"],
  "one of the platform's project": [application("dev-attack", { project: "platform" }), "own project alone"],
  "one of its parent's project": [application("dev-attack", { project: "dev-parent" }), "own project alone"],
  "one with the name of prod's": [application("prod-backend", {}), "own project alone"],
  "one named root": [application("root", {}), "own project alone"],
  "one named as its parent": [application("dev", {}), "own project alone"],
  "one of prod's folder": [application("dev-attack", {}, { path: "envs/prod/backend" }), "envs/<environment>/"],
  "one of a folder that leads elsewhere": [application("dev-attack", {}, { path: "envs/dev/../prod" }), "envs/<env"],
  "one of another branch": [application("dev-attack", {}, { targetRevision: "unreviewed" }), "envs/<environment>/"],
  "one of another repository": [application("dev-attack", {}, { repoURL: "https://example.com/x" }), "envs/<env"],
  "one of a kustomization": [application("dev-attack", {}, { directory: undefined, kustomize: {} }), "envs/<env"],
  "one of several sources": [
    application("dev-attack", { source: undefined, sources: [{ repoURL: repository, path: "envs/dev/attack" }] }),
    "envs/<environment>/",
  ],
};

/** An Application of prod that syncs by itself, whoever writes it. */
export const automatedProd: readonly [object: Attacked, refusal: string] = [
  {
    ...application("prod-attack", { project: "prod", syncPolicy: { automated: {} } }),
    metadata: { name: "prod-attack", namespace: "argocd" },
  },
  "must not have syncPolicy.automated",
];
