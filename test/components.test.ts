/** The components of a cluster: what each brings, and that it leaves nothing where it is not asked for. */
import { describe, expect, test } from "vitest";
import type { Cluster } from "../generators/model/cluster.ts";
import { components } from "../generators/platform/components.ts";
import { interfaces } from "../generators/platform/interfaces.ts";
import { requiredSecrets } from "../generators/platform/secrets.ts";
import { readInputs } from "../scripts/lib/inputs.ts";
import { filesOf, parseTexts, platformFolders } from "./support.ts";

const keys = {
  monitoring: "  monitoring: { version: 91.5.0, alerting: { pages: [prod] } }\n",
  jaeger: "  jaeger: { version: 4.11.1 }\n",
  kiali: "  kiali: { version: 2.31.0 }\n",
  metricsServer: "  metricsServer: { version: 3.14.0 }\n",
  interfaces: "interfaces: { domain: localhost }\n",
};
type Key = keyof typeof keys;

/** A platform with its one cluster changed, read and not analysed. */
function platformWith(name: string, change: (cluster: string) => string) {
  const texts = Object.fromEntries(readInputs(platformFolders[name] ?? ""));
  const [file = ""] = Object.keys(texts).filter((path) => path.startsWith("clusters/"));
  const { platform, faults } = parseTexts({ ...texts, [file]: change(texts[file] ?? "") });
  expect(faults).toEqual([]);
  return platform;
}

/** Files of the shipped platform with these keys and no others of the list; where `provided`, the cluster has them already. */
function shippedWith(wanted: readonly Key[], provided = false): Map<string, string> {
  const change = (cluster: string) =>
    Object.entries(keys).reduce((text, [key, line]) => {
      expect(text).toContain(line);
      const kept = provided ? line.replace(/ }\n$/, ", provided: true }\n") : line;
      return text.replace(line, wanted.includes(key as Key) ? kept : "");
    }, cluster);
  return filesOf(platformWith("3rvision", change));
}

function clusterOf(name: string): Cluster {
  const [cluster] = platformWith(name, (text) => text).clusters;
  if (!cluster) throw new Error(`no cluster in ${name}`);
  return cluster.value;
}

const values = (cluster: Cluster, name: string): any => components(cluster).find((one) => one.name === name)?.values;

/** Paths that are there on one side only or differ, without what stands for each environment and service. */
function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const paths = [...before.keys(), ...after.keys()].filter((path) => before.get(path) !== after.get(path));
  const general = paths.map((path) =>
    path
      .replace(/^envs\/(dev|staging|prod)\/namespaces\/.*\//, "envs/*/namespaces/*/")
      .replace(/^envs\/(dev|staging|prod)\/(frontend|backend|ml|database)\//, "envs/*/*/")
      .replace(/^envs\/(dev|staging|prod)\/routes\//, "envs/*/routes/")
      .replace(/-(frontend|backend|ml|database)(\.routes)?\.yaml$/, "-*$2.yaml"),
  );
  return [...new Set(general)].sort();
}

describe("one component more changes its own folders and", () => {
  const none = shippedWith([]);
  const project = ["clusters/local/argocd/app-project-platform.yaml"];

  test("monitoring: who may scrape the proxies, and what rules know of each service", () => {
    expect(changes(none, shippedWith(["monitoring"]))).toEqual([
      "argo-apps/local/platform/application-dashboards.yaml",
      "argo-apps/local/platform/application-kube-prometheus-stack.yaml",
      "argo-apps/local/platform/application-monitors.yaml",
      "argo-apps/local/platform/application-rules.yaml",
      ...project,
      ...["canaries", "objectives", "overview", "service", "versions"].map(
        (name) => `clusters/local/dashboards/config-map-dashboard-${name}.yaml`,
      ),
      "clusters/local/flagger/values.yaml",
      "clusters/local/kube-prometheus-stack/values.yaml",
      "clusters/local/mesh/network-policy-flagger-loadtester.yaml",
      "clusters/local/monitors/pod-monitor-annotated-pods.yaml",
      "clusters/local/monitors/pod-monitor-envoy.yaml",
      "clusters/local/monitors/pod-monitor-gateway.yaml",
      "clusters/local/monitors/service-monitor-argocd.yaml",
      "clusters/local/monitors/service-monitor-istiod.yaml",
      "clusters/local/namespaces/namespace-monitoring.yaml",
      "clusters/local/namespaces/network-policy-monitoring.yaml",
      "clusters/local/rules/prometheus-rule-slipway.alerts.yaml",
      "clusters/local/rules/prometheus-rule-slipway.recorded.yaml",
      "envs/*/*/network-policy-*.yaml",
      "envs/*/*/prometheus-rule-*.yaml",
      "envs/*/routes/prometheus-rule-*.routes.yaml",
    ]);
  });

  test("jaeger: the mesh's provider, who names it, and the way there", () => {
    expect(changes(none, shippedWith(["jaeger"]))).toEqual([
      "argo-apps/local/platform/application-jaeger.yaml",
      ...project,
      "clusters/local/istiod/values.yaml",
      "clusters/local/jaeger/values.yaml",
      "clusters/local/namespaces/namespace-tracing.yaml",
      "clusters/local/namespaces/network-policy-tracing.yaml",
      "envs/*/*/network-policy-*.yaml",
      "envs/*/*/sidecar-*.yaml",
      "envs/*/namespaces/*/telemetry-default.yaml",
    ]);
  });

  test.each([
    ["kiali", "kiali"],
    ["metricsServer", "metrics-server"],
  ] as const)("%s: nothing", (key, name) => {
    const application = `argo-apps/local/platform/application-${name}.yaml`;
    expect(changes(none, shippedWith([key]))).toEqual([application, ...project, `clusters/local/${name}/values.yaml`]);
  });

  test("interfaces: the address that Argo CD and the components know themselves by, and links to the runbooks", () => {
    const all = ["monitoring", "jaeger", "kiali", "metricsServer"] as const;
    const routes = ["alertmanager", "argocd", "gitea", "grafana", "jaeger", "kiali", "prometheus"];
    const dashboards = ["canaries", "objectives", "overview", "service", "versions"];
    expect(changes(shippedWith(all), shippedWith([...all, "interfaces"]))).toEqual([
      "argo-apps/local/platform/application-interfaces.yaml",
      "clusters/local/argocd/config-map-argocd-cm.yaml",
      "clusters/local/argocd/kustomization.yaml",
      ...dashboards.map((name) => `clusters/local/dashboards/config-map-dashboard-${name}.yaml`),
      "clusters/local/interfaces/gateway-platform.yaml",
      ...routes.map((name) => `clusters/local/interfaces/virtual-service-${name}.yaml`),
      "clusters/local/kiali/values.yaml",
      "clusters/local/kube-prometheus-stack/values.yaml",
      "clusters/local/rules/prometheus-rule-slipway.alerts.yaml",
    ]);
  });
});

describe("one that the cluster has already changes", () => {
  const none = shippedWith([]);

  test("monitoring: what it is to scrape, and who may; neither chart nor namespace", () => {
    const paths = changes(none, shippedWith(["monitoring"], true));
    expect(paths.filter((path) => path.includes("prometheus-stack") || path.includes("/namespaces/"))).toEqual([]);
    expect(paths).toContain("clusters/local/monitors/pod-monitor-envoy.yaml");
    expect(paths).toContain("envs/*/*/network-policy-*.yaml");
  });

  test("jaeger: the provider and the way there; neither chart nor namespace", () => {
    expect(changes(none, shippedWith(["jaeger"], true))).toEqual([
      "clusters/local/istiod/values.yaml",
      "envs/*/*/network-policy-*.yaml",
      "envs/*/*/sidecar-*.yaml",
      "envs/*/namespaces/*/telemetry-default.yaml",
    ]);
  });

  test.each(["kiali", "metricsServer"] as const)("%s: nothing", (key) => {
    expect(changes(none, shippedWith([key], true))).toEqual([]);
  });
});

describe("the user interfaces", () => {
  test("on a Kind cluster are all there, on the port of this machine", () => {
    expect(interfaces(clusterOf("3rvision")).map(({ url }) => url)).toEqual([
      "http://argocd.localhost:30080/",
      "http://grafana.localhost:30080/",
      "http://prometheus.localhost:30080/",
      "http://alertmanager.localhost:30080/",
      "http://jaeger.localhost:30080/",
      "http://kiali.localhost:30080/",
      "http://gitea.localhost:30080/",
    ]);
  });

  test("elsewhere are those with a login", () => {
    const cluster = clusterOf("calculator");
    expect(interfaces(cluster).map(({ url }) => url)).toEqual([
      "https://argocd.platform.example.com/",
      "https://grafana.platform.example.com/",
      "https://kiali.platform.example.com/",
    ]);
    expect(values(cluster, "kiali").auth).toEqual({ strategy: "token" });
  });

  test("are none where nothing is installed or nobody asked", () => {
    expect(interfaces(clusterOf("mesh-lab"))).toEqual([]);
    expect(interfaces(clusterOf("three-tier"))).toEqual([]);
  });
});

test("every password that a chart would invent comes from a Secret that is listed", () => {
  const cluster = clusterOf("3rvision");
  const secrets = Object.fromEntries(
    requiredSecrets(cluster).map(({ namespace, name, data }) => [`${namespace}/${name}`, data]),
  );
  const { existingSecret, userKey, passwordKey } = values(cluster, "kube-prometheus-stack").grafana.admin;
  expect(secrets[`monitoring/${existingSecret}`]).toEqual({ [userKey]: "admin", [passwordKey]: { random: 32 } });
  const [, name, key] = values(cluster, "kiali").login_token.signing_key.split(":");
  expect(secrets[`istio-system/${name}`]).toEqual({ [key]: { random: 32 } });
  expect(requiredSecrets(clusterOf("mesh-lab")).map(({ name }) => name)).toEqual(["kiali-signing-key"]);
});

test("every Application has its folder, also where the cluster has everything already", () => {
  const all = (text: string) =>
    text.replace(/(jaeger|kiali): { version: (\S+) }/g, "$1: { version: $2, provided: true }");
  const files = filesOf(platformWith("mesh-lab", all));
  const paths = [...files].flatMap(([file, text]) =>
    file.startsWith("argo-apps/") ? Array.from(text.matchAll(/^ {4}path: (.*)$/gm), ([, path = ""]) => path) : [],
  );
  expect(paths).toContain("clusters/lab/argocd");
  expect(paths).not.toContain("clusters/lab/namespaces");
  for (const path of paths)
    expect(
      [...files.keys()].some((file) => file.startsWith(`${path}/`)),
      path,
    ).toBe(true);
});

test("the platform's project allows every namespace that a chart writes to", () => {
  const installed = (text: string) => text.replace("91.5.0, provided: true", "91.5.0");
  const project = (change: (text: string) => string) =>
    filesOf(platformWith("mesh-lab", change)).get("clusters/lab/argocd/app-project-platform.yaml");
  expect(project((text) => text)).not.toContain("namespace: kube-system");
  expect(project(installed)).toContain("namespace: kube-system");
});

test("a local cluster keeps metrics and traces in its pods, another one on volumes", () => {
  const kept = (name: string) => {
    const { storageSpec } = values(clusterOf(name), "kube-prometheus-stack").prometheus.prometheusSpec;
    return [
      Object.keys(storageSpec),
      Object.keys(values(clusterOf(name), "jaeger").userconfig.extensions.jaeger_storage.backends.store),
    ];
  };
  expect(kept("3rvision")).toEqual([["emptyDir"], ["memory"]]);
  expect(kept("calculator")).toEqual([["volumeClaimTemplate"], ["badger"]]);
});
