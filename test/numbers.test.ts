/** The figures that the four platforms are specified by. */
import { describe, expect, test } from "vitest";
import { filesOf, objectsOf, platformFolders, platformIn, shippedFolder } from "./support.ts";

function load(name: string) {
  const folder = platformFolders[name];
  if (!folder) throw new Error(`no platform ${name}`);
  const platform = platformIn(folder);
  const objects = objectsOf(platform).map(({ object }) => object);
  return {
    platform,
    files: filesOf(platform),
    spec: (kind: string, namespace: string, name: string) =>
      objects.find(
        (object) => object.kind === kind && object.metadata?.namespace === namespace && object.metadata?.name === name,
      )?.spec,
    object: (kind: string, namespace: string, name: string) =>
      objects.find(
        (object) => object.kind === kind && object.metadata?.namespace === namespace && object.metadata?.name === name,
      ),
  };
}

const split = (route: { destination: { subset: string }; weight?: number }[]) =>
  Object.fromEntries(route.map(({ destination, weight = 100 }) => [destination.subset, weight]));

describe("3RVision", () => {
  const { platform, spec, files } = load("3rvision");

  test.each([
    ["frontend", 3000, 100, 50],
    ["backend", 8080, 100, 50],
    ["ml", 5001, 50, 30],
  ])("%s: port %i, %i connections, %i pending, two stable and one canary", (name, port, connections, pending) => {
    const namespace = `prod-${name}`;
    const deployments = ["stable", "canary"].map((version) => spec("Deployment", namespace, `${name}-${version}`));
    expect(deployments.map(({ replicas }) => replicas)).toEqual([2, 1]);
    for (const deployment of deployments) {
      expect(deployment.template.spec.containers[0]).toMatchObject({
        ports: [{ containerPort: port }],
        readinessProbe: { httpGet: {} },
        livenessProbe: { httpGet: {} },
        envFrom: [{ configMapRef: {} }, { secretRef: {} }],
      });
    }
    expect(spec("DestinationRule", namespace, name).trafficPolicy).toEqual({
      tls: { mode: "ISTIO_MUTUAL" },
      loadBalancer: { simple: "ROUND_ROBIN" },
      connectionPool: { tcp: { maxConnections: connections }, http: { http1MaxPendingRequests: pending } },
      outlierDetection: { consecutive5xxErrors: 3, interval: "30s", baseEjectionTime: "30s", maxEjectionPercent: 100 },
    });
  });

  test.each([
    ["mesh", "prod-frontend", "frontend"],
    ["gateway", "prod-gateway", "prod-3rvision-localhost"],
    ["mesh", "prod-backend", "backend"],
    ["mesh", "prod-ml", "ml"],
  ])("prod, %s, %s: 90 stable and 10 canary, the header goes to canary", (_where, namespace, name) => {
    const [header, weighted] = spec("VirtualService", namespace, name).http;
    expect(header.match).toEqual([{ headers: { "x-canary": { exact: "true" } } }]);
    expect(split(header.route)).toEqual({ canary: 100 });
    expect(split(weighted.route)).toEqual({ stable: 90, canary: 10 });
  });

  test("frontend → backend → ml and database, and nobody else", () => {
    const callers = (name: string) =>
      spec("AuthorizationPolicy", `prod-${name}`, name).rules.flatMap((rule: any) => rule.from[0].source.principals);
    const principal = (name: string) => `cluster.local/ns/prod-${name}/sa/${name}`;
    expect(callers("frontend")).toEqual(["cluster.local/ns/istio-ingress/sa/istio-ingressgateway"]);
    expect(callers("backend")).toEqual([principal("frontend")]);
    expect(callers("ml")).toEqual([principal("backend")]);
    expect(callers("database")).toEqual([principal("backend")]);
    expect(spec("Service", "prod-database", "database").ports).toMatchObject([{ port: 3306, appProtocol: "tcp" }]);
  });

  test("everything is traced, with the tags environment and cluster", () => {
    for (const { value } of platform.environments) {
      expect(spec("Telemetry", `${value.name}-backend`, "default").tracing).toEqual([
        {
          providers: [{ name: "jaeger" }],
          randomSamplingPercentage: 100,
          customTags: { environment: { literal: { value: value.name } }, cluster: { literal: { value: "local" } } },
        },
      ]);
    }
  });

  test("Kind: one control plane, two workers, the gateway's ports mapped", () => {
    expect(files.get("clusters/local/kind.yaml")).toMatchInlineSnapshot(`
      "# Code generated from clusters/local.yaml by "npm run render". DO NOT EDIT.
      kind: Cluster
      apiVersion: kind.x-k8s.io/v1alpha4
      name: local
      nodes:
        - role: control-plane
          image: kindest/node:v1.35.8@sha256:07b2536e30b803ed61d1677a79df6115f798ce64c80f9e22f6ed45afd09323c0
          extraPortMappings:
            - containerPort: 30080
              hostPort: 30080
              listenAddress: "127.0.0.1"
              protocol: TCP
            - containerPort: 30443
              hostPort: 30443
              listenAddress: "127.0.0.1"
              protocol: TCP
        - role: worker
          image: kindest/node:v1.35.8@sha256:07b2536e30b803ed61d1677a79df6115f798ce64c80f9e22f6ed45afd09323c0
        - role: worker
          image: kindest/node:v1.35.8@sha256:07b2536e30b803ed61d1677a79df6115f798ce64c80f9e22f6ed45afd09323c0
      "
    `);
  });

  test("prod, complete, has at most 150 lines", async () => {
    const { readInputs } = await import("../scripts/lib/inputs.ts");
    const text = readInputs(shippedFolder).get("envs/prod.yaml") ?? "";
    expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(150);
  });
});

describe("Calculator", () => {
  const { spec, object, files, platform } = load("calculator");
  const namespace = "calculator-prod";

  test("one namespace, in qa and in prod", () => {
    const namespaces = platform.environments.map(({ value }) => value.namespaces.name);
    expect(namespaces).toEqual(["calculator-prod", "calculator-qa"]);
  });

  test.each([
    ["calculator-api", 80, 20],
    ["add-service", 70, 30],
    ["subtract-service", 60, 40],
    ["multiply-service", 50, 50],
  ])("%s: v1 %i, v2 %i", (name, v1, v2) => {
    const [route] = spec("VirtualService", namespace, name).http;
    expect(split(route.route)).toEqual({ v1, v2 });
    expect(route.retries).toMatchObject({ attempts: 3, backoff: "100ms" });
    expect(spec("DestinationRule", namespace, name).trafficPolicy.outlierDetection).toEqual({
      consecutive5xxErrors: 5,
      interval: "30s",
      baseEjectionTime: "30s",
      maxEjectionPercent: 50,
    });
    expect(object("ServiceAccount", namespace, name)?.metadata).toMatchObject({
      annotations: { "eks.amazonaws.com/role-arn": `arn:aws:iam::111122223333:role/calculator-prod-${name}` },
    });
  });

  test("only the API is exposed, and only it may call the three", () => {
    const principals = (name: string) =>
      spec("AuthorizationPolicy", namespace, name).rules.flatMap((rule: any) => rule.from[0].source.principals);
    expect(principals("calculator-api")).toEqual(["cluster.local/ns/istio-ingress/sa/istio-ingressgateway"]);
    for (const name of ["add-service", "subtract-service", "multiply-service"]) {
      expect(principals(name)).toEqual([`cluster.local/ns/${namespace}/sa/calculator-api`]);
    }
    expect(spec("Service", namespace, "add-service").ports).toMatchObject([{ port: 8001 }]);
  });

  test("rate limit, quota, required spread over zones, automated sync with prune and self-heal", () => {
    const bucket = spec("EnvoyFilter", namespace, "calculator-api-rate-limit").configPatches[0].patch.value
      .typed_config;
    expect(bucket.token_bucket).toEqual({ max_tokens: 200, tokens_per_fill: 100, fill_interval: "1s" });
    expect(spec("ResourceQuota", namespace, "default").hard).toEqual({
      "requests.cpu": "20",
      "requests.memory": "40Gi",
      pods: "80",
    });
    const [zone] = spec("Deployment", namespace, "add-service-v1").template.spec.topologySpreadConstraints;
    expect(zone).toMatchObject({ topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "DoNotSchedule" });
    expect(spec("Application", "argocd", "prod-calculator-api").syncPolicy.automated).toMatchObject({
      prune: true,
      selfHeal: true,
    });
    expect(spec("AppProject", "argocd", "prod").syncWindows).toMatchObject([{ kind: "allow", applications: ["*"] }]);
  });

  test("EKS over three zones, with OIDC, node autoscaling and a network load balancer", () => {
    expect(files.get("clusters/eks/eksctl.yaml")).toContain("withOIDC: true");
    expect(files.get("clusters/eks/eksctl.yaml")).toContain("autoScaler: true");
    expect(files.get("clusters/eks/istio-ingressgateway/values.yaml")).toContain(
      "loadBalancerClass: service.k8s.aws/nlb",
    );
  });
});

describe("three-tier", () => {
  const { platform, spec } = load("three-tier");

  test.each(["dev", "staging", "prod"])("%s: Services on port 80, MySQL on a volume that is kept", (environment) => {
    for (const name of ["frontend", "backend"]) {
      expect(spec("Service", `${environment}-${name}`, name).ports[0]).toMatchObject({ port: 80, targetPort: "http" });
    }
    expect(spec("StatefulSet", `${environment}-mysql`, "mysql").template.spec.volumes).toContainEqual({
      name: "data",
      persistentVolumeClaim: { claimName: "data-mysql-0" },
    });
    expect(spec("PersistentVolumeClaim", `${environment}-mysql`, "data-mysql-0")).toMatchObject({
      storageClassName: "managed-csi",
      resources: { requests: { storage: "20Gi" } },
    });
  });

  test.each([
    ["dev", "frontend"],
    ["dev", "backend"],
    ["staging", "frontend"],
    ["staging", "backend"],
    ["prod", "frontend"],
    ["prod", "backend"],
  ])("%s: the Canary of %s", (environment, name) => {
    const namespace = `${environment}-${name}`;
    const { progressDeadlineSeconds, targetRef, autoscalerRef, analysis, service } = spec("Canary", namespace, name);
    expect({ progressDeadlineSeconds, ...analysis }).toMatchObject({
      interval: "1m",
      threshold: 10,
      maxWeight: 50,
      stepWeight: 10,
      progressDeadlineSeconds: 600,
      metrics: [
        { name: "success-rate", thresholdRange: { min: 99 }, templateRef: { name: `${name}-success-rate` } },
        { name: "latency-p95", thresholdRange: { max: 500 }, templateRef: { name: `${name}-latency-p95` } },
      ],
      webhooks: [
        { name: "acceptance-test", type: "pre-rollout", metadata: { cmd: expect.stringContaining(`${name}-canary`) } },
        { name: "load-test", type: "rollout", metadata: { cmd: expect.stringContaining(`${name}-canary`) } },
        { name: "rollback", type: "rollback" },
        { name: "close-rollback", type: "post-rollout" },
      ],
    });
    for (const metric of analysis.metrics)
      expect(spec("MetricTemplate", namespace, metric.templateRef.name)).toBeDefined();
    expect(targetRef.name).toBe(`${name}-stable`);
    expect(autoscalerRef.name).toBe(`${name}-stable`);
    expect(service.trafficPolicy.tls).toEqual({ mode: "ISTIO_MUTUAL" });
  });

  test("what Flagger owns is not rendered: routes, DestinationRules, replicas, the selector of the Service", () => {
    const kinds = objectsOf(platform).map(({ object }) => object);
    expect(kinds.filter(({ kind }) => kind === "VirtualService" || kind === "DestinationRule")).toEqual([]);
    for (const { spec } of kinds.filter(({ kind }) => kind === "Deployment"))
      expect(spec).not.toHaveProperty("replicas");
    for (const name of ["frontend", "backend"]) {
      expect(spec("Service", `prod-${name}`, name)).not.toHaveProperty("selector");
    }
  });

  test("the frontend's Canary answers at the gateway, and callers know the Services that Flagger makes", () => {
    expect(spec("Canary", "prod-frontend", "frontend").service).toMatchObject({
      gateways: ["prod-gateway/prod", "mesh"],
      hosts: ["prod.three-tier.example.com"],
    });
    expect(spec("Canary", "prod-backend", "backend").service).not.toHaveProperty("gateways");
    expect(spec("Sidecar", "prod-frontend", "frontend").egress[0].hosts).toEqual([
      "istio-system/*",
      ...["backend", "backend-primary", "backend-canary"].map(
        (service) => `prod-backend/${service}.prod-backend.svc.cluster.local`,
      ),
    ]);
  });

  test("external hosts are reachable from who calls them, and from nobody else", () => {
    expect(spec("ServiceEntry", "prod-gateway", "login-microsoftonline-com")).toMatchObject({
      hosts: ["login.microsoftonline.com"],
      exportTo: ["prod-backend", "prod-gateway"],
      ports: [{ number: 443, protocol: "TLS" }],
    });
    expect(spec("Sidecar", "prod-backend", "backend").egress[0].hosts).toContain(
      "prod-gateway/login.microsoftonline.com",
    );
  });
});

describe("mesh lab", () => {
  const { spec, files } = load("mesh-lab");

  test("circuit breaker and outlier detection", () => {
    expect(spec("DestinationRule", "lab-backend", "backend").trafficPolicy).toMatchObject({
      connectionPool: { tcp: { maxConnections: 100 }, http: { http1MaxPendingRequests: 10, maxRetries: 3 } },
      outlierDetection: { consecutive5xxErrors: 5, interval: "10s", baseEjectionTime: "10s" },
    });
  });

  test("90/10, and faults for requests with the header only", () => {
    const routes = spec("VirtualService", "lab-backend", "backend").http;
    expect(split(routes.at(-1).route)).toEqual({ v1: 90, v2: 10 });
    expect(routes.at(-1).fault).toBeUndefined();
    expect(routes.at(-2).match).toEqual([{ headers: { "x-fault": { exact: "on" } } }]);
    expect(routes.at(-2).fault).toEqual({
      delay: { percentage: { value: 50 }, fixedDelay: "5s" },
      abort: { percentage: { value: 10 }, httpStatus: 503 },
    });
  });

  test("mutual TLS for the whole mesh, TLS at the gateway", () => {
    expect(spec("PeerAuthentication", "istio-system", "default")).toEqual({ mtls: { mode: "STRICT" } });
    const [http, https] = spec("Gateway", "lab-gateway", "lab").servers;
    expect(http.tls).toEqual({ httpsRedirect: true });
    expect(https).toMatchObject({ port: { number: 443 }, tls: { mode: "SIMPLE", credentialName: "lab-tls" } });
  });

  test("a component that the cluster provides is neither installed nor configured", () => {
    const provided = ["istio-base", "istiod", "istio-cni", "istio-ingressgateway", "kube-prometheus-stack"];
    const paths = provided.flatMap((name) => [
      `argo-apps/lab/platform/application-${name}.yaml`,
      `clusters/lab/${name}/values.yaml`,
    ]);
    expect(paths.filter((path) => files.has(path))).toEqual([]);
  });
});
