/**
 * Draws a dashboard from its definition, with what a Prometheus answers to its queries; Grafana itself is not needed.
 *
 *     node test/monitoring/picture.ts versions .github/images/dashboard.png
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { $ } from "zx/core";
import { dashboards } from "../../generators/monitoring/dashboards/index.ts";
import { platformIn, shippedFolder } from "../support.ts";
import { type Prometheus, prometheusWith, type Sample } from "./prometheus.ts";
import { ruleFiles } from "./rules.ts";
import { measured } from "./series.ts";

const [name = "versions", file = ".github/images/dashboard.png"] = parseArgs({ allowPositionals: true }).positionals;
const map = dashboards({ namespace: "monitoring", runbooks: "", flagger: true }).find(
  ({ metadata }) => metadata?.name === `dashboard-${name}`,
);
if (!map) throw new Error(`no dashboard ${name}`);
const json = JSON.parse(Object.values(map.data ?? {})[0] ?? "");

const width = 1320;
const column = width / 24;
const line = 34;
const palette = ["#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1"];
const colours: Readonly<Record<string, string>> = {
  green: "#73bf69",
  orange: "#ff9830",
  red: "#f2495c",
  text: "#d8d9da",
};

/** Traffic goes up and down: the series of each pod at a pace of its own. */
const alive = Object.fromEntries(
  Object.entries(measured).map(([series, value]) => {
    const { length } = /(?:workload|pod)="([\w-]+-(?:stable|canary))/.exec(series)?.[1] ?? "";
    return [series, (step: number) => value(Math.max(0, step + 3 * Math.sin(step / 12 + length)))];
  }),
);

function format(value: number, unit: string): string {
  const digits = (number: number) => String(Number(number.toPrecision(3)));
  if (unit === "percentunit") return `${digits(value * 100)} %`;
  if (unit === "percent") return `${digits(value)} %`;
  if (unit === "reqps") return `${digits(value)} req/s`;
  if (unit === "s") return value < 1 ? `${digits(value * 1000)} ms` : `${digits(value)} s`;
  return digits(value);
}

function colour(value: number, steps: any[] = []): string {
  return colours[steps.findLast((step) => step.value === null || value >= step.value)?.color] ?? "#d8d9da";
}

const html = (text: string) => text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);

function filled(expr: string): string {
  return expr
    .replaceAll("$__rate_interval", "5m")
    .replaceAll('=~"$environment"', '=~".*"')
    .replaceAll('=~"$service"', '=~".*"')
    .replaceAll("$environment", "prod")
    .replaceAll("$service", "backend");
}

function legend(template: string | undefined, { metric }: Sample): string {
  return (template ?? "").replace(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? "");
}

async function body(panel: any, prometheus: Prometheus): Promise<string> {
  const { defaults, overrides } = panel.fieldConfig;
  if (panel.type === "stat") {
    const [sample] = await prometheus.instant(filled(panel.targets[0].expr));
    if (!sample) return `<div class="stat">${defaults.noValue}</div>`;
    return `<div class="stat" style="color:${colour(sample.value, defaults.thresholds.steps)}">${format(sample.value, defaults.unit)}</div>`;
  }
  if (panel.type === "table") return tableOf(panel, overrides, prometheus);
  return curvesOf(panel, prometheus);
}

async function tableOf(panel: any, overrides: any[], prometheus: Prometheus): Promise<string> {
  const { indexByName, renameByName } = panel.transformations.find(({ id }: any) => id === "organize").options;
  const labels = Object.keys(indexByName).filter((label) => !label.startsWith("Value"));
  const titles = Object.values(renameByName) as string[];
  const rows = new Map<string, (string | undefined)[]>();
  for (const [index, { expr }] of panel.targets.entries()) {
    const properties = overrides.find(({ matcher }) => matcher.options === titles[index])?.properties ?? [];
    const property = (id: string) => properties.find((one: any) => one.id === id)?.value;
    for (const { metric, value } of await prometheus.instant(filled(expr))) {
      const key = labels.map((label) => metric[label]).join("\t");
      const cells = rows.get(key) ?? [];
      cells[index] =
        `<td style="color:${colour(value, property("thresholds")?.steps)}">${format(value, property("unit"))}</td>`;
      rows.set(key, cells);
    }
  }
  const head = [...labels, ...titles].map((title) => `<th>${title}</th>`).join("");
  const lines = [...rows].sort().map(([key, cells]) => {
    const own = key.split("\t").map((text) => `<td>${html(text)}</td>`);
    return `<tr>${own.join("")}${titles.map((_, index) => cells[index] ?? "<td></td>").join("")}</tr>`;
  });
  return `<table><tr>${head}</tr>${lines.join("")}</table>`;
}

async function curvesOf(panel: any, prometheus: Prometheus): Promise<string> {
  const { w, h } = panel.gridPos;
  const size = { x: w * column - 90, y: h * line - 112 };
  const { unit, max } = panel.fieldConfig.defaults;
  const dashed = panel.fieldConfig.overrides.map(({ matcher }: any) => matcher.options);
  const curves: { text: string; dash: boolean; sample: Sample }[] = [];
  for (const { expr, legendFormat, refId } of panel.targets)
    for (const sample of await prometheus.range(filled(expr)))
      curves.push({ text: legend(legendFormat, sample), dash: dashed.includes(refId), sample });
  const top = max ?? 1.15 * Math.max(...curves.flatMap(({ sample }) => sample.values.map(([, value]) => value)));
  const first = curves[0]?.sample.values[0]?.[0] ?? 0;
  const drawn = curves.slice(0, 8).map(({ text, dash, sample }, index) => {
    const points = sample.values.map(
      ([at, value]) => `${((at - first) / 1800) * size.x},${(1 - value / top) * size.y}`,
    );
    const stroke = palette[index % palette.length];
    return {
      path: `<polyline points="${points.join(" ")}" fill="none" stroke="${stroke}" stroke-width="1.6"${dash ? ' stroke-dasharray="6 6"' : ""}/>`,
      entry: `<span><b style="background:${stroke}"></b>${html(text)} <i>${format(sample.value, unit)}</i></span>`,
    };
  });
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (part) =>
      `<line x1="0" x2="${size.x}" y1="${part * size.y}" y2="${part * size.y}" stroke="#2c3235"/><text x="-6" y="${part * size.y + 4}" text-anchor="end">${format((1 - part) * top, unit)}</text>`,
  );
  const svg = `<svg width="${size.x + 80}" height="${size.y + 16}"><g transform="translate(70,8)">${grid.join("")}${drawn.map(({ path }) => path).join("")}</g></svg>`;
  return `${svg}<div class="legend">${drawn.map(({ entry }) => entry).join("")}</div>`;
}

const style = `body{margin:0;background:#111217;color:#d8d9da;font:13px Inter,"DejaVu Sans",sans-serif;width:${width + 16}px}
h1{font-size:17px;font-weight:500;margin:12px 10px;height:22px}main{position:relative}
section,h2{position:absolute;box-sizing:border-box}section{background:#181b1f;border:1px solid #2c3235;border-radius:3px;overflow:hidden}
h2{font-size:14px;font-weight:500;margin:0;padding:8px}h3{font-size:13px;font-weight:500;margin:7px 9px}
.stat{font-size:34px;text-align:center;padding-top:8px}table{width:100%;border-collapse:collapse}th{color:#6e9fff;font-weight:500}
td,th{font-size:13px;text-align:left;padding:4px 9px;border-bottom:1px solid #2c3235}.legend{padding:0 12px;font-size:12px;max-height:34px;overflow:hidden}
.legend span{margin-right:14px;white-space:nowrap}.legend b{display:inline-block;width:12px;height:3px;margin:0 6px 3px 0}i{font-style:normal;color:#9fa7b3}
text{fill:#9fa7b3;font-size:11px}`;

const folder = mkdtempSync(join(tmpdir(), "slipway-picture-"));
try {
  const prometheus = await prometheusWith(folder, alive, ruleFiles(platformIn(shippedFolder)));
  try {
    const parts: string[] = [];
    for (const panel of json.panels) {
      const { x, y, w, h } = panel.gridPos;
      const place = `left:${x * column + 8}px;top:${y * line}px;width:${w * column - 8}px;height:${h * line - 8}px`;
      parts.push(
        panel.type === "row"
          ? `<h2 style="${place}">${panel.title}</h2>`
          : `<section style="${place}"><h3>${panel.title}</h3>${await body(panel, prometheus)}</section>`,
      );
    }
    const height = 54 + line * Math.max(...json.panels.map(({ gridPos }: any) => gridPos.y + gridPos.h));
    const page = join(folder, "page.html");
    writeFileSync(page, `<style>${style}</style><h1>slipway / ${json.title}</h1><main>${parts.join("")}</main>`);
    mkdirSync(dirname(file), { recursive: true });
    await $({
      quiet: true,
      timeout: "60s",
    })`chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir=${join(folder, "profile")} --window-size=${width + 16},${height} --screenshot=${join(process.cwd(), file)} ${`file://${page}`}`;
  } finally {
    await prometheus.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
