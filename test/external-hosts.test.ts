/** Calls of what is outside of the mesh: where policies let them out to, and how proxies tell the hosts apart. */
import { describe, expect, test } from "vitest";
import { covers, formatCidr, parseCidr } from "../generators/model/cidr.ts";
import { readPlatform } from "../scripts/lib/render.ts";
import { filesOf, objectsOf } from "./support.ts";

interface Inputs {
  readonly provider?: string;
  readonly istio?: string;
  readonly network?: string;
  readonly calls?: string;
  /** Calls that stand beside the release. */
  readonly own?: string;
}

/** A platform whose one service makes these calls. @throws where it is refused */
function platform({ provider = "{ type: existing }", istio = "", network = "", calls = "", own = "" }: Inputs) {
  const texts = {
    "clusters/test.yaml": `name: test
environments: [dev]
repository: { url: https://example.com/platform.git }
provider: ${provider}
platform: { argocd: { version: v3.5.7 }, istio: { version: 1.30.4${istio} } }
${network}`,
    "envs/dev.yaml": `name: dev
cluster: test
services:
  app:
    versions:
      v1: { ${own && `calls: [${own}], `}release: { image: { repository: acme/app, tag: 1.0.0 }, ports: { http: { port: 80 } }${calls && `, calls: [${calls}]`} } }
`,
  };
  return readPlatform(new Map(Object.entries(texts)));
}

/** Gives the spec of an object of that platform. */
function render(inputs: Inputs) {
  const objects = objectsOf(platform(inputs)).map(({ object }) => object);
  return (kind: string, name: string) => objects.find((one) => one.kind === kind && one.metadata?.name === name)?.spec;
}

/** What a NetworkPolicy lets out besides names and istiod: `range: ports`, with what it leaves out of the range. */
function egress(inputs: Inputs): Record<string, { ports: number[]; except?: string[] }> {
  const rules = render(inputs)("NetworkPolicy", "app").egress as any[];
  const blocks = rules
    .filter(({ ports }) => ports.every(({ protocol }: any) => protocol === "TCP"))
    .flatMap(({ to, ports }) => to.map((peer: any) => ({ ...peer, ports })))
    .filter(({ ipBlock }) => ipBlock);
  return Object.fromEntries(
    blocks.map(({ ipBlock: { cidr, except }, ports }) => [
      cidr,
      { ports: ports.map(({ port }: any) => port), ...(except && { except }) },
    ]),
  );
}

describe("where a call goes", () => {
  const db = "db.corp.example.com";

  test("a public host: every address but private ones", () => {
    const { "0.0.0.0/0": open, ...others } = egress({ calls: `"${db}:5432", "api.example.com:443"` });
    expect(others).toEqual({});
    expect(open?.ports).toEqual([443, 5432]);
    expect(open?.except).toEqual(
      expect.arrayContaining(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "168.63.129.16/32"]),
    );
  });

  test("ranges that the call states: they and this port alone", () => {
    const calls = `{ host: ${db}, port: 5432, cidrs: [10.20.0.0/16, "fd12:3456:789a::/48"] }`;
    const open = { ports: [5432] };
    expect(egress({ calls })).toEqual({ "10.20.0.0/16": open, "fd12:3456:789a::/48": open });
  });

  test("ranges that the cluster states, for the host or for the longest end of its name: the release names none", () => {
    const hosts = `"*.example.com": [10.1.0.0/16], "*.corp.example.com": [10.2.0.0/16], ${db}: [10.3.0.7/32]`;
    const network = `network: { hosts: { ${hosts} } }\n`;
    const to = (host: string) => Object.keys(egress({ network, calls: `"${host}:5432"` }));
    expect(to(db)).toEqual(["10.3.0.7/32"]);
    expect(to("erp.corp.example.com")).toEqual(["10.2.0.0/16"]);
    expect(to("api.example.com")).toEqual(["10.1.0.0/16"]);
    expect(to("example.com")).toEqual(["0.0.0.0/0"]);
    expect(to("badcorp-example.com")).toEqual(["0.0.0.0/0"]);
  });

  test("the call wins over the cluster", () => {
    const network = `network: { hosts: { ${db}: [10.3.0.7/32] } }\n`;
    const calls = `{ host: ${db}, port: 5432, cidrs: [10.9.0.0/16] }`;
    expect(Object.keys(egress({ network, calls }))).toEqual(["10.9.0.0/16"]);
  });

  test("what an environment says of the release's host wins", () => {
    const own = `{ host: ${db}, port: 5432, cidrs: [10.9.0.0/16] }`;
    for (const calls of [`"${db}:5432"`, `{ host: ${db}, port: 5432, cidrs: [10.20.0.0/16] }`])
      expect(Object.keys(egress({ calls, own }))).toEqual(["10.9.0.0/16"]);
  });

  test("each host has its own ranges, and a port that is open for one is not for the other", () => {
    const calls = `{ host: ${db}, port: 5432, cidrs: [10.20.0.0/16] }, { host: mq.example.com, port: 5671, cidrs: [10.30.0.0/16] }`;
    expect(egress({ calls: `${calls}, "api.example.com:443"` })).toMatchObject({
      "10.20.0.0/16": { ports: [5432] },
      "10.30.0.0/16": { ports: [5671] },
      "0.0.0.0/0": { ports: [443] },
    });
  });

  test("a wide range opens neither the cluster nor a metadata service", () => {
    const calls = `{ host: ${db}, port: 443, cidrs: [10.0.0.0/8, 168.0.0.0/8, "fc00::/7"] }`;
    const kind = `{ type: kind, image: "kindest/node:v1@sha256:${"0".repeat(64)}" }`;
    const network = "network: { reserved: [10.50.0.0/16] }\n";
    expect(egress({ provider: kind, network, calls })).toEqual({
      "10.0.0.0/8": { ports: [443], except: ["10.50.0.0/16", "10.96.0.0/16", "10.244.0.0/16"] },
      "168.0.0.0/8": { ports: [443], except: ["168.63.129.16/32"] },
      "fc00::/7": { ports: [443], except: ["fd00:ec2::/32", "fd20:ce::/32"] },
    });
  });

  test("what the cluster reserves is no public address either", () => {
    const network = "network: { reserved: [203.0.113.0/24] }\n";
    expect(egress({ network, calls: '"api.example.com:443"' })["0.0.0.0/0"]?.except).toContain("203.0.113.0/24");
  });
});

describe("ranges", () => {
  test.each([
    ["10.20.30.40/12", "10.16.0.0/12"],
    ["10.0.0.1/32", "10.0.0.1/32"],
    ["FD00:0:0:1::5/64", "fd00:0:0:1::/64"],
    ["2001:DB8::ffff:1/112", "2001:db8::ffff:0/112"],
    ["::1/128", "::1/128"],
  ])("%s lies in %s", (text, canonical) => {
    const range = parseCidr(text);
    expect(range && formatCidr(range)).toBe(canonical);
  });

  test.each([
    "10.0.0.0",
    "10.0.0/8",
    "10.0.0.0/33",
    "01.0.0.0/8",
    "1:2/64",
    "::/129",
    "fe80::1%eth0/64",
    "a/8",
    "10.0.0.0/08",
  ])("%s is none", (text) => expect(parseCidr(text)).toBeUndefined());

  test("one covers another of its family alone", () => {
    const covered = (a: string, b: string) => covers(parseCidr(a) as never, parseCidr(b) as never);
    expect(covered("10.0.0.0/8", "10.255.0.0/16")).toBe(true);
    expect(covered("10.0.0.0/16", "10.0.0.0/8")).toBe(false);
    expect(covered("10.0.0.0/8", "11.0.0.0/16")).toBe(false);
    expect(covered("::/0", "10.0.0.0/8")).toBe(false);
  });
});

describe("how hosts are told apart", () => {
  const tcp = '"db-a.example.com:3306", "db-b.example.com:3306"';

  test("an Istio that is installed here captures DNS, which gives TCP hosts addresses of their own", () => {
    const values = filesOf(platform({ calls: tcp })).get("clusters/test/istiod/values.yaml");
    expect(values).toContain('ISTIO_META_DNS_CAPTURE: "true"');
    for (const host of ["db-a", "db-b"])
      expect(render({ calls: tcp })("ServiceEntry", `${host}-example-com`)).toMatchObject({
        resolution: "DNS",
        ports: [{ number: 3306, name: "tcp-3306", protocol: "TCP" }],
      });
  });

  test("two TCP hosts on one port are refused where the cluster's own Istio is not said to do so", () => {
    const istio = ", provided: true";
    expect(() => render({ istio, calls: tcp })).toThrow("shares port 3306 with db-a.example.com");
    expect(() => render({ istio: `${istio}, dnsCapture: true`, calls: tcp })).not.toThrow();
    expect(() => render({ istio: ", dnsCapture: false", calls: tcp })).toThrow("shares port 3306");
    expect(() => render({ istio, calls: '"db-a.example.com:3306", "db-b.example.com:3307"' })).not.toThrow();
  });

  test("the protocol that is stated, else the one that the port is known for", () => {
    const calls =
      '"a.example.com:80", "a.example.com:443", { host: a.example.com, port: 8443, protocol: tls }, { host: a.example.com, port: 9000, protocol: grpc }';
    expect(render({ calls })("ServiceEntry", "a-example-com").ports).toEqual([
      { number: 80, name: "http", protocol: "HTTP" },
      { number: 443, name: "tls", protocol: "TLS" },
      { number: 8443, name: "tls-8443", protocol: "TLS" },
      { number: 9000, name: "grpc-9000", protocol: "GRPC" },
    ]);
  });
});

describe("names are resolved", () => {
  /** Where the policy lets DNS out to, by port. */
  const dns = (inputs: Inputs) => {
    const rules = render(inputs)("NetworkPolicy", "app").egress as any[];
    return rules
      .filter(({ ports }) => ports.some(({ protocol }: any) => protocol === "UDP"))
      .map(({ to, ports }) => [
        ports.map(({ protocol, port }: any) => `${protocol} ${port}`).join(),
        ...to.map(({ ipBlock, namespaceSelector, podSelector }: any) =>
          ipBlock
            ? ipBlock.cidr
            : [...Object.values(namespaceSelector.matchLabels), ...Object.values(podSelector?.matchLabels ?? {})].join(
                "/",
              ),
        ),
      ]);
  };
  const usual = ["UDP 53,TCP 53", "kube-system/kube-dns", "kube-system/node-local-dns", "169.254.20.10/32"];

  test.each([
    ["{ type: existing }", ["10.96.0.10/32", "10.43.0.10/32", "34.118.224.10/32", "169.254.169.254/32"]],
    ["{ type: aks }", ["10.0.0.10/32", "169.254.10.11/32"]],
    [
      "{ type: eks, region: eu-central-1, kubernetes: '1.35', zones: [eu-central-1a, eu-central-1b], nodes: { instanceType: m6i.large, min: 2, max: 3 } }",
      ["10.100.0.10/32", "172.20.0.10/32"],
    ],
  ])("%s: by CoreDNS, by NodeLocal DNSCache, and by addresses that these clusters have", (provider, more) => {
    expect(dns({ provider })).toEqual([[...usual, ...more]]);
  });

  test("where the cluster's input says, with its port", () => {
    const network = "network: { dns: [{ namespace: openshift-dns, port: 5353 }, { cidr: 10.233.0.3/32 }] }\n";
    const [first, second] = dns({ network });
    expect(first).toContain("10.233.0.3/32");
    expect(second).toEqual(["UDP 5353,TCP 5353", "openshift-dns"]);
  });
});
