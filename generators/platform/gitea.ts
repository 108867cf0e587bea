import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { Service } from "kubernetes-models/v1/Service";
import type { Cluster } from "../model/cluster.ts";
import type { KubernetesObject } from "../render/output.ts";
import { groupLabels } from "../workloads/labels.ts";

/** Where the cluster's own Git server is, inside of it. The repository belongs to the administrator that bootstrap makes. */
export const gitServer = {
  namespace: "gitea",
  name: "gitea",
  service: "gitea-http",
  port: 3000,
  administrator: "slipway",
  /** Secret with the administrator's password. */
  secret: "gitea-administrator",
  url: "http://gitea-http.gitea.svc.cluster.local:3000/",
} as const;

const { namespace, name, port } = gitServer;
const selector = { "app.kubernetes.io/name": name };
const labels = { ...groupLabels("platform"), ...selector };

/**
 * A Git server for a cluster on one's own machine: one pod with a volume. Its clone URL is the one that Argo CD reads,
 * because Argo CD finds out by it whom a webhook concerns.
 */
export function gitea({ version }: NonNullable<Cluster["platform"]["gitea"]>): KubernetesObject[] {
  // https://docs.gitea.com/administration/config-cheat-sheet, as environment variables of its image.
  const settings = {
    GITEA_APP_INI: "/var/lib/gitea/conf/app.ini",
    GITEA__security__INSTALL_LOCK: "true",
    GITEA__database__DB_TYPE: "sqlite3",
    GITEA__server__ROOT_URL: gitServer.url,
    GITEA__server__DISABLE_SSH: "true",
    GITEA__service__DISABLE_REGISTRATION: "true",
    // A push makes the repository, which Argo CD reads without a password.
    GITEA__repository__ENABLE_PUSH_CREATE_USER: "true",
    GITEA__repository__DEFAULT_PUSH_CREATE_PRIVATE: "false",
    GITEA__repository__DEFAULT_BRANCH: "main",
    // Argo CD's address is a private one, which Gitea's webhooks do not go to by default.
    GITEA__webhook__ALLOWED_HOST_LIST: "private",
    GITEA__actions__ENABLED: "false",
    // Argo CD refreshes what the commits of a webhook have touched, and Gitea names five of them by default.
    GITEA__ui__FEED_MAX_COMMIT_NUM: "1000",
  };
  return [
    new Service({
      metadata: { name: gitServer.service, namespace, labels },
      spec: { selector, ports: [{ name: "http", port, targetPort: "http" }] },
    }),
    new StatefulSet({
      metadata: { name, namespace, labels },
      spec: {
        replicas: 1,
        serviceName: gitServer.service,
        selector: { matchLabels: selector },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
        template: {
          metadata: { labels },
          spec: {
            automountServiceAccountToken: false,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 1000,
              runAsGroup: 1000,
              fsGroup: 1000,
              seccompProfile: { type: "RuntimeDefault" },
            },
            containers: [
              {
                name,
                image: `docker.gitea.com/gitea:${version}-rootless`,
                ports: [{ name: "http", containerPort: port }],
                env: Object.entries(settings).map(([name, value]) => ({ name, value })),
                readinessProbe: { httpGet: { path: "/api/healthz", port: "http" }, periodSeconds: 5 },
                livenessProbe: { tcpSocket: { port: "http" }, initialDelaySeconds: 60, periodSeconds: 20 },
                resources: {
                  requests: { cpu: "20m", memory: "128Mi" },
                  limits: { cpu: "1", memory: "512Mi" },
                },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ["ALL"] },
                },
                volumeMounts: [
                  { name: "data", mountPath: "/var/lib/gitea" },
                  { name: "tmp", mountPath: "/tmp" },
                ],
              },
            ],
            volumes: [{ name: "tmp", emptyDir: {} }],
          },
        },
        volumeClaimTemplates: [
          {
            metadata: { name: "data" },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
          },
        ],
      },
    }),
  ];
}
