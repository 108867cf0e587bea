/** What the tour shows of a platform. It is carried out in test/commands/day.test.ts. */
import { describe, expect, test } from "vitest";
import { planTour } from "../scripts/lib/tour.ts";
import { parseTexts, platformFolders, platformIn } from "./support.ts";

/** `command args`, or what there is to say where nothing can be shown. */
const lines = (steps = planTour(platformIn(platformFolders["3rvision"] ?? ""))) =>
  steps?.map(({ what, command, args = [] }) => (command ? `${command} ${args.join(" ")}` : what));

const cluster = (name: string, environments: readonly string[]) => ({
  [`clusters/${name}.yaml`]: `name: ${name}
environments: [${environments.join(", ")}]
repository: { url: https://example.com/platform.git }
provider: { type: existing }
platform: { argocd: { version: v3.5.7 }, istio: { version: 1.30.4 } }
`,
});
const environment = (name: string, on: string, services: string, more = "") => ({
  [`envs/${name}.yaml`]: `name: ${name}\ncluster: ${on}\n${more}${services}`,
});
const version = (weight: number, tag = "1") =>
  `{ weight: ${weight}, release: { image: { repository: a/b, tag: "${tag}" }, ports: { http: { port: 80 } } } }`;
const service = (name: string, versions: string) => `services: { ${name}: { versions: { ${versions} } } }\n`;
const one = service("web", `v1: ${version(100)}`);
const two = service("web", `v1: ${version(50)}, v2: ${version(50, "2")}`);

function planOf(...texts: readonly Readonly<Record<string, string>>[]) {
  const { platform, faults } = parseTexts(Object.assign({}, ...texts));
  expect(faults).toEqual([]);
  return planTour(platform);
}

test("every step where there is a canary and a way to go", () => {
  expect(lines()).toEqual([
    "render --check",
    "weight frontend --env prod canary=50 --push",
    "release frontend --env dev --tag 6.15.0-next --push",
    "promote frontend --from dev --to staging --push",
    "promote frontend --from staging --to prod --as canary --weight 10 --push",
    "promote frontend --to prod --finish --as canary --push",
    "rollback frontend --env prod --release --push",
  ]);
});

test("Flagger: it has the weights, and a promotion is one of the primary", () => {
  expect(lines(planTour(platformIn(platformFolders["three-tier"] ?? "")))).toEqual([
    "render --check",
    expect.stringMatching(/^Weights: nothing to show\. Flagger moves the weights of frontend in prod/),
    expect.stringMatching(/^release frontend --env dev --tag .*-next --push$/),
    "promote frontend --from dev --to staging --push",
    "promote frontend --from staging --to prod --push",
    "rollback frontend --env prod --release --push",
  ]);
});

describe("a platform that has less", () => {
  test("one environment, without a gateway, and one version", () => {
    expect(lines(planOf(cluster("c", ["a"]), environment("a", "c", one)))).toEqual([
      "render --check",
      expect.stringMatching(/^Weights: nothing to show\. web has one version in a/),
      "release web --env a --tag 1-next --push",
      expect.stringMatching(/^Promotions: nothing to show\. web is in one environment/),
      "rollback web --env a --release --push",
    ]);
  });

  test("a canary of half the traffic already: the weight changes all the same", () => {
    const plan = planOf(cluster("c", ["a"]), environment("a", "c", two, "namespaces: { layout: shared }\n"));
    expect(lines(plan)).toContain("weight web --env a v2=100 --push");
  });

  test("three versions that leave the second nothing", () => {
    const full = service("web", `v1: ${version(0)}, v2: ${version(0)}, v3: ${version(100)}`);
    expect(lines(planOf(cluster("c", ["a"]), environment("a", "c", full)))?.[1]).toMatch(/^Weights: nothing to show/);
  });

  test("clusters of one environment each: a release goes from one to the other", () => {
    const plan = planOf(cluster("test", ["qa"]), cluster("live", ["prod"]), {
      ...environment("qa", "test", one),
      ...environment("prod", "live", two),
    });
    expect(lines(plan)).toContain("promote web --from qa --to prod --as v2 --weight 10 --push");
  });

  test("a service of both environments is shown, and not the first of one", () => {
    const both = `services: { api: { versions: { v1: ${version(100)} } }, web: { versions: { v1: ${version(100)} } } }\n`;
    const plan = planOf(cluster("c", ["a", "b"]), environment("a", "c", both), environment("b", "c", one));
    expect(lines(plan)).toContain("promote web --from a --to b --push");
  });

  test("no service: data stores alone, or nothing", () => {
    const store = `dataStores: { db: { image: { repository: a/b, tag: "1" }, port: 5432, user: 999, resources: { memory: 1Gi }, storage: { size: 1Gi, path: /d } } }\n`;
    expect(planOf(cluster("c", ["a"]), environment("a", "c", store))).toBeUndefined();
    expect(planOf(cluster("c", ["a"]), environment("a", "c", ""))).toBeUndefined();
  });
});
