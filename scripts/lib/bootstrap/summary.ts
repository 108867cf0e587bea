import { argocdNamespace } from "../../../generators/argo/application.ts";
import { environmentsOf } from "../../../generators/model/resolve.ts";
import { gitServer } from "../../../generators/platform/gitea.ts";
import { interfaces } from "../../../generators/platform/interfaces.ts";
import { grafanaSecret } from "../../../generators/platform/secrets.ts";
import { readApplications, waitsForPerson } from "../applications.ts";
import { isEmbedded } from "./git-server.ts";
import { applicationNames } from "./platform.ts";
import { type Target, typed } from "./target.ts";

/** What is there now, what waits for a person, and how to go on. */
export async function summary(target: Target): Promise<string> {
  const { cluster, platform, live } = target;
  const names = applicationNames(target);
  const states = (await readApplications(live)).filter(({ name }) => names.includes(name));
  const waiting = states.filter(waitsForPerson);
  const hosts = environmentsOf(cluster, platform).flatMap(({ value }) => value.gateway?.hosts ?? []);
  const port = cluster.provider.type === "kind" ? `:${cluster.provider.httpPort}` : "";
  const secret = (namespace: string, name: string, key: string) =>
    `${typed(live, "get", "secret", name, "-n", namespace, "-o")} 'go-template={{index .data "${key}"|base64decode}}'`;
  const sections: [string, readonly string[]][] = [
    ["Addresses", [...hosts.map((host) => `http://${host}${port}/`), ...interfaces(cluster).map(({ url }) => url)]],
    [
      "Passwords",
      [
        ...(cluster.platform.argocd.provided
          ? []
          : [`Argo CD, admin:  ${secret(argocdNamespace, "argocd-initial-admin-secret", "password")}`]),
        ...(cluster.platform.monitoring?.provided === false
          ? [`Grafana, admin:  ${secret(grafanaSecret.namespace, grafanaSecret.name, grafanaSecret.passwordKey)}`]
          : []),
        ...(isEmbedded(target)
          ? [`Git, ${gitServer.administrator}:  ${secret(gitServer.namespace, gitServer.secret, "password")}`]
          : []),
      ],
    ],
    ["Waiting for a person to press Sync", waiting.map(({ name }) => name)],
    ["Next", ["npm run status", "npm run verify", "npm run traffic -- --help"]],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => [title, ...lines.map((line) => `  ${line}`)].join("\n"))
    .join("\n\n");
}
