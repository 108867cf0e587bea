import { type Call, callTarget, type ExternalCall, externalCalls, parseCall } from "./calls.ts";
import type { Cluster } from "./cluster.ts";
import type { Environment } from "./environment.ts";
import { type DnsServer, dnsServers, rangesOf, reservedRanges } from "./network.ts";
import { effectiveRelease } from "./place.ts";
import type { Input, Platform } from "./platform.ts";
import type { DataStore, FlaggerRollout, Service, Version } from "./service.ts";

/** The namespace of the ingress gateway, its workload's label and its ServiceAccount: names of Istio's gateway chart. */
export const ingress = {
  namespace: "istio-ingress",
  name: "istio-ingressgateway",
  selector: { istio: "ingressgateway" },
} as const;

/** The namespace of Prometheus, Alertmanager and Grafana where they are installed here. */
export const monitoring = { namespace: "monitoring" } as const;

/** The Prometheus of a cluster, installed here or the cluster's own. */
export interface Monitoring {
  /** Where it runs, and finds its monitors and rules. */
  readonly namespace: string;
  /** Address inside of the cluster. */
  readonly url: string;
}

/** Where spans go: Jaeger's Service, also where the cluster has its own, and the name of the mesh's tracing provider. */
export const tracing = {
  namespace: "tracing",
  host: "jaeger.tracing.svc.cluster.local",
  ports: { otlpGrpc: 4317, otlpHttp: 4318, zipkin: 9411 },
  provider: "jaeger",
} as const;

/** Flagger's load tester: its webhooks call it, and it calls canaries. Its namespace, ServiceAccount and label. */
export const loadTester = {
  namespace: "flagger-system",
  name: "flagger-loadtester",
  selector: { app: "flagger-loadtester" },
} as const;

/** A port of a service: one entry for all versions that declare it. */
export interface ServicePort {
  readonly name: string;
  readonly protocol: "http" | "grpc" | "tcp";
  /** Port of the Service. */
  readonly port: number;
  /** Ports of the containers: versions may differ. */
  readonly targets: readonly number[];
}

/** The other end of a declared call. */
export interface Peer {
  readonly name: string;
  readonly namespace: string;
  /** Ports of the called container that the call may use. */
  readonly ports: readonly number[];
}

/** A workload that is called, with the address that callers use. */
export interface Callee extends Peer {
  /** The first of the ports that the call may use, as the Service offers it. */
  readonly service: Pick<ServicePort, "port" | "protocol">;
  /** Names of the Services that its routes lead to. */
  readonly services: readonly string[];
}

/** What generators may know of the environment: everything but its workloads. */
export interface Scope {
  /** Name of the environment. */
  readonly name: string;
  readonly cluster: string;
  /** Namespace of the Gateway and of the routes that belong to no single service. */
  readonly routing: string;
  readonly mesh: Environment["mesh"];
  /** Which of the cluster's platform components there are. */
  readonly components: Readonly<Record<"jaeger" | "flagger", boolean>>;
  readonly monitoring: Monitoring | undefined;
  /** URL of the Prometheus that Flagger asks. */
  readonly metricsServer: string;
  /** Where names are resolved. */
  readonly dns: readonly DnsServer[];
  /** Whether proxies capture DNS, so that each external host has an address of its own to its callers. */
  readonly dnsCapture: boolean;
  /** Ranges of the cluster itself, which no call gets to by the range of an external host. */
  readonly reserved: readonly string[];
}

/** A service or a data store with its surroundings: all that its manifests follow from. */
export interface Workload {
  readonly scope: Scope;
  readonly name: string;
  readonly namespace: string;
  readonly ports: readonly ServicePort[];
  /** Who declares to call it. */
  readonly callers: readonly Peer[];
  /** What it declares to call. */
  readonly callees: readonly Callee[];
  /** External hosts that it calls; those without ranges are public. */
  readonly external: readonly ExternalCall[];
  /** Container ports that the gateway sends requests to. */
  readonly exposed: readonly number[];
  /** Container ports that Flagger's load tester sends requests to. */
  readonly tested: readonly number[];
}

export interface ServiceWorkload extends Workload {
  readonly spec: Service;
}

/** A service whose weights Flagger moves. */
export interface FlaggerWorkload extends ServiceWorkload {
  readonly spec: Service & { readonly rollout: FlaggerRollout };
}

export function isFlagger(workload: ServiceWorkload): workload is FlaggerWorkload {
  return workload.spec.rollout.strategy === "flagger";
}

export interface DataStoreWorkload extends Workload {
  readonly spec: DataStore;
}

/** The version that gets what the others leave: the stated one, `stable`, or the first. */
export function primaryOf(service: Service): string {
  const names = Object.keys(service.versions);
  return service.primary ?? (names.includes("stable") ? "stable" : (names[0] ?? ""));
}

/** Weight of a version, %: the stated one, else 100 for the only version and 0 for one of several. */
export function weightOf(service: Service, version: Version): number {
  return version.weight ?? (Object.keys(service.versions).length === 1 ? 100 : 0);
}

/** Fully qualified name of a Service, which is how Istio's objects refer to it. */
export function serviceHost(workload: { readonly name: string; readonly namespace: string }): string {
  return `${workload.name}.${workload.namespace}.svc.cluster.local`;
}

/** Name of the namespace a workload of this environment lives in. */
export function namespaceOf(environment: Environment, workload: string): string {
  const { layout, name = environment.name } = environment.namespaces;
  return layout === "shared" ? name : `${environment.name}-${workload}`;
}

/** Glob of all namespaces that an environment has, has had and may have. */
export function namespacePattern(environment: Environment): string {
  const { layout, name = environment.name } = environment.namespaces;
  return layout === "shared" ? name : `${environment.name}-*`;
}

/** The namespace for what belongs to the environment and to no single service: its Gateway, its external hosts. */
function routingNamespace(environment: Environment): string {
  return namespaceOf(environment, "gateway");
}

/** Ports of a service over all its versions, in the order of their first appearance. */
export function servicePorts(service: Service): ServicePort[] {
  const ports = new Map<string, ServicePort>();
  for (const { release } of Object.values(service.versions)) {
    for (const [name, { port, servicePort = port, protocol }] of Object.entries(release.ports)) {
      const known = ports.get(name);
      const targets = known ? [...new Set([...known.targets, port])].sort((a, b) => a - b) : [port];
      ports.set(name, { name, protocol: known?.protocol ?? protocol, port: known?.port ?? servicePort, targets });
    }
  }
  return [...ports.values()];
}

/** The calls of all versions of a service, sorted by their targets. */
export function callsOf(service: Service): Call[] {
  const calls = Object.values(service.versions).flatMap((version) => effectiveRelease(version).calls ?? []);
  return calls.sort((a, b) => (callTarget(a) < callTarget(b) ? -1 : 1));
}

/** Container ports that a service is exposed on through the gateway. */
export function exposedPort(service: Service, ports: readonly ServicePort[]): ServicePort | undefined {
  if (!service.expose) return undefined;
  const { port } = service.expose;
  return ports.find((candidate) => (port ? candidate.name === port : candidate.protocol !== "tcp"));
}

/** The port whose requests Flagger shifts and measures: the exposed one, or the first that speaks HTTP. */
export function canaryPort(service: Service, ports: readonly ServicePort[]): ServicePort | undefined {
  return exposedPort(service, ports) ?? ports.find(({ protocol }) => protocol === "http");
}

/** Whether the proxies of a cluster's mesh capture DNS. */
export function dnsCapture({ platform: { istio } }: Cluster): boolean {
  return istio !== undefined && (istio.dnsCapture ?? !istio.provided);
}

/** The Prometheus of a cluster: the only place that knows its address. */
export function monitoringOf({ platform }: Cluster): Monitoring | undefined {
  if (!platform.monitoring) return undefined;
  const { namespace = monitoring.namespace, url } = platform.monitoring;
  // The Service that Prometheus Operator makes in each namespace with a Prometheus.
  return { namespace, url: url ?? `http://prometheus-operated.${namespace}.svc.cluster.local:9090` };
}

/** The Prometheus that Flagger asks; none where the cluster has none. */
export function metricsServerOf(cluster: Cluster): string | undefined {
  return monitoringOf(cluster)?.url ?? cluster.platform.flagger?.metricsServer;
}

/** An environment with every reference followed. */
export interface ResolvedEnvironment {
  readonly input: Input<Environment>;
  readonly scope: Scope;
  readonly services: readonly ServiceWorkload[];
  readonly dataStores: readonly DataStoreWorkload[];
  /** Services and data stores by name. */
  readonly workloads: ReadonlyMap<string, Workload>;
  /** Namespaces, sorted. */
  readonly namespaces: readonly string[];
}

const resolved = new WeakMap<Input<Environment>, ResolvedEnvironment>();

/**
 * Follows who calls whom, and where everything lives. References to what does not exist are left out here: the analysis
 * reports them. Worked out once for each input, because the analysis and the plan both ask.
 */
export function resolveEnvironment(input: Input<Environment>, platform: Platform): ResolvedEnvironment {
  const known = resolved.get(input) ?? resolve(input, platform);
  resolved.set(input, known);
  return known;
}

function resolve(input: Input<Environment>, { clusters }: Platform): ResolvedEnvironment {
  const environment = input.value;
  const cluster = clusters.find(({ value }) => value.name === environment.cluster)?.value;
  const scope: Scope = {
    name: environment.name,
    cluster: environment.cluster,
    routing: routingNamespace(environment),
    mesh: environment.mesh,
    components: {
      jaeger: cluster?.platform.jaeger !== undefined,
      flagger: cluster?.platform.flagger !== undefined,
    },
    monitoring: cluster && monitoringOf(cluster),
    metricsServer: (cluster && metricsServerOf(cluster)) ?? "",
    dns: cluster ? dnsServers(cluster.provider.type, cluster.network) : [],
    dnsCapture: cluster !== undefined && dnsCapture(cluster),
    reserved: cluster ? reservedRanges(cluster.provider.type, cluster.network) : [],
  };
  const base = new Map<string, Pick<Callee, "name" | "namespace" | "services"> & { ports: readonly ServicePort[] }>();
  for (const [name, spec] of Object.entries(environment.services)) {
    const services = [name, ...(spec.rollout.strategy === "flagger" ? [`${name}-primary`, `${name}-canary`] : [])];
    base.set(name, { name, namespace: namespaceOf(environment, name), ports: servicePorts(spec), services });
  }
  for (const [name, { port }] of Object.entries(environment.dataStores)) {
    base.set(name, {
      name,
      namespace: namespaceOf(environment, name),
      ports: [{ name: "tcp", protocol: "tcp", port, targets: [port] }],
      services: [name],
    });
  }

  const callers: Peers<Peer> = new Map();
  const callees: Peers<Callee> = new Map();
  const external = new Map<string, ExternalCall[]>();
  for (const [name, spec] of Object.entries(environment.services)) {
    const calls = callsOf(spec);
    const hosts = externalCalls(calls).map(({ cidrs, ...call }) => ({
      ...call,
      cidrs: cidrs ?? (cluster && rangesOf(call.host, cluster.network)),
    }));
    if (hosts.length > 0) external.set(name, hosts);
    for (const call of calls.map(parseCall)) {
      if ("host" in call) continue;
      const from = base.get(name);
      const to = base.get(call.service);
      if (!from || !to) continue;
      const called = to.ports.filter((port) => call.port === undefined || port.name === call.port);
      const [first] = called;
      if (!first) continue;
      const ports = called.flatMap((port) => port.targets);
      addPeer(callers, call.service, { name: from.name, namespace: from.namespace, ports });
      addPeer(callees, name, {
        name: to.name,
        namespace: to.namespace,
        ports,
        service: { port: first.port, protocol: first.protocol },
        services: to.services,
      });
    }
  }

  const workload = (name: string, spec?: Service): Workload => {
    const { namespace, ports } = base.get(name) ?? { namespace: "", ports: [] };
    return {
      scope,
      name,
      namespace,
      ports,
      callers: peers(callers.get(name)),
      callees: peers(callees.get(name)),
      external: external.get(name) ?? [],
      exposed: (spec && exposedPort(spec, ports)?.targets) ?? [],
      tested: (spec?.rollout.strategy === "flagger" && canaryPort(spec, ports)?.targets) || [],
    };
  };
  const services = Object.entries(environment.services).map(([name, spec]) => ({ ...workload(name, spec), spec }));
  const dataStores = Object.entries(environment.dataStores).map(([name, spec]) => ({ ...workload(name), spec }));
  const routing = environment.gateway || external.size > 0 ? [scope.routing] : [];
  const namespaces = [
    ...new Set([...routing, ...services.map((s) => s.namespace), ...dataStores.map((d) => d.namespace)]),
  ].sort();
  const workloads = new Map([...services, ...dataStores].map((one) => [one.name, one]));
  return { input, scope, services, dataStores, workloads, namespaces };
}

type Peers<P extends Peer> = Map<string, Map<string, P>>;

function addPeer<P extends Peer>(into: Peers<P>, of: string, peer: P): void {
  const own = into.get(of) ?? new Map<string, P>();
  const known = own.get(peer.name) ?? peer;
  own.set(peer.name, { ...known, ports: [...new Set([...known.ports, ...peer.ports])].sort((a, b) => a - b) });
  into.set(of, own);
}

function peers<P extends Peer>(map: ReadonlyMap<string, P> | undefined): P[] {
  return [...(map?.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The environments that a cluster hosts, in the order it names them. */
export function environmentsOf(cluster: Cluster, platform: Platform): Input<Environment>[] {
  return cluster.environments.flatMap((name) => platform.environments.filter(({ value }) => value.name === name));
}
