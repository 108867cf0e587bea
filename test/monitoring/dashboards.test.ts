/** Every query of every dashboard gets an answer from a real Prometheus, and every panel can be read. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as units from "@grafana/grafana-foundation-sdk/units";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dashboards } from "../../generators/monitoring/dashboards/index.ts";
import { objectsOf, platformIn, shippedFolder } from "../support.ts";
import { type Prometheus, prometheusWith } from "./prometheus.ts";
import { ruleFiles } from "./rules.ts";
import { measured } from "./series.ts";

const platform = platformIn(shippedFolder);
const all = dashboards({ namespace: "monitoring", runbooks: "https://git.example.com/runbooks.md", flagger: true }).map(
  (map) => {
    const [[file, text] = ["", ""]] = Object.entries(map.data ?? {});
    return { file, text, map, json: JSON.parse(text) };
  },
);
const panelsOf = (json: any): any[] => json.panels.filter(({ type }: any) => type !== "row");

/** A query as Grafana would send it, with the variables filled in. */
function filled(expr: string): string {
  return expr.replaceAll("$__rate_interval", "5m").replaceAll("$environment", "prod").replaceAll("$service", "backend");
}

describe("queries", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-prometheus-"));
  let prometheus: Prometheus;
  beforeAll(async () => {
    prometheus = await prometheusWith(folder, measured, ruleFiles(platform));
  }, 180_000);
  afterAll(async () => {
    await prometheus?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const panels = all.flatMap(({ json }) => panelsOf(json).map((panel) => ({ dashboard: json.title, ...panel })));
  test.for(panels)("$dashboard: $title", async ({ targets, transformations }) => {
    expect(targets.length).toBeGreaterThan(0);
    for (const { expr, legendFormat = "", instant } of targets) {
      const result = await (instant ? prometheus.instant : prometheus.range)(filled(expr));
      expect(result, expr).not.toEqual([]);
      expect(
        result.every(({ values }) => values.some(([, value]) => Number.isFinite(value))),
        expr,
      ).toBe(true);
      const labels = Array.from(legendFormat.matchAll(/\{\{(\w+)\}\}/g), ([, label]: string[]) => label);
      for (const { metric } of result) expect(Object.keys(metric), expr).toEqual(expect.arrayContaining(labels));
      // Curves of one panel can be told from each other.
      const names = result.map(({ metric }) => labels.map((label) => metric[label ?? ""]).join(" "));
      if (!instant) expect(names, `${legendFormat} of ${expr}`).toEqual([...new Set(names)]);
      // Columns of a table are joined by their labels.
      const order = transformations?.find(({ id }: any) => id === "organize")?.options.indexByName;
      const columns = Object.keys(order ?? {}).filter((name) => !name.startsWith("Value"));
      if (order) for (const { metric } of result) expect(Object.keys(metric).sort(), expr).toEqual(columns.sort());
    }
  });

  test.each([
    ["environment", ["dev", "prod", "staging"]],
    ["service", ["backend", "frontend", "ml"]],
  ])("the variable %s offers what there is", async (name, values) => {
    for (const { json } of all) {
      const variable = json.templating.list.find((one: any) => one.name === name);
      const [, selector = "", label = ""] = /^label_values\((.+), (\w+)\)$/.exec(variable.query) ?? [];
      expect(await prometheus.labelValues(label, filled(selector))).toEqual(values);
    }
  });

  test("what is shown is what was measured", async () => {
    const value = async (metric: string) =>
      (await prometheus.instant(`${metric}{environment="prod",service="backend"}`))[0]?.value;
    expect(await value("slipway:service_requests:rate5m")).toBeCloseTo(100, 3);
    expect(await value("slipway:service_failures:rate5m")).toBeCloseTo(0.05, 3);
    // 0.05 % of failures is half of what 99.9 % leaves.
    const budget = await prometheus.instant(
      'slipway:error_budget_remaining:ratio{environment="prod",service="backend",sli="availability"}',
    );
    expect(budget[0]?.value).toBeCloseTo(0.5, 2);
  });
});

describe.each(all)("$json.title", ({ file, text, map, json }) => {
  test("is a file that Grafana's sidecar loads", () => {
    expect(map.metadata).toMatchObject({
      labels: { grafana_dashboard: "1" },
      annotations: { grafana_folder: "slipway" },
    });
    expect(file).toMatch(/^slipway-\w+\.json$/);
    expect(text.length).toBeLessThan(2 ** 20);
    expect(text).not.toMatch(/\$\{DS_|__inputs/);
  });

  test("has panels that lie side by side and can be told apart", () => {
    const ids = json.panels.map(({ id }: any) => id);
    expect(ids).toEqual([...new Set(ids)]);
    const taken = new Set<string>();
    for (const { title, gridPos } of json.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`), `${title} covers another panel`).toBe(false);
          taken.add(`${x},${y}`);
        }
    }
    // No gaps: each row of the grid is full.
    for (const { gridPos } of json.panels)
      for (let x = 0; x < 24; x++) expect(taken.has(`${x},${gridPos.y}`), `row ${gridPos.y}, column ${x}`).toBe(true);
  });

  test("has a unit, thresholds and the chosen source everywhere", () => {
    const known = Object.values(units) as string[];
    for (const panel of panelsOf(json)) {
      expect(panel.datasource, panel.title).toEqual({ type: "prometheus", uid: "$datasource" });
      expect(known, panel.title).toContain(panel.fieldConfig.defaults.unit);
      expect(panel.fieldConfig.defaults.thresholds.steps[0], panel.title).toMatchObject({ value: null });
      const refIds = panel.targets.map(({ refId }: any) => refId);
      expect(refIds, panel.title).toEqual([...new Set(refIds)]);
      for (const { properties } of panel.fieldConfig.overrides)
        for (const { id, value } of properties) if (id === "unit") expect(known, panel.title).toContain(value);
    }
  });

  test("leads to dashboards that are there", () => {
    const uids = all.map((one) => one.json.uid);
    for (const [, uid] of text.matchAll(/"\/d\/([\w-]+)/g)) expect(uids).toContain(uid);
    expect(json.links.map(({ title }: any) => title)).toEqual(["slipway", "Runbooks"]);
  });
});

test("uids are unique, and the rendered ConfigMaps are these dashboards", () => {
  const uids = all.map(({ json }) => json.uid);
  expect(uids).toEqual([...new Set(uids)]);
  const rendered = objectsOf(platform).filter(({ object }) => object.metadata?.name?.startsWith("dashboard-"));
  expect(rendered.map(({ object }) => object.metadata?.name).sort()).toEqual([
    "dashboard-canaries",
    "dashboard-objectives",
    "dashboard-overview",
    "dashboard-service",
    "dashboard-versions",
  ]);
});
