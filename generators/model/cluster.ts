import { z } from "zod";
import { gatewayTls } from "./environment.ts";
import { network } from "./network.ts";
import { domain, name, nodes, port } from "./scalars.ts";

const digestImage = z
  .string()
  .regex(/^[^\s@]+@sha256:[a-f0-9]{64}$/, "must be an image with its digest, repository:tag@sha256:…");

const kind = z.strictObject({
  type: z.literal("kind"),
  image: digestImage.describe("Node image with its digest, from the release notes of the Kind version in use."),
  controlPlanes: z.int().min(1).max(9).default(1).describe("Control plane nodes. Default: 1."),
  workers: z.int().min(0).max(100).default(2).describe("Worker nodes. Default: 2."),
  httpPort: port.default(80).describe("Port of this machine that reaches the gateway's HTTP. Default: 80."),
  httpsPort: port.default(443).describe("Port of this machine that reaches the gateway's HTTPS. Default: 443."),
});

const eks = z.strictObject({
  type: z.literal("eks"),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "must be an AWS region such as eu-central-1"),
  kubernetes: z
    .string()
    .regex(/^1\.\d{2}$/, 'must be a Kubernetes minor version in quotes, such as "1.35"')
    .describe("Kubernetes version."),
  zones: z
    .array(z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, "must be an availability zone such as eu-central-1a"))
    .min(2)
    .describe("Availability zones of the nodes."),
  nodes: z
    .strictObject({
      instanceType: z.string().min(1).describe("EC2 instance type."),
      min: nodes.describe("Fewest nodes."),
      max: nodes.describe("Most nodes; the cluster autoscaler moves between the two."),
      volume: z
        .string()
        .regex(/^[1-9][0-9]{0,4}Gi$/, "must be a number of Gi, such as 50Gi, which is how EBS counts")
        .default("50Gi")
        .describe("Disk of a node. Default: 50Gi."),
    })
    .describe("The managed node group."),
});

const aks = z.strictObject({ type: z.literal("aks") });
const existing = z.strictObject({ type: z.literal("existing") });

/** A version as its publisher writes it: Argo CD's tags begin with a v, Istio's charts do not. */
const version = (example: string) =>
  z
    .string()
    .regex(
      example.startsWith("v") ? /^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/ : /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/,
      `must be a full version such as ${example}`,
    )
    .describe("Version, pinned.");

/** A component that is one chart: whether the cluster has it already, and which version to install where it has not. */
const component = <T extends z.ZodRawShape = Record<never, never>>(example: string, what: string, more?: T) =>
  z
    .strictObject({
      version: version(example),
      provided: z
        .boolean()
        .default(false)
        .describe("Whether the cluster already has it, so that slipway installs none. Default: false."),
      ...(more as T),
    })
    .optional()
    .describe(`${what} Default: none.`);

/** The address of a Service: what runs in the mesh reaches no host outside of it without a ServiceEntry. */
const prometheusUrl = z
  .string()
  .regex(
    /^https?:\/\/[a-z]([-a-z0-9]*[a-z0-9])?\.[a-z]([-a-z0-9]*[a-z0-9])?(\.svc(\.cluster\.local)?)?(:[1-9][0-9]{0,4})?(\/[-\w.~]+)*$/,
    "must be the address of a Service, such as http://prometheus.monitoring:9090",
  );

const receiver = z.enum(["pagerduty", "slack", "webhook"]).optional();

/** Where alerts go. What is secret about a receiver is a key of a Secret, which never stands in Git. */
const alerting = z
  .strictObject({
    pages: z
      .array(name)
      .default([])
      .describe("Environments whose critical alerts wake somebody up. Default: none, they become tickets."),
    receivers: z
      .strictObject({
        page: receiver.describe("What wakes somebody up."),
        ticket: receiver.describe("What is looked at in working hours."),
        info: receiver.describe("What is only for reading."),
        watchdog: receiver.describe("What raises the alarm when this always-firing alert stops coming."),
      })
      .prefault({})
      .describe(
        "What each kind of alert goes to: its URL or key is the entry of that name (page, ticket, …) in the Secret alertmanager-receivers of the namespace monitoring. Default: nowhere, they are seen in Alertmanager.",
      ),
  })
  .prefault({})
  .describe("Where alerts go.");

/** Platform components. The ones a cluster already has are left out with `provided: true`; the ones it must not have are not named. */
const platform = z
  .strictObject({
    argocd: z
      .strictObject({
        version: version("v3.5.7"),
        provided: z
          .boolean()
          .default(false)
          .describe("Whether the cluster already has it, so that only our settings are added to it. Default: false."),
      })
      .describe("Argo CD, which manages itself once it is there."),
    istio: z
      .strictObject({
        version: version("1.30.4"),
        provided: z
          .boolean()
          .default(false)
          .describe("Whether the cluster already has it, so that slipway installs none. Default: false."),
        gatewayReplicas: z.int().min(1).max(100).default(1).describe("Pods of the ingress gateway. Default: 1."),
        dnsCapture: z
          .boolean()
          .optional()
          .describe(
            "Whether proxies answer their pods' DNS queries (ISTIO_META_DNS_CAPTURE in meshConfig.defaultConfig.proxyMetadata), which gives each external host an address of its own: without it, a service cannot call two TCP hosts on one port. Default: true where slipway installs Istio, false where the cluster has it already.",
          ),
      })
      .optional()
      .describe("Istio: base, istiod, CNI plugin and ingress gateway."),
    monitoring: component(
      "91.5.0",
      "Prometheus, Alertmanager and Grafana: the chart kube-prometheus-stack. One that the cluster has already is expected to select all monitors and rules.",
      {
        alerting,
        namespace: name
          .optional()
          .describe(
            "Namespace of a Prometheus that the cluster has already, also for monitors and rules. Default: monitoring.",
          ),
        url: prometheusUrl
          .optional()
          .describe(
            "Address of a Prometheus that the cluster has already; Kiali, Flagger and verify ask it. Default: the Service of Prometheus Operator, http://prometheus-operated.<namespace>.svc.cluster.local:9090.",
          ),
      },
    ),
    jaeger: component(
      "4.11.1",
      "Jaeger, which keeps traces. One that the cluster has already is expected as jaeger.tracing.svc.cluster.local; an Istio that the cluster has already needs a tracing provider named jaeger in its meshConfig.",
    ),
    kiali: component("2.31.0", "Kiali, which draws the mesh from the metrics of monitoring."),
    flagger: component(
      "1.44.0",
      "Flagger, which moves canaries by what is measured, and its load tester, both in flagger-system.",
      {
        loadTester: version("0.38.0")
          .default("0.38.0")
          .describe("Version of the load tester's chart. Default: 0.38.0."),
        metricsServer: prometheusUrl
          .optional()
          .describe("The Prometheus to ask where monitoring is not named. Default: the one of monitoring."),
      },
    ),
    gitea: z
      .strictObject({ version: version("1.27.2") })
      .optional()
      .describe("A Git server on the cluster, which bootstrap fills with this repository. Default: none."),
    metricsServer: component("3.14.0", "metrics-server, which autoscalers need. AKS has its own."),
  })
  .describe("What runs on the cluster besides the environments.");

/** A key of a Secret that bootstrap makes, with the key of another one whose value it gets: `KEY=secret/KEY`. */
const madeKey = z
  .string()
  .regex(
    /^[-._a-zA-Z0-9]+(=[a-z]([-a-z0-9]*[a-z0-9])?\/[-._a-zA-Z0-9]+)?$/,
    "must be a key of a Secret (PASSWORD), or a key with the one whose value it gets (DATABASE_PASSWORD=database-credentials/MYSQL_PASSWORD)",
  );

/**
 * What an entry of `secrets` of a cluster says.
 *
 * @returns the key, and the Secret and the key whose value it gets; none where its value is its own
 */
export function parseMadeKey(entry: string): { readonly key: string; readonly from?: { secret: string; key: string } } {
  const [key = "", source] = entry.split("=");
  const [secret = "", other = ""] = source?.split("/") ?? [];
  return { key, ...(source !== undefined && { from: { secret, key: other } }) };
}

/** One cluster: what it hosts, where it reads from, what it is made of. */
export const cluster = z
  .strictObject({
    name: name.describe("Name; the same as the file's."),
    environments: z.array(name).min(1).describe("Environments it hosts: files in envs/."),
    repository: z
      .strictObject({
        url: z
          .string()
          .regex(/^(https?:\/\/|ssh:\/\/|git@[^:]+:)\S+$/, "must be the URL of a Git repository")
          .regex(
            /^(?!https?:\/\/[^/@]*:[^/@]*@)/,
            "holds a password, which must not stand in Git; give Argo CD a repository Secret",
          )
          .describe("Where Argo CD reads this repository."),
        revision: z
          .string()
          .regex(/^(?![-/.])(?!.*(\.\.|@\{|\/\/))[^\s~^:?*[\\]+(?<![./])$/, "must be a branch")
          .default("main")
          .describe("Branch that the cluster follows. Default: main."),
      })
      .describe("This repository, as the cluster sees it."),
    provider: z.discriminatedUnion("type", [kind, eks, aks, existing]).describe("How the cluster is made."),
    interfaces: z
      .strictObject({
        domain: domain.describe(
          "The end of their host names: grafana.<domain>. On this machine *.localhost needs no DNS.",
        ),
        tls: gatewayTls,
      })
      .optional()
      .describe(
        "User interfaces of the components on the ingress gateway: on a Kind cluster all of them, elsewhere those that ask for a login. Default: none.",
      ),
    network,
    platform,
    secrets: z
      .record(name, z.array(madeKey).min(1))
      .default({})
      .describe(
        "Secrets that bootstrap makes where the inputs name them and the cluster lacks them: the keys of each, which get random values, one for each environment and the same wherever the Secret is named. `DATABASE_PASSWORD=database-credentials/MYSQL_PASSWORD` gives a key the value of another one. For clusters to try things on. Default: none.",
      ),
  })
  .describe("One cluster of the platform. `npm run render` turns it into Applications and platform manifests.");

export type Cluster = z.output<typeof cluster>;
export type Kind = z.output<typeof kind>;
export type Eks = z.output<typeof eks>;
