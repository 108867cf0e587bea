/** Every alert fires when it should and is silent when it should: promtool evaluates the rendered rules over time. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { $ } from "zx/core";
import type { Platform } from "../../generators/model/platform.ts";
import { platformFolders, platformIn, shippedFolder, temporaryFolder } from "../support.ts";
import { type Case, cases, quiet } from "./cases.ts";
import { alertsOf, type Rule, type RuleFile, ruleFiles } from "./rules.ts";

const shipped = platformIn(shippedFolder);
/** The shipped platform with a service without objectives. */
const platform: Platform = {
  ...shipped,
  environments: shipped.environments.map(({ file, value }) => {
    const { ml, ...services } = value.services;
    if (value.name !== "dev" || !ml) return { file, value };
    return { file, value: { ...value, services: { ...services, ml: { ...ml, slo: undefined } } } };
  }),
};
const files = ruleFiles(platform);
const alerts = alertsOf(files);
const names = [...new Set(alerts.map(({ alert = "" }) => alert))];

/** Runs `promtool test rules` on one case; its output is empty where everything is as expected. */
async function promtool(
  alerts: readonly string[],
  { at, interval = "30s", series, fires = [] }: Case,
): Promise<string> {
  const folder = temporaryFolder();
  const needed = groupsThat(alerts);
  // JSON is YAML.
  for (const { name, groups } of needed) writeFileSync(join(folder, name), JSON.stringify({ groups }));
  const tests = {
    rule_files: needed.map(({ name }) => name),
    evaluation_interval: interval,
    group_eval_order: orderOf(needed),
    tests: [
      {
        interval: "30s",
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: alerts.map((alertname) => ({
          eval_time: at,
          alertname,
          exp_alerts: fires.map((one) => expected(alertname, one)),
        })),
      },
    ],
  };
  writeFileSync(join(folder, "test.yaml"), JSON.stringify(tests));
  const { exitCode, stdout, stderr } = await $({
    cwd: folder,
    nothrow: true,
    quiet: true,
  })`promtool test rules test.yaml`;
  return exitCode === 0 ? "" : `${stdout}${stderr}`;
}

/** The rule files with only those groups that the alerts read, directly or not: sums over weeks take their time. */
function groupsThat(wanted: readonly string[]): RuleFile[] {
  const groups = files.flatMap((file) => file.groups);
  const needed = new Set(groups.filter(({ rules }) => rules.some(({ alert = "" }) => wanted.includes(alert))));
  for (const group of needed) {
    const text = group.rules.map(({ expr }) => expr).join("\n");
    for (const other of groups)
      if (other.rules.some(({ record }) => record && new RegExp(`${record}\\b`).test(text))) needed.add(other);
  }
  return files
    .map(({ name, groups }) => ({ name, groups: groups.filter((group) => needed.has(group)) }))
    .filter(({ groups }) => groups.length > 0);
}

/** What Git declares, what is recorded, alerts: promtool's own order changes from run to run. */
function orderOf(files: readonly RuleFile[]): string[] {
  const groups = files.flatMap((file) => file.groups);
  const rank = ({ name, rules }: (typeof groups)[number]) => (name === "declared" ? 0 : rules[0]?.alert ? 2 : 1);
  return [...new Set(groups.toSorted((a, b) => rank(a) - rank(b)).map(({ name }) => name))];
}

/** What stands in the rule is taken from there; what is filled in must be said by the case. */
function expected(alert: string, { labels, ...annotations }: NonNullable<Case["fires"]>[number]) {
  const rule = alerts.find(
    (one) =>
      one.alert === alert && Object.entries(one.labels ?? {}).every(([key, value]) => (labels[key] ?? value) === value),
  ) as Rule;
  return {
    exp_labels: { ...rule.labels, ...labels },
    exp_annotations: { ...rule.annotations, ...annotations },
  };
}

test("every rendered alert has cases, and every case an alert", () => {
  expect(Object.keys(cases).sort()).toEqual([...names].sort());
  for (const [name, list] of Object.entries(cases)) {
    expect(
      list.some(({ fires = [] }) => fires.length > 0),
      `${name} fires`,
    ).toBe(true);
    expect(
      list.some(({ fires = [] }) => fires.length === 0),
      `${name} is silent`,
    ).toBe(true);
  }
});

test("every alert says how bad it is, what to do and where", () => {
  for (const { alert, labels, annotations } of alerts) {
    expect(labels, alert).toMatchObject({ severity: expect.stringMatching(/^(critical|warning|info)$/) });
    expect(Object.keys(annotations ?? {}), alert).toEqual(["summary", "description", "runbook_url"]);
  }
});

const rulesOfAll = Object.entries(platformFolders).map(([name, of]) => ({ name, files: ruleFiles(platformIn(of)) }));

test.each(rulesOfAll.filter(({ files }) => files.length > 0))(
  "promtool finds nothing wrong with the rules of $name",
  async ({ files }) => {
    const folder = temporaryFolder();
    for (const { name, groups } of files) writeFileSync(join(folder, name), JSON.stringify({ groups }));
    await $({
      cwd: folder,
      quiet: true,
    })`promtool check rules --lint=all --lint-fatal ${files.map(({ name }) => name)}`;
  },
);

describe.each(Object.entries(cases))("%s", (alert, list) => {
  test.for(list)("$when", async (one) => {
    expect(await promtool([alert], one)).toBe("");
  });
});

describe("the quiet platform", () => {
  const services = Object.fromEntries(
    platform.environments.map(({ value }) => [value.name, Object.keys(value.services)]),
  );
  test.for(quiet(services))("fires nothing: $when", async (one) => {
    expect(await promtool(names, one)).toBe("");
  });
});
