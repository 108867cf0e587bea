import type { Fault } from "../model/faults.ts";
import { canaryPort, exposedPort, servicePorts } from "../model/resolve.ts";
import { milliseconds } from "../model/scalars.ts";
import type { Service } from "../model/service.ts";
import { type Finding, forEachService, type Rule } from "./rule.ts";

/** What Flagger has no setting for: it writes the routes and the DestinationRules, and its CRD drops what it does not know. */
const withoutEquivalent: readonly { path: readonly string[]; of: (service: Service) => unknown; why: string }[] = [
  { path: ["headerRoutes"], of: ({ headerRoutes }) => headerRoutes, why: "has one version to send requests to" },
  { path: ["mirror"], of: ({ mirror }) => mirror, why: "has one version to send requests to" },
  { path: ["fault"], of: ({ fault }) => fault, why: "injects no faults" },
  { path: ["retries", "backoff"], of: ({ retries }) => retries?.backoff, why: "sets no back-off" },
  {
    path: ["connectionPool", "maxConnections"],
    of: ({ connectionPool }) => connectionPool?.maxConnections,
    why: "sets no limits of TCP",
  },
  {
    path: ["connectionPool", "connectTimeout"],
    of: ({ connectionPool }) => connectionPool?.connectTimeout,
    why: "sets no limits of TCP",
  },
];

/** Inputs of a service that would make Flagger and Git fight, or that Flagger would pass over. */
const perService = forEachService(function* (service) {
  const { rollout } = service;
  if (rollout.strategy !== "flagger") return;
  yield* versions(service);
  yield* ports(service);
  for (const { path, of, why } of withoutEquivalent) {
    if (of(service) !== undefined)
      yield { path, atKey: true, message: `Flagger writes this service's routes, and ${why}; remove it` };
  }
  if (service.connectionPool?.maxRetries === 0)
    yield {
      path: ["connectionPool", "maxRetries"],
      message: "is 0, which Flagger drops; use retries: { attempts: 0 }",
    };
  if (service.outlierDetection?.maxEjectionPercent === 0)
    yield {
      path: ["outlierDetection", "maxEjectionPercent"],
      message: "is 0, which Flagger drops; remove outlierDetection",
    };
  if (milliseconds(rollout.interval) < 10_000)
    yield {
      path: ["rollout", "interval"],
      message: `is ${rollout.interval}, must be at least 10s, as often as Flagger looks`,
    };
  if (rollout.stepWeight > rollout.maxWeight)
    yield {
      path: ["rollout", "stepWeight"],
      message: `is ${rollout.stepWeight}, more than maxWeight (${rollout.maxWeight}); lower it or raise maxWeight`,
    };
});

function* versions(service: Service): Iterable<Finding> {
  const names = Object.keys(service.versions);
  if (names.length > 1)
    yield {
      path: ["versions"],
      atKey: true,
      message: `are ${names.join(", ")}, but Flagger makes the second one of each new release of the first; keep one, or remove rollout`,
    };
  for (const [name, version] of Object.entries(service.versions)) {
    const path = ["versions", name];
    if (version.weight !== undefined)
      yield { path: [...path, "weight"], atKey: true, message: "Flagger owns the weights of this service; remove it" };
    if (!version.autoscaling)
      yield {
        path: version.replicas === undefined ? path : [...path, "replicas"],
        atKey: true,
        message:
          "Flagger sets the replicas of the Deployment, so they cannot stand in Git; give it autoscaling, where min and max may be the same",
      };
  }
}

function* ports(service: Service): Iterable<Finding> {
  const all = servicePorts(service);
  const main = canaryPort(service, all);
  if (!main || main.protocol === "tcp") {
    yield { path: ["rollout"], atKey: true, message: "Flagger measures HTTP, and the service has no http port" };
    return;
  }
  const exposed = exposedPort(service, all);
  if (exposed && exposed.protocol !== "http")
    yield {
      path: ["expose"],
      atKey: true,
      message: `Flagger's tests speak HTTP, and the exposed port ${exposed.name} is ${exposed.protocol}; expose an http port`,
    };
  if (exposed && all.length > 1)
    yield {
      path: ["expose"],
      atKey: true,
      message: `Flagger has one route for the gateway and the mesh, which leads to port ${exposed.name} alone; move ${all
        .filter((port) => port !== exposed)
        .map(({ name }) => name)
        .join(", ")} to a service of its own`,
    };
  for (const [version, { release }] of Object.entries(service.versions)) {
    for (const [name, { port, servicePort = port, protocol }] of Object.entries(release.ports)) {
      if (name === main.name) continue;
      const path = ["versions", version, "release", "ports", name];
      if (servicePort !== port)
        yield {
          path: [...path, "servicePort"],
          message: `is ${servicePort}, but Flagger offers every port but ${main.name} as the container does; remove it, or let the container listen on ${servicePort}`,
        };
      if (name !== protocol && !name.startsWith(`${protocol}-`))
        yield {
          path,
          atKey: true,
          message: `Flagger tells Istio the protocol of every port but ${main.name} by its name; call it ${protocol} or ${protocol}-${name}`,
        };
    }
  }
}

/** In one namespace, what Flagger makes may be what another workload is called. */
const madeNames: Rule = ({ environments }) =>
  environments.flatMap(({ input: { file, value } }): Fault[] => {
    if (value.namespaces.layout !== "shared") return [];
    const taken = new Map([
      ...Object.keys(value.dataStores).map((name) => [name, `the data store ${name}`] as const),
      ...Object.entries(value.services).flatMap(([name, { versions }]) => [
        [name, `the service ${name}`] as const,
        ...Object.keys(versions).map((version) => [`${name}-${version}`, `version ${version} of ${name}`] as const),
      ]),
    ]);
    return Object.entries(value.services).flatMap(([name, service]): Fault[] => {
      if (service.rollout.strategy !== "flagger") return [];
      const made = [
        `${name}-primary`,
        `${name}-canary`,
        ...Object.keys(service.versions).map((v) => `${name}-${v}-primary`),
      ];
      return made
        .filter((one) => taken.has(one))
        .map((one) => ({
          file,
          path: ["services", name, "rollout"],
          atKey: true,
          message: `Flagger makes objects named ${one}, as those of ${taken.get(one)}; choose another name for one of them`,
        }));
    });
  });

/**
 * Each Flagger service has a VirtualService of its own at the gateway, and Istio does not say which of several goes
 * first: only the one for / without conditions comes last for certain.
 */
const nestedPaths: Rule = ({ environments }) =>
  environments.flatMap(({ input: { file, value } }): Fault[] => {
    const services = Object.entries(value.services).filter(([, { expose }]) => expose);
    const hostsOf = ({ expose }: Service) => expose?.hosts ?? value.gateway?.hosts ?? [];
    return services.flatMap(([name, service]): Fault[] =>
      service.rollout.strategy !== "flagger"
        ? []
        : services.flatMap(([other, spec]): Fault[] => {
            if (other === name || !hostsOf(spec).some((host) => hostsOf(service).includes(host))) return [];
            const clash = (service.expose?.paths ?? []).flatMap((path, index) =>
              (spec.expose?.paths ?? [])
                .filter((theirs) => nested(path, theirs) && !comesLast(path, service) && !comesLast(theirs, spec))
                .map((theirs) => ({ index, theirs })),
            );
            return clash.map(({ index, theirs }) => ({
              file,
              path: ["services", name, "expose", "paths", index],
              message: `overlaps with ${theirs} of ${other}, and Istio gives Flagger's routes no fixed order among others of a host; choose paths or hosts apart`,
            }));
          }),
    );
  });

/** Whether one of two prefixes contains the other. */
function nested(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => `${path.replace(/\/$/, "")}/`) as [string, string];
  return a.startsWith(b) || b.startsWith(a);
}

/** Whether Istio puts a route for this prefix behind all others: it matches everything, and asks for no header. */
function comesLast(prefix: string, { headerRoutes, fault }: Service): boolean {
  return prefix === "/" && !headerRoutes && !fault?.headers;
}

/** Flagger without a Prometheus halts every release. */
const metrics: Rule = ({ platform: { clusters } }) =>
  clusters.flatMap(({ file, value: { platform } }) =>
    platform.flagger && !platform.flagger.metricsServer && !platform.monitoring
      ? [
          {
            file,
            path: ["platform", "flagger"],
            atKey: true,
            message: "asks Prometheus, which nothing here installs; add monitoring, or name one as metricsServer",
          },
        ]
      : [],
  );

export const rollouts: Rule = (subject) =>
  [perService, madeNames, nestedPaths, metrics].flatMap((rule) => rule(subject));
