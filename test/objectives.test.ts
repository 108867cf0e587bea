import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { browseUrl } from "../generators/monitoring/alert.ts";
import { burnRate, burnRates } from "../generators/monitoring/burn-rates.ts";
import { objectsOf, platformFolders, platformIn, repository, shippedFolder } from "./support.ts";

describe("burn rates", () => {
  test.each([
    ["30d", [14.4, 6, 3, 1]],
    ["28d", [13.44, 5.6, 2.8, 0.93]],
    ["7d", [3.36, 1.4, 0.7, 0.23]],
  ])("of a budget of %s", (window, rates) => {
    expect(burnRates.map((rate) => burnRate(rate, window))).toEqual(rates);
  });
});

test.each([
  ["https://github.com/acme/platform.git", "https://github.com/acme/platform/blob/main/README.md"],
  ["git@github.com:acme/platform.git", "https://github.com/acme/platform/blob/main/README.md"],
  ["ssh://git@git.example.com/acme/platform", "https://git.example.com/acme/platform/src/branch/main/README.md"],
  ["https://gitlab.com/acme/platform.git", "https://gitlab.com/acme/platform/-/blob/main/README.md"],
  [
    "https://dev.azure.com/acme/p/_git/platform",
    "https://dev.azure.com/acme/p/_git/platform?path=/README.md&version=GBmain",
  ],
])("%s is browsed at %s", (url, address) => {
  expect(browseUrl({ url, revision: "main" }, "README.md")).toBe(address);
});

describe("the shipped platform", () => {
  const objects = objectsOf(platformIn(shippedFolder)).map(({ object }) => object);
  const alerts = objects
    .filter(({ kind }) => kind === "PrometheusRule")
    .flatMap(({ spec }) => spec.groups.flatMap(({ rules }: any) => rules))
    .flatMap(({ alert }) => alert ?? []);

  test("has a runbook for every alert, and no other", () => {
    const text = readFileSync(join(repository, "generators/monitoring/runbooks.md"), "utf8");
    const headings = Array.from(text.matchAll(/^## (\w+)$/gm), ([, heading]) => heading);
    expect(headings.sort()).toEqual([...new Set(alerts)].sort());
    const links = Array.from(text.matchAll(/\]\(#(\w+)\)/g), ([, link]) => link);
    for (const link of links) expect(headings.map((heading) => heading?.toLowerCase())).toContain(link);
  });

  test("declares the weights, objectives and timeout of a service", () => {
    const rules = objects
      .filter(({ kind, metadata }) => kind === "PrometheusRule" && metadata?.namespace === "prod-backend")
      .flatMap(({ spec }) => spec.groups.flatMap(({ rules }: any) => rules))
      .map(({ record, expr, labels: { environment, service, ...labels } }) => [record, expr, ...Object.values(labels)]);
    expect(rules.map((rule) => rule.join(" "))).toEqual([
      "slipway_service_info vector(1) backend prod-backend",
      "slipway_workload_info vector(1) stable prod-backend backend-stable",
      "slipway_workload_info vector(1) canary prod-backend backend-canary",
      "slipway_objective_ratio vector(99.9) / 100 availability 30d",
      "slipway_objective_ratio vector(99) / 100 latency 30d 500",
      "slipway_latency_threshold_seconds vector(0.5)",
      "slipway_declared_weight vector(90) stable prod-backend backend-stable",
      "slipway_declared_weight vector(10) canary prod-backend backend-canary",
      "slipway_timeout_seconds vector(10)",
    ]);
  });
});

test("of a service that Flagger moves, all three Services and both Deployments are known, and no weight", () => {
  const rules = objectsOf(platformIn(platformFolders["three-tier"] ?? ""))
    .filter(({ object, folder }) => object.kind === "PrometheusRule" && folder.startsWith("envs/prod/"))
    .flatMap(({ object }) => object.spec.groups.flatMap(({ rules }: any) => rules))
    .filter(({ labels }) => labels.service === "backend");
  const values = (record: string, label: string) =>
    rules.filter((rule) => rule.record === record).map(({ labels }) => labels[label]);
  expect(values("slipway_service_info", "destination_service_name")).toEqual([
    "backend",
    "backend-primary",
    "backend-canary",
  ]);
  const [deployment] = values("slipway_workload_info", "workload");
  expect(values("slipway_workload_info", "workload")).toEqual([deployment, `${deployment}-primary`]);
  expect(values("slipway_objective_ratio", "window")).toEqual(["28d", "28d"]);
  expect(values("slipway_declared_weight", "workload")).toEqual([]);
});
