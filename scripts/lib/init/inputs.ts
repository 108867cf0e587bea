import type { Component, Settings } from "./settings.ts";
import { kindImage, kubernetes, pins, required } from "./settings.ts";

/** Inputs of a new platform, as a person would write them: text of each by path. */
export function inputsOf(settings: Settings): Map<string, string> {
  return new Map([
    [`clusters/${settings.cluster}.yaml`, clusterText(settings)],
    ...settings.environments.map((name, index): [string, string] => [
      `envs/${name}.yaml`,
      environmentText(settings, name, settings.hosts[index] ?? ""),
    ]),
  ]);
}

/** Whether a person syncs an environment: the last one of several. */
export const isManual = ({ environments }: Settings, name: string) =>
  environments.length > 1 && name === environments.at(-1);

function clusterText(settings: Settings): string {
  const { cluster, environments, repository, revision, provider } = settings;
  return `# yaml-language-server: $schema=cluster.schema.json
# ${clusterSummary(settings)}
name: ${cluster}
environments: [${environments.join(", ")}]

repository:
  url: ${quoted(repository)}
${revision === "main" ? "" : `  revision: ${quoted(revision)}\n`}
${providers[provider](settings)}
${provider === "kind" ? "\n# http://grafana.localhost:30080 and so on.\ninterfaces: { domain: localhost }\n" : ""}
platform:
${[...required, ...settings.components].map((name) => `  ${name}: ${component(settings, name)}\n`).join("")}`;
}

function clusterSummary({ provider, cluster, environments }: Settings): string {
  const hosted =
    environments.length > 1 ? `${environments.slice(0, -1).join(", ")} and ${environments.at(-1)}` : environments[0];
  return {
    kind: `A Kind cluster on this machine, which hosts ${hosted}.`,
    existing: `A cluster that was made elsewhere, which hosts ${hosted}.`,
    eks: `An EKS cluster, which hosts ${hosted}: eksctl create cluster --config-file clusters/${cluster}/eksctl.yaml`,
    aks: `An AKS cluster that was made elsewhere, which hosts ${hosted}.`,
  }[provider];
}

const providers: Readonly<Record<Settings["provider"], (settings: Settings) => string>> = {
  kind: () => `provider:
  type: kind
  image: ${kindImage}
  httpPort: 30080
  httpsPort: 30443`,
  existing: () => "provider: { type: existing }",
  eks: ({ region = "" }) => `provider:
  type: eks
  region: ${region}
  kubernetes: "${kubernetes}"
  zones: [${["a", "b", "c"].map((zone) => region + zone).join(", ")}]
  nodes: { instanceType: m6i.large, min: 3, max: 9 }`,
  aks: () => "provider: { type: aks }",
};

function component({ environments, provided }: Settings, name: Component | (typeof required)[number]): string {
  const entries = [
    `version: ${pins[name]}`,
    ...(provided.includes(name) ? ["provided: true"] : []),
    ...(name === "monitoring" ? [`alerting: { pages: [${environments.at(-1)}] }`] : []),
  ];
  return `{ ${entries.join(", ")} }`;
}

function environmentText(settings: Settings, name: string, host: string): string {
  const manual = isManual(settings, name);
  return `# yaml-language-server: $schema=environment.schema.json
# Everything about ${name}: ${manual ? "a person presses Sync" : "Argo CD applies each commit"}.
name: ${name}
cluster: ${settings.cluster}

gateway:
  hosts: [${host}]
${manual ? "\ndelivery:\n  sync: manual\n" : ""}
${settings.service ? serviceText(settings.service) : '# The first service takes the place of {}: "Add a service" in SLIPWAY.md.\nservices: {}\n'}`;
}

function serviceText(service: string): string {
  return `services:
  ${service}:
    expose: {}
    timeout: 5s
    versions:
      stable:
        replicas: 2
        release:
          # A public image to begin with.
          image: { repository: ghcr.io/stefanprodan/podinfo, tag: 6.15.0 }
          ports: { http: { port: 8080 } }
          command: [./podinfo, --port=8080]
          probes: { readiness: { http: /readyz }, liveness: { http: /healthz } }
`;
}

/** Plain where YAML takes it for a string and nothing else. */
const quoted = (text: string) =>
  /^[a-z][\w./:@~-]*$/i.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text);
