import type { ScaledDeployment } from "./argo/application.ts";
import { waves } from "./argo/waves.ts";
import { apexService } from "./delivery/apex-service.ts";
import { type CanaryExposure, canary } from "./delivery/canary.ts";
import { metricTemplates } from "./delivery/metric-template.ts";
import { destinationRule } from "./mesh/destination-rule.ts";
import { gateway } from "./mesh/gateway.ts";
import { rateLimit } from "./mesh/rate-limit.ts";
import { type ExternalPort, serviceEntry } from "./mesh/service-entry.ts";
import { sidecar } from "./mesh/sidecar.ts";
import { telemetry } from "./mesh/telemetry.ts";
import { type Exposure, gatewayVirtualService, virtualService } from "./mesh/virtual-service.ts";
import type { Environment } from "./model/environment.ts";
import { effectiveRelease } from "./model/place.ts";
import {
  type DataStoreWorkload,
  exposedPort,
  type FlaggerWorkload,
  isFlagger,
  type ResolvedEnvironment,
  type Scope,
  type ServiceWorkload,
  type Workload,
} from "./model/resolve.ts";
import { dataStoreFacts, routeFacts, serviceFacts } from "./monitoring/declared.ts";
import { type KubernetesObject, type Unit, unit } from "./render/output.ts";
import { paths } from "./render/paths.ts";
import { authorizationPolicy, denyAll } from "./security/authorization-policy.ts";
import { denyAllTraffic, networkPolicy } from "./security/network-policy.ts";
import { peerAuthentication } from "./security/peer-authentication.ts";
import { configMap } from "./workloads/config-map.ts";
import { deployment } from "./workloads/deployment.ts";
import { horizontalPodAutoscaler } from "./workloads/horizontal-pod-autoscaler.ts";
import { limitRange, namespace, resourceQuota } from "./workloads/namespace.ts";
import { persistentVolumeClaim } from "./workloads/persistent-volume-claim.ts";
import { podDisruptionBudget } from "./workloads/pod-disruption-budget.ts";
import { service } from "./workloads/service.ts";
import { serviceAccount } from "./workloads/service-account.ts";
import { statefulSet } from "./workloads/stateful-set.ts";

/** An Application of an environment: the name of its folder, and its wave. */
export interface EnvironmentApplication {
  readonly name: string;
  readonly wave: number;
  /** Where most of its objects lie. */
  readonly namespace: string;
  /** Its Deployments whose number of pods Git does not decide. */
  readonly scaled?: readonly ScaledDeployment[];
}

/** Folders that no service or data store may be named after. */
export const reservedApplications = ["namespaces", "routes"] as const;

/** The Applications of an environment, in wave order. */
export function environmentApplications({
  input,
  services,
  dataStores,
  scope,
}: ResolvedEnvironment): EnvironmentApplication[] {
  const wave = waves.environment;
  // Argo CD's mark on objects without a namespace of their own holds this one, so it stays the same when services come and go.
  const shared = scope.routing;
  return [
    { name: "namespaces", namespace: shared, wave: wave.namespaces },
    ...dataStores.map(({ name, namespace }) => ({ name, namespace, wave: wave.dataStores })),
    ...services.map((workload) => ({
      name: workload.name,
      namespace: workload.namespace,
      wave: wave.services,
      scaled: scaledDeployments(workload),
    })),
    ...(input.value.gateway || services.some((workload) => !isFlagger(workload) || workload.external.length > 0)
      ? [{ name: "routes", namespace: shared, wave: wave.routes }]
      : []),
  ];
}

function scaledDeployments(workload: ServiceWorkload): ScaledDeployment[] {
  return Object.entries(workload.spec.versions)
    .filter(([, { autoscaling }]) => autoscaling)
    .map(([version]) => ({ name: `${workload.name}-${version}`, keepsNone: isFlagger(workload) }));
}

/** All manifests of an environment. */
export function environmentUnits(resolved: ResolvedEnvironment): Unit[] {
  const { file, value } = resolved.input;
  const folder = (application: string) => paths.environment(value.name, application);
  const { quota, limits } = value.namespaces;
  const populated = new Set([...resolved.services, ...resolved.dataStores].map(({ namespace }) => namespace));
  return [
    ...resolved.namespaces.map((name) =>
      unit(
        `${folder("namespaces")}/${name}`,
        file,
        "namespace",
        { name, quota, limits, scope: resolved.scope, workloads: populated.has(name) },
        namespaceObjects,
      ),
    ),
    ...resolved.dataStores.map((workload) =>
      unit(folder(workload.name), file, "data-store", workload, dataStoreObjects),
    ),
    ...resolved.services.map((workload) => unit(folder(workload.name), file, "service", workload, serviceObjects)),
    ...resolved.services
      .filter(isFlagger)
      .map((workload) =>
        unit(
          folder(workload.name),
          file,
          "rollout",
          { workload, exposure: canaryExposure(resolved, workload) },
          rolloutObjects,
        ),
      ),
    ...resolved.services
      .filter((workload) => !isFlagger(workload))
      .map((workload) => unit(folder("routes"), file, `service-${workload.name}`, workload, routeObjects)),
    ...gatewayUnits(resolved, folder("routes")),
  ];
}

interface NamespaceContext extends Pick<Environment["namespaces"], "quota" | "limits"> {
  readonly name: string;
  readonly scope: Scope;
  /** Whether pods run in it. */
  readonly workloads: boolean;
}

/**
 * The foundations of one namespace: nothing is reachable and nothing gets out until a workload's own policies say so.
 * The namespace that holds only routes has no proxies for Istio's policies to apply to.
 */
function namespaceObjects({ name, quota, limits, scope, workloads }: NamespaceContext): KubernetesObject[] {
  return [
    namespace(name, scope.name),
    denyAllTraffic(name),
    ...(workloads ? [peerAuthentication(name), denyAll(name), telemetry(scope, name)] : []),
    ...resourceQuota(name, quota),
    ...limitRange(name, limits),
  ];
}

/** What every workload has besides its pods. */
function surroundings(workload: Workload): KubernetesObject[] {
  return [authorizationPolicy(workload), networkPolicy(workload), sidecar(workload)];
}

function serviceObjects(workload: ServiceWorkload): KubernetesObject[] {
  const versions = Object.entries(workload.spec.versions);
  return [
    serviceAccount(workload, workload.spec.serviceAccount),
    ...versions.flatMap(([name, version]) => [
      ...configMap(workload, effectiveRelease(version).config, name),
      deployment(workload, name, version),
      ...horizontalPodAutoscaler(workload, name, version),
    ]),
    podDisruptionBudget(workload),
    isFlagger(workload) ? apexService(workload) : service(workload),
    ...surroundings(workload),
    ...rateLimit(workload),
    ...serviceFacts(workload),
  ];
}

function dataStoreObjects(workload: DataStoreWorkload): KubernetesObject[] {
  return [
    serviceAccount(workload),
    ...configMap(workload, workload.spec.config),
    persistentVolumeClaim(workload),
    statefulSet(workload),
    service(workload),
    ...surroundings(workload),
    ...dataStoreFacts(workload),
  ];
}

/** What Flagger needs to know; it makes the routes. */
function rolloutObjects({
  workload,
  exposure,
}: {
  workload: FlaggerWorkload;
  exposure: CanaryExposure | undefined;
}): KubernetesObject[] {
  const [version = ""] = Object.keys(workload.spec.versions);
  return [canary(workload, version, exposure), ...metricTemplates(workload)];
}

function canaryExposure({ input, scope }: ResolvedEnvironment, { spec }: FlaggerWorkload): CanaryExposure | undefined {
  const { expose } = spec;
  const gateway = `${scope.routing}/${scope.name}`;
  return expose && { gateway, hosts: expose.hosts ?? input.value.gateway?.hosts ?? [], prefixes: expose.paths };
}

function routeObjects(workload: ServiceWorkload): KubernetesObject[] {
  return [destinationRule(workload), virtualService(workload), ...routeFacts(workload)];
}

/** The Gateway, one VirtualService for each of its hosts, one ServiceEntry for each external host. */
function gatewayUnits({ input, scope, services }: ResolvedEnvironment, folder: string): Unit[] {
  const { gateway: spec } = input.value;
  const hosts = spec?.hosts ?? [];
  const exposures = hosts.map((host) => ({
    host,
    exposures: services.filter((workload) => !isFlagger(workload)).flatMap((workload) => exposuresOn(host, workload)),
  }));
  return [
    ...(spec
      ? [
          unit(
            folder,
            input.file,
            "gateway",
            { scope, spec, elsewhere: flaggerRoutes(scope, hosts, services) },
            (own) => [gateway(own.scope, own.spec, own.elsewhere)],
          ),
        ]
      : []),
    ...exposures
      .filter((context) => context.exposures.length > 0)
      .map((context) =>
        unit(
          folder,
          input.file,
          `host-${context.host}`,
          { ...context, gateway: { name: scope.name, namespace: scope.routing } },
          (own) => [gatewayVirtualService(own.host, own.gateway, own.exposures)],
        ),
      ),
    ...externalHosts(services).map((context) =>
      unit(folder, input.file, `external-${context.host}`, { ...context, scope }, (own) => [
        serviceEntry(own.scope, own.host, own.ports, own.callers),
      ]),
    ),
  ];
}

/** The namespaces that Flagger writes routes of a host to, by host. */
function flaggerRoutes(
  scope: Scope,
  hosts: readonly string[],
  services: readonly ServiceWorkload[],
): Record<string, readonly string[]> {
  const routed = services.filter((workload) => isFlagger(workload) && workload.namespace !== scope.routing);
  return Object.fromEntries(
    hosts.map((host) => [
      host,
      routed.filter((workload) => exposuresOn(host, workload).length > 0).map(({ namespace }) => namespace),
    ]),
  );
}

function exposuresOn(host: string, workload: ServiceWorkload): Exposure[] {
  const { expose } = workload.spec;
  const port = exposedPort(workload.spec, workload.ports);
  if (!expose || !port || (expose.hosts && !expose.hosts.includes(host))) return [];
  return expose.paths.map((prefix) => ({ workload, port, prefix }));
}

interface ExternalHost {
  readonly host: string;
  readonly ports: readonly ExternalPort[];
  readonly callers: readonly string[];
}

function externalHosts(services: readonly ServiceWorkload[]): ExternalHost[] {
  const calls = services.flatMap(({ namespace, external }) => external.map((call) => ({ ...call, namespace })));
  return [...Map.groupBy(calls, ({ host }) => host)].sort().map(([host, own]) => {
    const ports = new Map(own.map(({ port, protocol }) => [port, { port, protocol }]));
    return {
      host,
      ports: [...ports.values()].sort((a, b) => a.port - b.port),
      callers: [...new Set(own.map(({ namespace }) => namespace))].sort(),
    };
  });
}
