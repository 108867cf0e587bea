/** Cases of single generators that the four platforms do not show. */

import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { expect, test } from "vitest";
import { environmentProject } from "../generators/argo/app-project.ts";
import { destinationRefusal, type ProjectSpec } from "../generators/argo/permission.ts";
import { objectsOf, parseTexts } from "./support.ts";

const cluster = `name: test
environments: [dev]
repository: { url: https://example.com/platform.git }
provider: { type: existing }
platform: { argocd: { version: v3.5.7 }, istio: { version: 1.30.4, provided: true } }
`;

/** Objects of an environment `dev` with these services, by kind and name. */
function render(services: string, rest = "") {
  const { platform, faults } = parseTexts({
    "clusters/test.yaml": cluster,
    "envs/dev.yaml": `name: dev\ncluster: test\ngateway: { hosts: [a.example.com, b.example.com] }\n${rest}services:\n${services}`,
  });
  expect(faults).toEqual([]);
  const objects = objectsOf(platform).map(({ object }) => object);
  return (kind: string, name: string) =>
    objects.find((object) => object.kind === kind && object.metadata?.name === name);
}

const release = (ports: string, more = "") =>
  `release: { image: { repository: a/b, tag: "1" }, ports: { ${ports} }${more} }`;

test("a single version needs no weight; a version without weight gets no route", () => {
  const one = render(`  a: { versions: { v1: { ${release("http: { port: 80 }")} } } }\n`);
  expect(one("VirtualService", "a")?.spec.http[0].route).toEqual([
    { destination: { host: "a.dev-a.svc.cluster.local", subset: "v1", port: { number: 80 } } },
  ]);
  const two = render(
    `  a: { versions: { v1: { weight: 100, ${release("http: { port: 80 }")} }, v2: { ${release("http: { port: 80 }")} } } }\n`,
  );
  expect(two("VirtualService", "a")?.spec.http[0].route).toHaveLength(1);
  expect(two("DestinationRule", "a")?.spec.subsets.map(({ name }: { name: string }) => name)).toEqual(["v1", "v2"]);
});

test("three versions: the primary comes first", () => {
  const version = (name: string, weight: number) => `${name}: { weight: ${weight}, ${release("http: { port: 80 }")} }`;
  const object = render(
    `  a: { primary: v3, versions: { ${version("v1", 5)}, ${version("v2", 15)}, ${version("v3", 80)} } }\n`,
  );
  const route = object("VirtualService", "a")?.spec.http[0].route;
  expect(route.map((to: any) => [to.destination.subset, to.weight])).toEqual([
    ["v3", 80],
    ["v1", 5],
    ["v2", 15],
  ]);
});

test("ports of several protocols: one route each, told apart by the port", () => {
  const ports =
    "http: { port: 8080, servicePort: 80 }, grpc: { port: 9000, protocol: grpc }, raw: { port: 7000, protocol: tcp }";
  const object = render(`  a: { versions: { v1: { ${release(ports)} } } }\n`);
  const spec = object("VirtualService", "a")?.spec;
  expect(spec.http.map((route: any) => route.match)).toEqual([[{ port: 80 }], [{ port: 9000 }]]);
  expect(spec.tcp.map((route: any) => route.match)).toEqual([[{ port: 7000 }]]);
  expect(object("Service", "a")?.spec.ports).toEqual([
    { name: "http", port: 80, targetPort: "http", appProtocol: "http" },
    { name: "grpc", port: 9000, targetPort: "grpc", appProtocol: "grpc" },
    { name: "raw", port: 7000, targetPort: "raw", appProtocol: "tcp" },
  ]);
});

test("a call of one port allows that port alone, in both layers, and gives its address", () => {
  const ports = "http: { port: 8080 }, grpc: { port: 9000, protocol: grpc }";
  const object = render(
    `  web: { versions: { v1: { ${release("http: { port: 80 }", ', calls: ["my-api:grpc"]')} } } }\n  my-api: { versions: { v1: { ${release(ports)} } } }\n`,
  );
  expect(object("AuthorizationPolicy", "my-api")?.spec.rules).toEqual([
    {
      from: [{ source: { principals: ["cluster.local/ns/dev-web/sa/web"] } }],
      to: [{ operation: { ports: ["9000"] } }],
    },
  ]);
  expect(object("NetworkPolicy", "my-api")?.spec.ingress[0].ports).toEqual([{ protocol: "TCP", port: 9000 }]);
  expect(object("Deployment", "web-v1")?.spec.template.spec.containers[0].env).toEqual([
    { name: "MY_API_HOST", value: "my-api.dev-my-api.svc.cluster.local" },
    { name: "MY_API_PORT", value: "9000" },
    { name: "MY_API_URL", value: "http://my-api.dev-my-api.svc.cluster.local:9000" },
  ]);
});

test("nobody calls it: no rule, so everything is denied", () => {
  const object = render(`  a: { versions: { v1: { ${release("http: { port: 80 }")} } } }\n`);
  expect(object("AuthorizationPolicy", "a")?.spec).toMatchObject({ action: "ALLOW", rules: [] });
});

test("at the gateway the longest prefix comes first, and /api is not /apiary", () => {
  const exposed = (name: string, paths: string, hosts = "") =>
    `  ${name}: { expose: { paths: ${paths}${hosts} }, versions: { v1: { ${release("http: { port: 80 }")} } } }\n`;
  const object = render(
    exposed("web", "[/]") + exposed("api", "[/api, /api/v2/]") + exposed("only", "[/x]", ", hosts: [b.example.com]"),
  );
  const matches = (name: string) =>
    object("VirtualService", name)?.spec.http.map(({ match = [] }: any) =>
      match.map(({ uri }: any) => uri.exact ?? `${uri.prefix}*`),
    );
  expect(matches("a-example-com")).toEqual([["/api/v2", "/api/v2/*"], ["/api", "/api/*"], []]);
  expect(matches("b-example-com")).toEqual([["/api/v2", "/api/v2/*"], ["/api", "/api/*"], ["/x", "/x/*"], []]);
});

test("configuration rolls the pods, and its order does not", () => {
  const checksum = (config: string) =>
    render(`  a: { versions: { v1: { ${release("http: { port: 80 }", `, config: { ${config} }`)} } } }\n`)(
      "Deployment",
      "a-v1",
    )?.spec.template.metadata.annotations;
  expect(checksum("A: x, B: y")).toEqual(checksum("B: y, A: x"));
  expect(checksum("A: x, B: y")).not.toEqual(checksum("A: x, B: z"));
});

test("the digest decides what runs, the tag stays readable", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const object = render(
    `  a: { versions: { v1: { release: { image: { repository: a/b, tag: "1", digest: "${digest}" }, ports: { http: { port: 80 } } } } } }\n`,
  );
  expect(object("Deployment", "a-v1")?.spec.template.spec.containers[0].image).toBe(`a/b:1@${digest}`);
});

test("a misspelt field does not compile", () => {
  // @ts-expect-error replica is no field of a Deployment; tsc fails where it is taken for one.
  new Deployment({ spec: { replica: 1, selector: {}, template: {} } });
});

test("a Flagger service below a path: the path counts at the gateway, and not in the mesh", () => {
  const object = render(
    `  a: { expose: { paths: [/a, /b/] }, rollout: { strategy: flagger, gate: promotion, interval: 30s, latency: 2s }, versions: { v1: { autoscaling: { min: 1, max: 2 }, ${release("http: { port: 80 }")} } } }\n` +
      `  b: { expose: {}, versions: { v1: { ${release("http: { port: 80 }, a: { port: 81 }", ", calls: [a]")} } } }\n`,
  );
  const { service, analysis } = object("Canary", "a")?.spec ?? {};
  const at = { gateways: ["dev-gateway/dev"] };
  expect(service).toMatchObject({ gateways: ["dev-gateway/dev", "mesh"], hosts: ["a.example.com", "b.example.com"] });
  expect(service.match).toEqual([
    { gateways: ["mesh"] },
    { ...at, uri: { exact: "/a" } },
    { ...at, uri: { prefix: "/a/" } },
    { ...at, uri: { exact: "/b" } },
    { ...at, uri: { prefix: "/b/" } },
  ]);
  expect(object("VirtualService", "a-example-com")?.spec.http).toHaveLength(1);
  expect(analysis.metrics.map(({ interval, thresholdRange }: any) => [interval, thresholdRange])).toEqual([
    ["1m", { min: 99 }],
    ["1m", { max: 2000 }],
  ]);
  expect(analysis.webhooks.map(({ type, url }: any) => [type, new URL(url).pathname])).toEqual([
    ["confirm-promotion", "/gate/check"],
    ["pre-rollout", "/"],
    ["rollout", "/"],
    ["rollback", "/rollback/check"],
    ["post-rollout", "/gate/close"],
    ["post-rollout", "/rollback/close"],
  ]);
});

test("an environment's project ends where another's namespaces begin", () => {
  const project = environmentProject({ name: "dev", delivery: { sync: "automated" } as never }, "https://git", {
    own: "dev-*",
    others: ["dev-eu-*"],
  });
  const allowed = (namespace: string) => destinationRefusal(project.spec as ProjectSpec, namespace) === undefined;
  expect(["dev-web", "dev-e", "dev-"].filter(allowed)).toEqual(["dev-web", "dev-e", "dev-"]);
  // To Argo CD an exception that does not apply is a permission.
  expect(["dev-eu-web", "dev", "devx-web", "kube-system", "argocd", "prod-web"].filter(allowed)).toEqual([]);
  expect(project.spec?.clusterResourceWhitelist).toEqual([{ group: "", kind: "Namespace", name: "dev-*" }]);
  expect(project.spec?.clusterResourceBlacklist).toEqual([{ group: "", kind: "Namespace", name: "dev-eu-*" }]);
});

test.for([
  ["a port that anybody may bind", "http: { port: 1024 }", "", undefined, undefined],
  ["a low port", "http: { port: 8080 }, dns: { port: 53, protocol: tcp }", "", ["NET_BIND_SERVICE"], "53"],
  [
    "a binary with a file capability",
    "http: { port: 8080 }",
    ", capabilities: [NET_BIND_SERVICE]",
    ["NET_BIND_SERVICE"],
    undefined,
  ],
] as const)("capabilities and ports: %s", ([, ports, more, add, lowest]) => {
  const pod = render(`  a: { versions: { v1: { ${release(ports, more)} } } }\n`)("Deployment", "a-v1")?.spec.template
    .spec;
  const { securityContext, containers } = pod ?? {};
  expect(containers[0].securityContext.capabilities).toEqual({ drop: ["ALL"], ...(add && { add }) });
  expect(containers[0].securityContext.allowPrivilegeEscalation).toBe(false);
  const sysctls = lowest && [{ name: "net.ipv4.ip_unprivileged_port_start", value: lowest }];
  expect(securityContext.sysctls).toEqual(sysctls);
});

test("a data store may bind a low port too", () => {
  const store =
    'ldap: { image: { repository: a/b, tag: "1.0" }, port: 389, user: 999, storage: { size: 1Gi, path: /data }, resources: { memory: 1Gi } }';
  const pod = render(`  a: { versions: { v1: { ${release("http: { port: 80 }")} } } }\n`, `dataStores: { ${store} }\n`)(
    "StatefulSet",
    "ldap",
  )?.spec.template.spec;
  expect(pod.containers[0].securityContext.capabilities.add).toEqual(["NET_BIND_SERVICE"]);
  expect(pod.securityContext.sysctls).toEqual([{ name: "net.ipv4.ip_unprivileged_port_start", value: "389" }]);
});
