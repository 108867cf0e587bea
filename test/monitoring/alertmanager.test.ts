/** Every alert of every environment ends at the receiver that it is meant for: amtool reads the configuration. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { $ } from "zx/core";
import { cluster } from "../../generators/model/cluster.ts";
import { alertmanager } from "../../generators/monitoring/alertmanager.ts";
import { platformIn, shippedFolder, temporaryFolder } from "../support.ts";
import { alertsOf, ruleFiles } from "./rules.ts";

const platform = platformIn(shippedFolder);
const [shipped] = platform.clusters;
const environments = [...platform.environments.map(({ value }) => value.name), "platform"];
const alerts = alertsOf(ruleFiles(platform));

/** Writes a configuration, checks it, and returns a question: which receivers get an alert with these labels. */
async function configure(alerting: object) {
  const { platform, ...rest } = shipped?.value ?? { platform: {} };
  const parsed = cluster.parse({ ...rest, platform: { ...platform, monitoring: { version: "91.5.0", alerting } } });
  if (!parsed.platform.monitoring) throw new Error("no monitoring");
  const file = join(temporaryFolder(), "alertmanager.yaml");
  writeFileSync(file, JSON.stringify(alertmanager(parsed.platform.monitoring.alerting)));
  await $({ quiet: true })`amtool check-config ${file}`;
  return async (labels: Readonly<Record<string, string>>) => {
    const matchers = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    const { stdout } = await $({ quiet: true })`amtool config routes test --config.file=${file} ${matchers}`;
    return stdout.trim();
  };
}

/** Where an alert is meant to go when prod pages. */
function intended(severity: string | undefined, environment: string): string {
  if (severity === "info") return "info";
  return severity === "critical" && ["prod", "platform"].includes(environment) ? "page" : "ticket";
}

test("every alert of every environment goes where its severity and its environment say", async () => {
  const route = await configure(shipped?.value.platform.monitoring?.alerting ?? {});
  const asked = new Map<string, Promise<string>>();
  for (const { alert = "", labels } of alerts) {
    for (const environment of environments) {
      const all = { environment, ...labels, alertname: alert };
      const key = JSON.stringify(all);
      asked.set(key, asked.get(key) ?? route(all));
      expect(await asked.get(key), key).toBe(intended(labels?.severity, all.environment));
    }
  }
}, 180_000);

test.each([
  // Alerts of the chart: they are about the cluster and name no environment.
  [{ alertname: "KubeAPIDown", severity: "critical" }, "page"],
  [{ alertname: "TargetDown", severity: "warning", namespace: "monitoring" }, "ticket"],
  [{ alertname: "CPUThrottlingHigh", severity: "info" }, "info"],
  [{ alertname: "InfoInhibitor", severity: "none" }, "none"],
  [{ alertname: "Watchdog", severity: "none" }, "watchdog"],
  [{ alertname: "SomebodysOwn" }, "ticket"],
])("%o goes to %s", async (labels, receiver) => {
  const route = await configure({ pages: ["prod"] });
  expect(await route(labels)).toBe(receiver);
});

test("where no environment pages, what is critical is a ticket", async () => {
  const route = await configure({});
  expect(await route({ alertname: "IstiodDown", severity: "critical", environment: "platform" })).toBe("ticket");
});

test("each kind of receiver is one that Alertmanager takes, and reads its secret from a file", async () => {
  await configure({ receivers: { page: "pagerduty", ticket: "slack", info: "slack" } });
  const { receivers } = alertmanager({
    pages: [],
    receivers: { page: "pagerduty", ticket: "slack", watchdog: "webhook" },
  });
  expect(receivers).toMatchObject([
    { name: "none" },
    {
      name: "page",
      pagerduty_configs: [{ routing_key_file: "/etc/alertmanager/secrets/alertmanager-receivers/page" }],
    },
    { name: "ticket", slack_configs: [{ api_url_file: "/etc/alertmanager/secrets/alertmanager-receivers/ticket" }] },
    { name: "info" },
    { name: "watchdog", webhook_configs: [{ url_file: "/etc/alertmanager/secrets/alertmanager-receivers/watchdog" }] },
  ]);
});
