import { z } from "zod";
import { bytes, cpu, duration, hostName, name, percent, tags } from "./scalars.ts";
import { dataStore, service } from "./service.ts";

const namespaces = z
  .strictObject({
    layout: z
      .enum(["per-service", "shared"])
      .default("per-service")
      .describe("per-service: <environment>-<service> each; shared: one for all. Default: per-service."),
    name: name.optional().describe("Name of the shared namespace. Default: the environment's name."),
    quota: z
      .strictObject({
        cpu: cpu.optional().describe("Sum of CPU requests."),
        memory: bytes.optional().describe("Sum of memory requests."),
        pods: z.int().min(1).max(150_000).optional().describe("Number of pods."),
      })
      .optional()
      .describe("ResourceQuota of each namespace. Default: none."),
    limits: z
      .strictObject({
        cpu: cpu.describe("CPU request of a container that states none."),
        memory: bytes.describe("Memory request and limit of a container that states none."),
      })
      .optional()
      .describe("LimitRange of each namespace. Default: none."),
  })
  .prefault({})
  .describe("Where the services run.");

/** TLS of hosts on the ingress gateway. */
export const gatewayTls = z
  .strictObject({
    secret: name.describe("Name of the TLS Secret in the gateway's namespace, istio-ingress."),
    redirect: z.boolean().default(true).describe("Whether plain HTTP is redirected to HTTPS. Default: true."),
  })
  .optional()
  .describe("Serves HTTPS on 443. Default: plain HTTP on 80 only.");

const gateway = z
  .strictObject({
    hosts: z.array(hostName).min(1).describe("Host names the gateway answers for."),
    tls: gatewayTls,
  })
  .describe("How the environment is reached from outside.");

const mesh = z
  .strictObject({
    tracing: z
      .strictObject({
        sampling: percent.default(1).describe("Share of the requests that is traced, %. Default: 1."),
        tags: tags.optional().describe("Further tags with fixed values. environment and cluster are always there."),
      })
      .prefault({})
      .describe("Tracing of all requests of the environment."),
    accessLogs: z.boolean().default(false).describe("Whether proxies log each request. Default: false."),
  })
  .prefault({})
  .describe("Istio settings. Mutual TLS is always STRICT.");

const syncWindow = z.strictObject({
  kind: z.enum(["allow", "deny"]).describe("Whether syncs are allowed or denied in it; deny wins."),
  schedule: z
    .string()
    .regex(/^[\d*,/-]+( [\dA-Za-z*,/-]+){4}$/, "must be a cron schedule with five fields, such as 0 8 * * 1-5")
    .describe("Cron schedule of its start, five fields."),
  duration: duration.describe("How long it lasts."),
  timeZone: z.string().min(1).default("UTC").describe("Time zone of the schedule. Default: UTC."),
  manualSync: z.boolean().default(false).describe("Whether a person may sync outside of it. Default: false."),
});

const delivery = z
  .strictObject({
    sync: z
      .enum(["automated", "manual"])
      .default("automated")
      .describe("automated: Argo CD applies each commit; manual: a person presses Sync. Default: automated."),
    prune: z.boolean().default(true).describe("Whether an automated sync deletes what left Git. Default: true."),
    selfHeal: z.boolean().default(true).describe("Whether manual changes on the cluster are undone. Default: true."),
    windows: z
      .array(syncWindow)
      .min(1)
      .optional()
      .describe("Times in which syncs are allowed or denied. Default: always allowed."),
    deployers: z
      // In Argo CD's RBAC a comma would end the name of the group and begin another rule.
      .array(
        z.string().regex(/^[^\s,"]([^,"\r\n\t]*[^\s,"])?$/, "must be the name of a group, without commas and quotes"),
      )
      .min(1)
      .optional()
      .describe(
        "SSO groups that may sync this environment's Applications and confirm deletions. Default: administrators only.",
      ),
  })
  .prefault({})
  .describe("How Argo CD brings Git to the cluster.");

/** One environment: everything that differs between environments stands in its file. */
export const environment = z
  .strictObject({
    name: name
      .max(20, "must be at most 20 characters long, because it is a prefix of other names")
      .describe("Name; the same as the file's."),
    cluster: name.describe("The cluster it runs on: a file in clusters/."),
    namespaces,
    gateway: gateway.optional(),
    mesh,
    delivery,
    services: z.record(name, service).default({}).describe("Services by name."),
    dataStores: z.record(name, dataStore).default({}).describe("Data stores by name."),
    notSecret: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe(
        "Names of variables, headers and flags that read like secrets and hold none, such as PUBLISHABLE_TOKEN. Default: none.",
      ),
  })
  .describe("One environment of the platform. `npm run render` turns it into manifests.");

export type Environment = z.output<typeof environment>;
