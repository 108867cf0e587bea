import type { Cluster } from "../model/cluster.ts";

export type Alerting = NonNullable<Cluster["platform"]["monitoring"]>["alerting"];
type Kind = keyof Alerting["receivers"];

/** Where the entries of this Secret are in Alertmanager's pod: alertmanagerSpec.secrets mounts them there. */
export const receiversSecret = "alertmanager-receivers";
const file = (kind: Kind) => `/etc/alertmanager/secrets/${receiversSecret}/${kind}`;

/**
 * Alertmanager's configuration. Every alert ends at a receiver that is named after what it is for: `page` for what is
 * critical in the environments that page and in the platform under them, `ticket` for what is left of critical and
 * warning, `info` for the rest. A receiver without an integration keeps its alerts in Alertmanager's own list.
 */
export function alertmanager({ pages, receivers }: Alerting) {
  // Rules of the chart know no environment: they are about the cluster, as those of `platform` are.
  const paging = pages.length > 0 ? [`environment=~"${[...pages, "platform"].join("|")}|"`] : undefined;
  return {
    route: {
      receiver: "ticket",
      group_by: ["environment", "service", "alertname"],
      group_wait: "30s",
      group_interval: "5m",
      repeat_interval: "12h",
      routes: [
        // Always fires. Whoever receives it raises the alarm when it stops coming.
        {
          matchers: ['alertname="Watchdog"'],
          receiver: "watchdog",
          group_wait: "0s",
          group_interval: "1m",
          repeat_interval: "1m",
        },
        // Mutes others and says nothing itself, see below.
        { matchers: ['alertname="InfoInhibitor"'], receiver: "none" },
        ...(paging
          ? [
              {
                matchers: ['severity="critical"', ...paging],
                receiver: "page",
                group_wait: "10s",
                repeat_interval: "4h",
              },
            ]
          : []),
        { matchers: ['severity=~"critical|warning"'], receiver: "ticket" },
        { matchers: ['severity=~"info|none"'], receiver: "info", group_wait: "5m", repeat_interval: "24h" },
      ],
    },
    inhibit_rules: [
      inhibit("critical", "warning|info", ["alertname", "environment", "service", "sli", "namespace"]),
      inhibit("warning", "info", ["alertname", "environment", "service", "sli", "namespace"]),
      // Without pods there are errors: the cause is told and not its consequences.
      {
        source_matchers: ['alertname="VersionDown"'],
        target_matchers: ['alertname=~"VersionWithoutTraffic|PodsMissing"'],
        equal: ["environment", "service", "workload"],
      },
      // The chart's own: `info` alerts of a namespace are only told beside another alert there.
      {
        source_matchers: ['alertname="InfoInhibitor"'],
        target_matchers: ['severity="info"', 'environment=""'],
        equal: ["namespace"],
      },
    ],
    receivers: [
      { name: "none" },
      ...(["page", "ticket", "info", "watchdog"] as const).map((kind) => receiver(kind, receivers[kind])),
    ],
  };
}

function inhibit(source: string, target: string, equal: string[]) {
  return { source_matchers: [`severity="${source}"`], target_matchers: [`severity=~"${target}"`], equal };
}

const title =
  "[{{ .Status | toUpper }}] {{ .CommonLabels.alertname }} {{ .CommonLabels.environment }} {{ .CommonLabels.service }}";
const text =
  "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ .Annotations.description }}\n{{ .Annotations.runbook_url }}\n{{ end }}";

function receiver(kind: Kind, type: Alerting["receivers"][Kind]) {
  const resolved = { send_resolved: kind !== "watchdog" };
  if (type === "pagerduty")
    return { name: kind, pagerduty_configs: [{ ...resolved, routing_key_file: file(kind), description: title }] };
  if (type === "slack") return { name: kind, slack_configs: [{ ...resolved, api_url_file: file(kind), title, text }] };
  if (type === "webhook") return { name: kind, webhook_configs: [{ ...resolved, url_file: file(kind) }] };
  return { name: kind };
}
