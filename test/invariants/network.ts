/** Who reaches whom: at the network, in the mesh, at the gateway and outside. */
import { BlockList } from "node:net";
import { isDeepStrictEqual } from "node:util";
import type { Environment } from "../../generators/model/environment.ts";
import type { Service } from "../../generators/model/service.ts";
import { type Invariant, id, namespaceOf, partOf, type View } from "./view.ts";

interface DeclaredCall {
  readonly caller: string;
  readonly callee: string;
  /** Ports of the called containers. */
  readonly ports: readonly number[];
}

const sorted = (numbers: Iterable<string | number>) => Array.from(numbers, Number).sort((a, b) => a - b);

const hostOf = (name: string, namespace: string) => `${name}.${namespace}.svc.cluster.local`;

/** The ports of all versions of a service, by name. */
const portsOf = (service: Service | undefined) =>
  Object.values(service?.versions ?? {}).flatMap(({ release }) => Object.entries(release.ports));

/** The calls of all versions of a service. */
const callsOf = ({ versions }: Service) =>
  Object.values(versions).flatMap((version) => [...(version.release.calls ?? []), ...(version.calls ?? [])]);

const portNumbers = ({ services, dataStores }: Environment, callee: string, port?: string): number[] => {
  const store = dataStores[callee];
  if (store) return [store.port];
  return portsOf(services[callee]).flatMap(([name, { port: own }]) =>
    port === undefined || name === port ? [own] : [],
  );
};

/** The calls of an environment as its input states them, read here a second time. */
function declaredCalls(environment: Environment): DeclaredCall[] {
  return Object.entries(environment.services).flatMap(([caller, service]) =>
    callsOf(service).flatMap((call) => {
      if (typeof call !== "string" || call.split(":")[0]?.includes(".")) return [];
      const [callee = "", port] = call.split(":");
      return [{ caller, callee, ports: portNumbers(environment, callee, port) }];
    }),
  );
}

/** The ports of each caller, by its name. */
function callersOf(calls: readonly DeclaredCall[], callee: string): Map<string, number[]> {
  const found = Map.groupBy(
    calls.filter((call) => call.callee === callee),
    ({ caller }) => caller,
  );
  return new Map([...found].map(([caller, own]) => [caller, sorted(new Set(own.flatMap(({ ports }) => ports)))]));
}

/** Workloads with the namespaces and calls of their environment. */
function* workloads({ environments }: View) {
  for (const environment of environments) {
    const calls = declaredCalls(environment);
    for (const name of [...Object.keys(environment.services), ...Object.keys(environment.dataStores)]) {
      const called = calls.filter(({ caller }) => caller === name).map(({ callee }) => callee);
      yield {
        environment,
        name,
        namespace: namespaceOf(environment, name),
        callers: callersOf(calls, name),
        callees: [...new Set(called)].map((callee) => ({ callee, home: namespaceOf(environment, callee) })),
        isFlagger: environment.services[name]?.rollout.strategy === "flagger",
      };
    }
  }
}

const exposedPorts = ({ services }: Environment, name: string): number[] => {
  const service = services[name];
  if (!service?.expose) return [];
  const ports = portsOf(service);
  const first = service.expose.port ?? ports.find(([, { protocol }]) => protocol !== "tcp")?.[0];
  return sorted(new Set(ports.filter(([port]) => port === first).map(([, { port }]) => port)));
};

/** The rules for requests to a service, of all routes. */
const rulesFor = ({ of }: View, service: string, namespace: string): any[] =>
  of("VirtualService").flatMap(({ spec: { http = [] } }) =>
    http.filter(({ route }: any) => route[0].destination.host === hostOf(service, namespace)),
  );

/** An object as it is written, to be compared. */
const plain = (value: unknown) =>
  JSON.stringify(value, value && typeof value === "object" ? Object.keys(value).sort() : undefined);
const peerName = ({ namespaceSelector, podSelector }: any) => {
  const { istio, app, "app.kubernetes.io/name": name } = podSelector?.matchLabels ?? {};
  return `${namespaceSelector?.matchLabels?.["kubernetes.io/metadata.name"]}/${name ?? istio ?? app ?? "*"}`;
};

/** Where a public host never is: an address of each range. */
const privateAddresses = ["10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.0.1", "100.64.0.1"];
/** What a pod has no business with, wherever a host is said to be: metadata services, and Azure's platform. */
const metadataAddresses = ["169.254.169.254", "100.100.100.200", "192.0.0.192", "168.63.129.16"];

function rangesOf(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [address = "", prefix = ""] = text.split("/");
    list.addSubnet(address, Number(prefix), address.includes(":") ? "ipv6" : "ipv4");
  }
  return list;
}

export const network: Readonly<Record<string, Invariant>> = {
  *"nothing gets into or out of a namespace of an environment until a workload's own policy says so"({
    namespaces,
    of,
  }) {
    for (const { metadata } of namespaces) {
      const namespace = metadata?.name ?? "";
      const policy = of("NetworkPolicy", namespace).find(({ spec }) => Object.keys(spec.podSelector).length === 0);
      const { policyTypes, ingress, egress } = policy?.spec ?? {};
      yield [namespace, isDeepStrictEqual(policyTypes, ["Ingress", "Egress"]) && !ingress && !egress];
    }
  },
  *"nothing is answered in a namespace with workloads until a workload's own policy says so, in mutual TLS alone"(
    view,
  ) {
    for (const { namespace } of workloads(view)) {
      const deny = view.of("AuthorizationPolicy", namespace).filter(({ spec }) => !spec.selector);
      yield [`${namespace} deny`, deny.length === 1 && isDeepStrictEqual({ ...deny[0]?.spec }, {})];
      const peers = view.of("PeerAuthentication", namespace);
      yield [
        `${namespace} mTLS`,
        peers.length === 1 && isDeepStrictEqual(peers[0]?.spec, { mtls: { mode: "STRICT" } }),
      ];
    }
  },
  *"mutual TLS is STRICT in the whole mesh, and no policy says otherwise"({ of, clusters }) {
    for (const cluster of clusters)
      if (cluster.platform.istio)
        yield [cluster.name, of("PeerAuthentication", "istio-system").some(({ spec }) => spec.mtls.mode === "STRICT")];
    for (const one of of("PeerAuthentication"))
      yield [id(one), one.spec.mtls.mode === "STRICT" && !one.spec.portLevelMtls];
  },
  *"the network lets in the declared callers, the gateway, the load tester and Prometheus, each to its ports"(view) {
    for (const { environment, name, namespace, callers, isFlagger } of workloads(view)) {
      const cluster = view.clusterOf(environment);
      const { ingress, policyTypes } = view.one("NetworkPolicy", name, namespace).spec;
      yield [`${namespace}/${name} types`, isDeepStrictEqual(policyTypes, ["Ingress", "Egress"])];
      const expected = new Map(
        [...callers].map(([caller, ports]) => [`${namespaceOf(environment, caller)}/${caller}`, ports]),
      );
      const exposed = exposedPorts(environment, name);
      if (exposed.length > 0) expected.set("istio-ingress/ingressgateway", exposed);
      const { monitoring } = cluster.platform;
      if (monitoring) expected.set(`${monitoring.namespace ?? "monitoring"}/*`, [15020]);
      const found = new Map<string, number[]>();
      let whole = true;
      for (const { from = [], ports = [] } of ingress) {
        whole &&= from.length > 0 && ports.length > 0 && ports.every((one: any) => one.port && one.protocol === "TCP");
        for (const peer of from) found.set(peerName(peer), sorted(ports.map(({ port }: any) => port)));
      }
      if (isFlagger) yield [`${namespace}/${name} load tester`, found.delete("flagger-system/flagger-loadtester")];
      yield [`${namespace}/${name}`, whole && isDeepStrictEqual(found, expected)];
    }
  },
  *"the mesh lets in the same by identity and port, and nobody else"(view) {
    for (const { environment, name, namespace, callers, isFlagger } of workloads(view)) {
      const { spec } = view.one("AuthorizationPolicy", name, namespace);
      const expected = new Map(
        [...callers].map(([caller, ports]) => [
          `cluster.local/ns/${namespaceOf(environment, caller)}/sa/${caller}`,
          ports,
        ]),
      );
      const exposed = exposedPorts(environment, name);
      if (exposed.length > 0) expected.set("cluster.local/ns/istio-ingress/sa/istio-ingressgateway", exposed);
      const found = new Map<string, number[]>();
      let whole = spec.action === "ALLOW" && Array.isArray(spec.rules);
      for (const { from = [], to = [] } of spec.rules ?? []) {
        whole &&= from.length === 1 && to.length === 1 && isDeepStrictEqual(Object.keys(to[0].operation), ["ports"]);
        whole &&= isDeepStrictEqual(Object.keys(from[0].source), ["principals"]);
        for (const principal of from[0].source.principals) found.set(principal, sorted(to[0].operation.ports));
      }
      const tester = "cluster.local/ns/flagger-system/sa/flagger-loadtester";
      if (isFlagger) yield [`${namespace}/${name} load tester`, found.delete(tester)];
      yield [`${namespace}/${name}`, whole && isDeepStrictEqual(found, expected)];
    }
  },
  *"a pod gets out to names, to istiod, to the collector of traces and to what it declares to call"(view) {
    for (const { name, namespace, callees } of workloads(view)) {
      const { egress } = view.one("NetworkPolicy", name, namespace).spec;
      const allowed = new Set(callees.map(({ callee, home }) => `${home}/${callee}`));
      const reached = new Set<string>();
      for (const { to = [], ports = [] } of egress) {
        yield [`${namespace}/${name} bounded`, to.length > 0 && ports.length > 0];
        const numbers = sorted(ports.map(({ port }: any) => port));
        const names = ports.every(({ protocol, port }: any) => ["UDP", "TCP"].includes(protocol) && port > 0);
        yield [`${namespace}/${name} ports`, names];
        for (const peer of to) {
          if (peer.ipBlock) continue;
          const who = peerName(peer);
          const own = allowed.has(who);
          if (own) reached.add(who);
          const istiod = who === "istio-system/istiod" && isDeepStrictEqual(numbers, [15012]);
          const traces = who === "tracing/*" && isDeepStrictEqual(numbers, [4317, 4318, 9411]);
          const dns = numbers.every((port) => [53, 5353, 1053].includes(port));
          yield [`${namespace}/${name} → ${who}`, own || istiod || traces || dns];
        }
      }
      yield [`${namespace}/${name} calls`, isDeepStrictEqual([...reached].sort(), [...allowed].sort())];
    }
  },
  *"who may call the whole Internet may not call the cluster, a private network or the cloud's metadata"(view) {
    for (const policy of view.of("NetworkPolicy"))
      for (const { to = [], ports = [] } of policy.spec.egress ?? [])
        for (const { ipBlock } of to) {
          if (!ipBlock || ports.every(({ port }: any) => port === 53 || port === 5353)) continue;
          const [range, except] = [rangesOf([ipBlock.cidr]), rangesOf(ipBlock.except ?? [])];
          const never = [...metadataAddresses, ...(ipBlock.cidr === "0.0.0.0/0" ? privateAddresses : [])];
          for (const address of never.filter((one) => range.check(one)))
            yield [`${id(policy)} ${ipBlock.cidr} → ${address}`, except.check(address)];
        }
  },
  *"a proxy knows the hosts that its workload calls, and lets nothing else out"(view) {
    const namespaces = new Set(view.of("Namespace").map(({ metadata }) => metadata?.name));
    for (const { environment, name, namespace, callees } of workloads(view)) {
      const { workloadSelector, outboundTrafficPolicy, egress } = view.one("Sidecar", name, namespace).spec;
      yield [
        `${namespace}/${name} alone`,
        isDeepStrictEqual(workloadSelector?.labels, { "app.kubernetes.io/name": name }),
      ];
      yield [`${namespace}/${name}`, outboundTrafficPolicy?.mode === "REGISTRY_ONLY" && egress.length === 1];
      const hosts: string[] = egress[0].hosts;
      const wild = hosts.filter((host) => host.includes("*") && host !== "istio-system/*");
      yield [`${namespace}/${name} wildcards`, wild.length === 0 && hosts.includes("istio-system/*")];
      for (const { callee, home } of callees)
        yield [`${namespace}/${name} → ${callee}`, hosts.includes(`${home}/${hostOf(callee, home)}`)];
      const known = [
        ...callees.map(({ home }) => home),
        namespaceOf(environment, "gateway"),
        "tracing",
        "istio-system",
      ];
      for (const seen of hosts.map((host) => host.split("/")[0] ?? ""))
        if (namespaces.has(seen)) yield [`${namespace}/${name} sees ${seen}`, known.includes(seen)];
    }
  },
  *"an external host is seen by its callers alone, and kept outside of the mesh"({ of, environments }) {
    for (const entry of of("ServiceEntry")) {
      const { exportTo, location, hosts, resolution, endpoints } = entry.spec;
      const environment = environments.find(({ name }) => name === partOf(entry.metadata));
      yield [`${id(entry)} environment`, environment !== undefined];
      if (!environment) continue;
      const callers = Object.entries(environment.services).filter(([, service]) =>
        callsOf(service).some((call) => (typeof call === "string" ? call.split(":")[0] : call.host) === hosts[0]),
      );
      const expected = new Set([
        ...callers.map(([name]) => namespaceOf(environment, name)),
        namespaceOf(environment, "gateway"),
      ]);
      yield [id(entry), isDeepStrictEqual([...exportTo].sort(), [...expected].sort())];
      yield [
        `${id(entry)} kind`,
        location === "MESH_EXTERNAL" && resolution === "DNS" && !endpoints && hosts.length === 1,
      ];
    }
  },
  *"callers encrypt, know every version, and treat the service as its input says"({ versions, one }) {
    for (const { service, namespace, spec, name } of versions) {
      if (spec.rollout.strategy === "flagger") {
        const { trafficPolicy, timeout } = one("Canary", service, namespace).spec.service;
        yield [`${namespace}/${service}`, trafficPolicy.tls.mode === "ISTIO_MUTUAL" && timeout === spec.timeout];
        continue;
      }
      const rule = one("DestinationRule", service, namespace).spec;
      const { tls, outlierDetection, loadBalancer, connectionPool = {} } = rule.trafficPolicy;
      yield [`${namespace}/${service}`, rule.host === hostOf(service, namespace) && tls.mode === "ISTIO_MUTUAL"];
      yield [`${namespace}/${service} ejection`, plain(outlierDetection) === plain(spec.outlierDetection)];
      yield [`${namespace}/${service} balancing`, loadBalancer?.simple === spec.loadBalancer];
      const stated = Object.values(spec.connectionPool ?? {})
        .filter((value) => value !== undefined)
        .map(String)
        .sort();
      const found = Object.values({ ...connectionPool.tcp, ...connectionPool.http })
        .filter((value) => value !== undefined)
        .map(String)
        .sort();
      yield [`${namespace}/${service} limits`, isDeepStrictEqual(found, stated)];
      const subset = rule.subsets.find((own: any) => own.name === name);
      yield [`${namespace}/${service} ${name}`, isDeepStrictEqual({ ...subset?.labels }, { version: name })];
    }
  },
  *"routes lead to versions that are there, by the declared weights, which add up to 100"({ of, versions, one }) {
    for (const route of of("VirtualService"))
      for (const rule of [...(route.spec.http ?? []), ...(route.spec.tcp ?? [])]) {
        const shares = rule.route.map(({ weight = 100 }: any) => weight);
        yield [id(route), shares.reduce((sum: number, share: number) => sum + share, 0) === 100 && !shares.includes(0)];
        for (const { destination } of [...rule.route, ...(rule.mirrors ?? [])]) {
          // What the gateway shows of the platform comes from charts.
          if (partOf(route.metadata) === "platform") continue;
          const [service = "", namespace = ""] = destination.host.split(".");
          const known = versions.some(
            (own) => own.service === service && own.namespace === namespace && own.name === destination.subset,
          );
          yield [`${id(route)} → ${destination.host} ${destination.subset}`, known];
          const ports = one("Service", service, namespace).spec.ports.map(({ port }: any) => port);
          yield [`${id(route)} → ${destination.host} port`, ports.includes(destination.port?.number)];
        }
      }
    for (const { service, namespace, spec, name, version } of versions) {
      if (spec.rollout.strategy === "flagger") continue;
      const { http = [], tcp = [] } = one("VirtualService", service, namespace).spec;
      const rules = [...http, ...tcp].filter(({ match }: any) => !match?.some((one: any) => one.headers));
      const weight = version.weight ?? (Object.keys(spec.versions).length === 1 ? 100 : 0);
      for (const { route } of rules) {
        const found = route.find(({ destination }: any) => destination.subset === name);
        yield [`${namespace}/${service} ${name}`, (found ? (found.weight ?? 100) : 0) === weight];
      }
    }
  },
  *"requests have the stated limits, inside the mesh and at the gateway"(view) {
    for (const { service, namespace, spec } of view.versions)
      for (const { timeout, retries } of rulesFor(view, service, namespace)) {
        yield [`${namespace}/${service} timeout`, timeout === spec.timeout];
        const { attempts, perTryTimeout, on } = spec.retries ?? {};
        const same =
          retries?.attempts === attempts &&
          (!attempts || (retries?.perTryTimeout === perTryTimeout && retries?.retryOn === on?.join(",")));
        yield [`${namespace}/${service} retries`, same];
      }
  },
  *"faults hit the stated share of the stated requests alone"(view) {
    for (const { service, namespace, spec } of view.versions)
      for (const rule of rulesFor(view, service, namespace)) {
        const { fault } = spec;
        yield [`${namespace}/${service} stated`, !rule.fault || fault !== undefined];
        if (!rule.fault || !fault) continue;
        const { delay, abort } = rule.fault;
        yield [
          `${namespace}/${service} share`,
          delay?.percentage?.value === fault.delay?.percent && abort?.percentage?.value === fault.abort?.percent,
        ];
        const asked = Object.entries(fault.headers ?? {});
        yield [
          `${namespace}/${service} headers`,
          (rule.match ?? [{}]).every((one: any) => asked.every(([key, value]) => one.headers?.[key]?.exact === value)),
        ];
      }
  },
  *"the gateway serves HTTPS with the stated certificate and TLS 1.2 or newer, and redirects where that is stated"({
    environments,
    clusters,
    one,
  }) {
    const stated = [
      ...environments.flatMap((environment) => {
        const { name, gateway } = environment;
        return gateway ? [{ name, gateway, namespace: namespaceOf(environment, "gateway") }] : [];
      }),
      ...clusters.flatMap(({ interfaces }) =>
        interfaces?.tls
          ? [{ name: "platform", gateway: { hosts: [], tls: interfaces.tls }, namespace: "istio-ingress" }]
          : [],
      ),
    ];
    for (const { name, namespace, gateway } of stated) {
      const { servers, selector } = one("Gateway", name, namespace).spec;
      yield [`${name} selector`, isDeepStrictEqual({ ...selector }, { istio: "ingressgateway" })];
      const [plain, https] = [80, 443].map((number) => servers.find(({ port }: any) => port.number === number));
      yield [
        `${name} HTTP`,
        plain !== undefined && (plain.tls?.httpsRedirect ?? false) === (gateway.tls?.redirect ?? false),
      ];
      yield [`${name} HTTPS`, (https !== undefined) === (gateway.tls !== undefined)];
      if (!https) continue;
      const { mode, credentialName, minProtocolVersion, cipherSuites } = https.tls;
      const modern = ["TLSV1_2", "TLSV1_3"].includes(minProtocolVersion) && !cipherSuites;
      yield [`${name} TLS`, mode === "SIMPLE" && credentialName === gateway.tls?.secret && modern];
    }
  },
  *"a Gateway's hosts are for the routes of its own environment alone"({ of, environments, namespaces }) {
    for (const gateway of of("Gateway")) {
      const environment = environments.find(({ name }) => name === gateway.metadata?.name)?.name ?? "";
      const own = namespaces.filter(({ metadata }) => partOf(metadata) === environment);
      const allowed = [".", ...own.map(({ metadata }) => metadata?.name)];
      for (const host of gateway.spec.servers.flatMap((server: any) => server.hosts)) {
        const [namespace = "", name] = host.split("/");
        yield [`${id(gateway)} ${host}`, name !== undefined && allowed.includes(namespace)];
      }
    }
  },
  *"a rate limit is enforced on every request that comes to the pods it is stated for"({ of, versions }) {
    for (const {
      service,
      namespace,
      spec: { rateLimit },
    } of versions) {
      const found = of("EnvoyFilter", namespace).filter(({ metadata }) => metadata?.name === `${service}-rate-limit`);
      yield [`${namespace}/${service}`, found.length === (rateLimit ? 1 : 0)];
      if (!rateLimit) continue;
      const [{ match, patch } = {} as any] = found[0]?.spec.configPatches ?? [];
      const { token_bucket: bucket, filter_enabled: on, filter_enforced: enforced } = patch?.value.typed_config ?? {};
      const all = [on, enforced].every(
        (share) => share?.default_value.numerator === 100 && share.default_value.denominator === "HUNDRED",
      );
      yield [`${namespace}/${service} share`, all && match.context === "SIDECAR_INBOUND"];
      yield [
        `${namespace}/${service} bucket`,
        bucket?.tokens_per_fill === rateLimit.requests && bucket.max_tokens === (rateLimit.burst ?? rateLimit.requests),
      ];
    }
  },
  *"requests are traced and logged as the environment says"(view) {
    for (const { environment, namespace } of workloads(view)) {
      const { tracing, accessLogging } = view.one("Telemetry", "default", namespace).spec;
      const { sampling, tags = {} } = environment.mesh.tracing;
      const found = Object.fromEntries(
        Object.entries(tracing[0].customTags).map(([key, { literal }]: any) => [key, literal.value]),
      );
      yield [`${namespace} sampling`, tracing[0].randomSamplingPercentage === sampling];
      yield [
        `${namespace} tags`,
        isDeepStrictEqual(found, { environment: environment.name, cluster: environment.cluster, ...tags }),
      ];
      yield [`${namespace} logs`, accessLogging[0].disabled === !environment.mesh.accessLogs];
    }
  },
};
