import { z } from "zod";
import { call } from "./calls.ts";
import {
  absolutePath,
  annotations,
  anyOf,
  bytes,
  count,
  countOrNone,
  cpu,
  duration,
  headers,
  hostName,
  name,
  nonEmpty,
  oneOf,
  percent,
  pods,
  podsOrNone,
  port,
  portName,
  seconds,
  secondsOrNone,
  variables,
  weight,
  wholePercent,
} from "./scalars.ts";

const image = z
  .strictObject({
    repository: z
      .string()
      .regex(
        /^([a-z0-9]+([.-]+[a-z0-9]+)*(:[0-9]{1,5})?\/)?[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*(\/[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*)*$/,
        "must be an image repository without tag, such as ghcr.io/acme/backend",
      )
      .describe("Image repository, without tag and digest."),
    tag: z
      .string()
      .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/, "must be an image tag, such as 6.14.0")
      .describe("Image tag. Always in quotes where it looks like a number."),
    digest: z
      .string()
      .regex(/^sha256:[a-f0-9]{64}$/, "must be sha256: and 64 hexadecimal digits")
      .optional()
      .describe("Image digest. Where given, the digest decides what runs and the tag is for people."),
  })
  .describe("What runs.");

const containerPort = z.strictObject({
  port: port.describe("Port the container listens on."),
  servicePort: port.optional().describe("Port of the Service. Default: the container's port."),
  protocol: z
    .enum(["http", "grpc", "tcp"])
    .default("http")
    .describe("What is spoken on it; decides the routing that Istio offers. Default: http."),
});

const probe = oneOf(
  z.strictObject({
    http: z.string().regex(/^\//, "must be a path that starts with /").optional().describe("Path to GET."),
    grpc: z.string().optional().describe('Name of the gRPC health service to ask for; "" asks for the whole server.'),
    tcp: z.literal(true).optional().describe("A connection is enough."),
    exec: z.array(z.string()).min(1).optional().describe("Command to run in the container; exit status 0 is healthy."),
    port: portName.optional().describe("Name of the port to probe. Default: the first one."),
    initialDelay: secondsOrNone.optional().describe("Seconds before the first probe. Default: 0."),
    period: seconds.optional().describe("Seconds between probes. Default: 10."),
    timeout: seconds.optional().describe("Seconds a probe may take. Default: 1."),
    failures: z.int().min(1).max(1_000).optional().describe("Failures in a row that count. Default: 3."),
  }),
  ["http", "grpc", "tcp", "exec"],
).describe("One of http, grpc, tcp, exec.");

const calls = z.array(call).min(1);
const secretNames = z.array(name).min(1);

/** Pod Security `restricted` lets a container have no other one. */
const capabilities = z
  .array(z.literal("NET_BIND_SERVICE"))
  .min(1)
  .optional()
  .describe(
    "Linux capabilities: NET_BIND_SERVICE for a binary that has it as a file attribute, whatever port it binds. Default: none; NET_BIND_SERVICE where a port is below 1024.",
  );

/** What travels when a version is promoted: the same bytes and the same behaviour in every environment. */
export const release = z.strictObject({
  image,
  ports: nonEmpty(z.record(portName, containerPort), "must name at least one port").describe(
    "Ports by name. The first one is where probes and the gateway go by default.",
  ),
  command: z.array(z.string()).min(1).optional().describe("Entry point. Default: the image's."),
  args: z.array(z.string()).min(1).optional().describe("Arguments. Default: the image's."),
  capabilities,
  env: variables.optional().describe("Environment variables with fixed values."),
  config: variables
    .optional()
    .describe(
      "Configuration: a ConfigMap, given to the container as environment variables. A change restarts the pods.",
    ),
  secrets: secretNames
    .optional()
    .describe(
      "Names of Secrets in the service's namespace, given to the container as environment variables. They never stand in Git.",
    ),
  probes: z
    .strictObject({
      startup: probe.optional(),
      readiness: probe.optional(),
      liveness: probe.optional(),
    })
    .optional()
    .describe("Health checks of the kubelet. Default: none."),
  calls: calls
    .optional()
    .describe(
      "What it calls: a service or data store of this environment (`backend`, or one port of it: `backend:grpc`), or an external host (`api.example.com:443`, or a map of which more can be said). Everything else is denied. Addresses come as variables: BACKEND_HOST, BACKEND_PORT, BACKEND_URL.",
    ),
});

const autoscaling = z
  .strictObject({
    min: pods.describe("Fewest replicas."),
    max: pods.describe("Most replicas."),
    cpu: z.int().min(1).max(1000).default(80).describe("Target CPU use, % of the request. Default: 80."),
    memory: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe("Target memory use, % of the request. Default: not looked at."),
  })
  .describe("Range of a HorizontalPodAutoscaler, instead of replicas.");

const sizes = {
  cpu: cpu.default("50m").describe("CPU request. Default: 50m."),
  ephemeralStorage: bytes.optional().describe("Request for disk that goes with the pod: /tmp, logs. Default: none."),
  limits: z
    .strictObject({
      cpu: cpu.optional().describe("CPU limit. Default: 1."),
      memory: bytes.optional().describe("Memory limit. Default: the request."),
      ephemeralStorage: bytes
        .optional()
        .describe("Limit of that disk; the kubelet evicts a pod that exceeds it. Default: none."),
    })
    .prefault({})
    .describe("Upper bounds."),
};

export const resources = z
  .strictObject({
    ...sizes,
    memory: bytes.default("64Mi").describe("Memory request, and limit unless one is given. Default: 64Mi."),
  })
  .prefault({})
  .describe("CPU, memory and disk of one pod's application container.");

/** The default of a service would kill a database while it starts, so there is none. */
const dataStoreResources = z
  .strictObject(
    { ...sizes, memory: bytes.describe("Memory request, and limit unless one is given, such as 1Gi.") },
    {
      error: ({ input }) => (input === undefined ? "is missing; state its memory, such as { memory: 1Gi }" : undefined),
    },
  )
  .describe("CPU, memory and disk of its container.");

const spread = z.enum(["required", "preferred", "off"]).default("preferred");

/** What stays in an environment when a release moves: how much, how many, where, and the values that differ there. */
export const version = z.strictObject({
  weight: weight
    .optional()
    .describe(
      "Share of the traffic, %. All weights of a service add up to 100. Default: 100 for the only version, else 0.",
    ),
  replicas: podsOrNone.optional().describe("Number of pods. Default: 1."),
  autoscaling: autoscaling.optional(),
  resources,
  spread: z
    .strictObject({
      zone: spread.describe("Spread pods over zones: required, preferred or off. Default: preferred."),
      node: spread.describe("Spread pods over nodes: required, preferred or off. Default: preferred."),
    })
    .prefault({})
    .describe("Where pods may land."),
  env: variables
    .optional()
    .describe(
      "Environment variables of this environment. A promotion leaves them alone, and each wins over the release's of that name. Default: none.",
    ),
  config: variables
    .optional()
    .describe(
      "Configuration of this environment, in the same ConfigMap as the release's. A promotion leaves it alone, and each key wins over the release's config and env. Default: none.",
    ),
  calls: calls
    .optional()
    .describe(
      "What it calls in this environment besides what its release calls: another external host, a stand-in for one. A promotion leaves it alone. Default: nothing.",
    ),
  secrets: secretNames
    .optional()
    .describe(
      "Names of further Secrets in this environment. A promotion leaves them alone; their keys win over those of the release's Secrets and of all config. Default: none.",
    ),
  release,
});

const expose = z
  .strictObject({
    hosts: z
      .array(hostName)
      .min(1)
      .optional()
      .describe("Hosts of the gateway that it answers on. Default: all of them."),
    paths: z
      .array(z.string().regex(/^\/[^\s?#]*$/, "must be a path that starts with /"))
      .min(1)
      .default(["/"])
      .describe('Path prefixes. Default: ["/"].'),
    port: portName.optional().describe("Name of the port. Default: the first http or grpc port."),
  })
  .describe("Makes the service reachable through the gateway.");

const headerRoute = z.strictObject({
  headers: headers.describe("Headers that must all have exactly these values."),
  version: name.describe("The version that gets such requests, all of them."),
});

/** What istiod accepts; it refuses the whole VirtualService for any other word. */
const retryConditions = [
  "5xx",
  "cancelled",
  "connect-failure",
  "deadline-exceeded",
  "envoy-ratelimited",
  "gateway-error",
  "internal",
  "refused-stream",
  "reset",
  "reset-before-request",
  "resource-exhausted",
  "retriable-4xx",
  "unavailable",
] as const;

const retries = z.strictObject({
  attempts: z.int().min(0).max(20).describe("Retries after the first try. 0 turns off Istio's default of 2."),
  perTryTimeout: duration.optional().describe("Limit of each try, the first one too. Default: the timeout."),
  on: z
    .array(z.enum(retryConditions))
    .min(1)
    .default(["connect-failure", "refused-stream", "unavailable", "cancelled"])
    .describe(
      "Envoy's retry conditions. Default: connect-failure, refused-stream, unavailable, cancelled, as Istio's own.",
    ),
  backoff: duration.optional().describe("Base of the exponential back-off between tries. Default: 25ms."),
});

const connectionPool = nonEmpty(
  z.strictObject({
    maxConnections: count.optional().describe("TCP connections to the service, per client proxy. Default: no limit."),
    connectTimeout: duration.optional().describe("TCP connect timeout. Default: 10s."),
    maxPendingRequests: count.optional().describe("HTTP requests waiting for a connection. Default: no limit."),
    maxRequests: count.optional().describe("HTTP requests under way. Default: no limit."),
    maxRequestsPerConnection: count
      .optional()
      .describe("Requests after which a connection is closed. Default: no limit."),
    maxRetries: countOrNone.optional().describe("Retries under way to all hosts of the service. Default: no limit."),
    idleTimeout: duration.optional().describe("Idle HTTP connections are closed after it. Default: 1h."),
  }),
  "must state at least one limit",
).describe("Circuit breaker: limits of each client proxy towards the service.");

const outlierDetection = z
  .strictObject({
    consecutive5xxErrors: count.optional().describe("5xx answers in a row that eject a pod. Default: 5."),
    consecutiveGatewayErrors: count
      .optional()
      .describe("502, 503 and 504 answers in a row that eject a pod. Default: not looked at."),
    interval: duration.optional().describe("Time between sweeps. Default: 10s."),
    baseEjectionTime: duration.optional().describe("First ejection; it grows with each one. Default: 30s."),
    // Istio's default, 10, ejects no pod of a version that has less than ten.
    maxEjectionPercent: wholePercent
      .default(100)
      .describe("Most pods of a version ejected at once, %; what is left of a pod is not. Default: 100."),
    minHealthPercent: wholePercent
      .optional()
      .describe("Below this share of healthy pods nothing is ejected, %. Default: 0."),
  })
  .describe("Takes failing pods out of load balancing for a while.");

const fault = anyOf(
  z.strictObject({
    headers: headers.optional().describe("Only requests with these headers. Default: all."),
    delay: z
      .strictObject({
        percent: percent.describe("Share of the requests, %."),
        duration: duration.describe("How long they wait."),
      })
      .optional()
      .describe("Slows requests down."),
    abort: z
      .strictObject({
        percent: percent.describe("Share of the requests, %."),
        status: z.int().min(200).max(599).describe("HTTP status they get."),
      })
      .optional()
      .describe("Fails requests."),
  }),
  ["delay", "abort"],
  "injects nothing; give it delay or abort, or remove it",
).describe("Fault injection, for tests of the callers.");

const rateLimit = z
  .strictObject({
    requests: count.describe("Requests let through in each period, per pod."),
    per: duration.default("1s").describe("The period. Default: 1s."),
    burst: count.optional().describe("Requests that may come at once. Default: the same as requests."),
  })
  .describe("Local rate limit in each pod's proxy; what is over it gets 429.");

const loadBalancer = z
  .enum(["LEAST_REQUEST", "ROUND_ROBIN", "RANDOM", "PASSTHROUGH"])
  .describe("How a client proxy picks a pod. Default: LEAST_REQUEST, as Istio's own.");

/** A duration as Flagger's CRD takes it. */
const wholeDuration = z.string().regex(/^[1-9][0-9]{0,4}[sm]$/, "must be a duration in s or m, such as 30s or 1m");

const urlPath = z
  .string()
  .regex(/^\/[\w\-./~%?&=+,:;@]*$/, "must be a path that starts with /, without quotes and spaces");

const rollout = z
  .discriminatedUnion("strategy", [
    z.strictObject({ strategy: z.literal("weights").describe("The weights of the versions stand here, in Git.") }),
    z.strictObject({
      strategy: z
        .literal("flagger")
        .describe(
          "Flagger moves the weights by what it measures: a new release of the only version is analysed first.",
        ),
      interval: wholeDuration.default("1m").describe("Time between two checks, at least 10s. Default: 1m."),
      threshold: z
        .int()
        .min(1)
        .max(1_000)
        .default(10)
        .describe("Failed checks after which the release is rolled back. Default: 10."),
      stepWeight: z
        .int()
        .min(1)
        .max(100)
        .default(10)
        .describe("What each passed check adds to the new release's share of the traffic, %. Default: 10."),
      maxWeight: z
        .int()
        .min(1)
        .max(100)
        .default(50)
        .describe("Share at which the new release is promoted, %. Default: 50."),
      progressDeadline: wholeDuration
        .default("10m")
        .describe("How long the new release's pods may take to become ready. Default: 10m."),
      successRate: percent
        .default(99)
        .describe("Least share of the new release's answers that are no server error, %. Default: 99."),
      latency: duration.default("500ms").describe("Most that 95 % of its answers may take. Default: 500ms."),
      acceptanceTest: z
        .strictObject({
          paths: z.array(urlPath).min(1).default(["/"]).describe('Paths that must answer below 400. Default: ["/"].'),
        })
        .prefault({})
        .describe("Requests to the new release before it gets any traffic."),
      loadTest: z
        .strictObject({
          path: urlPath.default("/").describe("The path that is asked for. Default: /."),
          rate: z.int().min(1).max(1000).default(10).describe("Requests per second. Default: 10."),
        })
        .prefault({})
        .describe("Requests to the new release as long as it is analysed, so that there is something to measure."),
      gate: z
        .enum(["rollout", "promotion"])
        .optional()
        .describe("What waits for a person's approval: the first traffic, or the promotion. Default: nothing does."),
    }),
  ])
  .default({ strategy: "weights" })
  .describe("How a new release gets its traffic. Default: by the weights of the versions, which stand in Git.");

const slo = anyOf(
  z.strictObject({
    availability: percent.optional().describe("Share of the requests that must not fail, %, such as 99.9."),
    latency: z
      .strictObject({
        threshold: duration.describe("Time within which a request is answered: a bucket of Istio's histogram, 500ms."),
        target: percent.describe("Share of the requests that must be answered in that time, %, such as 99."),
      })
      .optional()
      .describe("How fast it must be, as its callers see it."),
    window: z
      .enum(["7d", "28d", "30d"])
      .default("30d")
      .describe("The time over which the error budget is counted. Default: 30d."),
  }),
  ["availability", "latency"],
  "must state availability or latency",
).describe("Objectives: alerts tell when their error budget is used up too fast. Default: none.");

/** One service: what is common to its versions, and the versions. */
export const service = z.strictObject({
  rollout,
  primary: name
    .optional()
    .describe(
      "The version that gets what the others leave, and that a rollback returns to. Default: stable, or the first one.",
    ),
  expose: expose.optional(),
  headerRoutes: z
    .array(headerRoute)
    .min(1)
    .optional()
    .describe("Requests with certain headers go to one version, before any weight counts."),
  timeout: duration.optional().describe("Limit of a request with all its retries. Default: none."),
  retries: retries.optional().describe("Retries by the caller's proxy. Default: Istio's, 2 attempts."),
  loadBalancer: loadBalancer.optional(),
  connectionPool: connectionPool.optional(),
  outlierDetection: outlierDetection.optional(),
  rateLimit: rateLimit.optional(),
  fault: fault.optional(),
  mirror: z
    .strictObject({
      version: name.describe("The version that gets a copy of the requests; its answers are dropped."),
      percent: percent.default(100).describe("Share of the requests that is copied, %. Default: 100."),
    })
    .optional()
    .describe("Copies traffic to a version, to try it without serving from it."),
  slo: slo.optional(),
  serviceAccount: z
    .strictObject({
      annotations: annotations
        .optional()
        .describe("Annotations of the ServiceAccount, such as eks.amazonaws.com/role-arn."),
      token: z.boolean().default(false).describe("Whether the pod gets a Kubernetes API token. Default: false."),
    })
    .prefault({})
    .describe("The service's identity."),
  versions: nonEmpty(z.record(name, version), "must name at least one version").describe(
    "Versions by name, each one a subset for Istio: stable and canary, v1 and v2, or more.",
  ),
});

/** A stateful workload with a volume: one pod of a StatefulSet. Scheduled backups belong here too, as `backup`. */
export const dataStore = z.strictObject({
  image,
  port: port.describe("Port it listens on; TCP for the mesh."),
  user: count.describe("Numeric user and group of the process, who own the volume."),
  storage: z
    .strictObject({
      size: bytes.describe("Size of the volume."),
      path: absolutePath.describe("Where the volume is mounted."),
      class: z
        .string()
        .regex(/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/, "must be the name of a StorageClass, such as gp3")
        .optional()
        .describe("StorageClass. Default: the cluster's."),
    })
    .describe("The volume. It is kept when the data store is removed."),
  writable: z
    .array(absolutePath)
    .default(["/tmp"])
    .describe('Other paths it must write to; they are emptied with the pod. Default: ["/tmp"].'),
  args: z.array(z.string()).min(1).optional().describe("Arguments. Default: the image's."),
  capabilities,
  config: variables.optional().describe("Configuration: a ConfigMap, given to the container as environment variables."),
  secrets: z
    .array(name)
    .min(1)
    .optional()
    .describe("Names of Secrets given to the container as environment variables."),
  probe: probe.optional().describe("Startup and readiness. Default: a TCP connection."),
  resources: dataStoreResources,
});

export type Service = z.output<typeof service>;
export type FlaggerRollout = Extract<Service["rollout"], { strategy: "flagger" }>;
export type Version = z.output<typeof version>;
export type Release = z.output<typeof release>;
export type Probe = z.output<typeof probe>;
export type Resources = z.output<typeof resources>;
export type DataStore = z.output<typeof dataStore>;
