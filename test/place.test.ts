/** What stands beside a release stays in its environment, and wins over the release wherever the pods see it. */
import { describe, expect, test } from "vitest";
import { analyse } from "../generators/analysis/index.ts";
import { effectiveRelease } from "../generators/model/place.ts";
import type { Version } from "../generators/model/service.ts";
import { wantedSecrets } from "../scripts/lib/bootstrap/wanted-secrets.ts";
import { objectsOf, parseTexts } from "./support.ts";

const cluster = `name: test
environments: [dev]
repository: { url: https://example.com/platform.git }
provider: { type: existing }
platform: { argocd: { version: v3.5.7 }, istio: { version: 1.30.4, provided: true } }
`;

/** An environment `dev` whose service `shop` has one version with this place and this release; `pay` can be called. */
function platformWith(place: string, release: string) {
  const image = 'image: { repository: a/b, tag: "1.0" }, ports: { http: { port: 8080 } }';
  const { platform, faults } = parseTexts({
    "clusters/test.yaml": cluster,
    "envs/dev.yaml": `name: dev
cluster: test
services:
  shop: { versions: { v1: { ${place}${place && ", "}release: { ${image}${release && ", "}${release} } } } }
  pay: { versions: { v1: { release: { ${image} } } } }
`,
  });
  expect(faults).toEqual([]);
  return platform;
}

/** The container of `shop`, its ConfigMap, and all objects by kind and name. */
function render(place: string, release: string) {
  const objects = objectsOf(platformWith(place, release)).map(({ object }) => object);
  const find = (kind: string, name: string) =>
    objects.find((object) => object.kind === kind && object.metadata?.name === name);
  const template = find("Deployment", "shop-v1")?.spec.template;
  return { find, template, container: template.spec.containers[0], config: find("ConfigMap", "shop-v1")?.data };
}

describe("what wins", () => {
  test.for([
    ["nothing beside the release", "", "env: { A: r }, config: { B: r }", { A: "r" }, { B: "r" }],
    ["env over env", "env: { A: p }", "env: { A: r, C: r }", { A: "p", C: "r" }, undefined],
    ["config over config", "config: { A: p }", "config: { A: r, C: r }", {}, { A: "p", C: "r" }],
    [
      "config over env, which would hide it in the pod",
      "config: { A: p }",
      "env: { A: r, C: r }",
      { C: "r" },
      { A: "p" },
    ],
    ["env over config", "env: { A: p }", "config: { A: r }", { A: "p" }, { A: "r" }],
    ["the place alone", "env: { A: p }, config: { B: p }", "", { A: "p" }, { B: "p" }],
  ] as const)("%s", ([, place, release, env, config]) => {
    const { container, config: data } = render(place, release);
    expect(Object.fromEntries((container.env ?? []).map((one: any) => [one.name, one.value]))).toEqual(env);
    expect(data).toEqual(config);
  });

  test("names that every object has are names like others", () => {
    const version = {
      config: { constructor: "p" },
      release: { env: { toString: "r" } },
    } as unknown as Version;
    expect(effectiveRelease(version)).toMatchObject({ env: { toString: "r" }, config: { constructor: "p" } });
  });

  test("Secrets beside the release come after its own, each once", () => {
    const { container } = render("secrets: [b, c]", "secrets: [b, a]");
    expect(container.envFrom).toEqual(["a", "b", "c"].map((name) => ({ secretRef: { name } })));
  });

  test("a change beside the release rolls the pods", () => {
    const checksum = (place: string) =>
      render(place, "config: { A: r }").template.metadata.annotations["slipway.dev/config-checksum"];
    expect(checksum("config: { A: p }")).not.toBe(checksum(""));
    expect(checksum("config: { A: r }")).toBe(checksum(""));
  });

  test("a variable stands below those that it refers to, whichever of the two states them", () => {
    const names = (place: string, release: string) => render(place, release).container.env.map((one: any) => one.name);
    expect(names("env: { HOST: h }", "env: { URL: http://$(HOST), X: x }")).toEqual(["HOST", "URL", "X"]);
    expect(names("env: { ALL: $(BASE) -v }", "env: { BASE: b }")).toEqual(["BASE", "ALL"]);
    expect(names("env: { A: $(B), B: $(A) }", "")).toHaveLength(2);
  });
});

describe("what follows from it", () => {
  test("a call beside the release gets addresses and policies like any other", () => {
    const { find, container } = render('calls: [pay, "api.example.com:443"]', "env: { A: r }");
    expect(container.env).toContainEqual({ name: "PAY_HOST", value: "pay.dev-pay.svc.cluster.local" });
    expect(find("ServiceEntry", "api-example-com")).toBeDefined();
    const ports = find("NetworkPolicy", "shop")?.spec.egress.flatMap((rule: any) =>
      rule.ports.map((one: any) => one.port),
    );
    expect(ports).toEqual(expect.arrayContaining([8080, 443]));
    expect(find("AuthorizationPolicy", "pay")?.spec.rules).not.toEqual([]);
  });

  test("bootstrap wants the Secrets that stand beside a release", () => {
    const platform = platformWith("secrets: [own]", "secrets: [moving]");
    const [one] = platform.clusters;
    const wanted = one ? wantedSecrets({ cluster: one.value, platform }) : [];
    expect(wanted.map(({ name }) => name)).toEqual(expect.arrayContaining(["moving", "own"]));
  });

  test.for([
    ["calls: [payy]", "services.shop.versions.v1.calls.0"],
    ["calls: [shop]", "services.shop.versions.v1.calls.0"],
    ["config: { DB_PASSWORD: hunter2 }", "services.shop.versions.v1.config.DB_PASSWORD"],
    ['env: { DB: "postgres://u:hunter2@db/x" }', "services.shop.versions.v1.env.DB"],
  ] as const)("%s is refused where it stands", ([place, path]) => {
    expect(analyse(platformWith(place, "")).map((fault) => fault.path.join("."))).toEqual([path]);
  });
});
