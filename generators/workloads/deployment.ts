import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import type { ITopologySpreadConstraint } from "kubernetes-models/v1/TopologySpreadConstraint";
import { effectiveRelease } from "../model/place.ts";
import { isFlagger, type ServiceWorkload } from "../model/resolve.ts";
import { milliseconds } from "../model/scalars.ts";
import type { Version } from "../model/service.ts";
import { configMapName } from "./config-map.ts";
import { labels, podSelector, selectorLabels } from "./labels.ts";
import {
  calleesOf,
  calleeVariables,
  configChecksum,
  environment,
  imageReference,
  podSecurity,
  probe,
  resourceRequirements,
  securityOf,
} from "./pod.ts";

/**
 * One version of a service. Beside an autoscaler, `replicas` is the number to start with, and the Application keeps the
 * live one (`scaled` in argo/application.ts): without the field, Kubernetes sets 1 when a version gets an autoscaler.
 */
export function deployment(workload: ServiceWorkload, name: string, version: Version): Deployment {
  const { autoscaling, replicas = 1 } = version;
  const release = effectiveRelease(version);
  const selector = selectorLabels(workload.name, name);
  const [firstPort = ""] = Object.keys(release.ports);
  const containerPorts = Object.values(release.ports).map(({ port }) => port);
  const callees = calleesOf(workload, release);
  const configMap = release.config && configMapName(workload.name, name);
  return new Deployment({
    metadata: { name: `${workload.name}-${name}`, namespace: workload.namespace, labels: labels(workload, name) },
    spec: {
      replicas: isFlagger(workload) ? undefined : (autoscaling?.min ?? replicas),
      revisionHistoryLimit: 3,
      // Flagger gives up where either of the two deadlines has passed, the Deployment's and its own.
      progressDeadlineSeconds: isFlagger(workload) ? milliseconds(workload.spec.rollout.progressDeadline) / 1000 : 600,
      selector: { matchLabels: selector },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: labels(workload, name), annotations: configChecksum(release.config) },
        spec: {
          serviceAccountName: workload.name,
          // Variables for every Service of the namespace would clash with the ones of `calls`.
          enableServiceLinks: false,
          automountServiceAccountToken: workload.spec.serviceAccount.token,
          securityContext: podSecurity(undefined, containerPorts),
          topologySpreadConstraints: spreadConstraints(version.spread, podSelector(workload.name, name)),
          containers: [
            {
              name: workload.name,
              image: imageReference(release.image),
              command: release.command,
              args: release.args,
              ports: Object.entries(release.ports).map(([name, { port }]) => ({ name, containerPort: port })),
              ...environment(
                { secrets: release.secrets, env: { ...calleeVariables(callees), ...release.env } },
                configMap,
              ),
              startupProbe: probe(release.probes?.startup, firstPort, release.ports),
              readinessProbe: probe(release.probes?.readiness, firstPort, release.ports),
              livenessProbe: probe(release.probes?.liveness, firstPort, release.ports),
              // Requests still arrive until every proxy has heard that the pod is going.
              lifecycle: { preStop: { sleep: { seconds: 5 } } },
              resources: resourceRequirements(version.resources),
              securityContext: securityOf(release.capabilities, containerPorts),
              volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
            },
          ],
          volumes: [{ name: "tmp", emptyDir: {} }],
        },
      },
    },
  });
}

function spreadConstraints(
  spread: Version["spread"],
  selector: Record<string, string>,
): ITopologySpreadConstraint[] | undefined {
  const keys = { zone: "topology.kubernetes.io/zone", node: "kubernetes.io/hostname" } as const;
  const constraints = (["zone", "node"] as const).flatMap((over): ITopologySpreadConstraint[] =>
    spread[over] === "off"
      ? []
      : [
          {
            maxSkew: 1,
            topologyKey: keys[over],
            whenUnsatisfiable: spread[over] === "required" ? "DoNotSchedule" : "ScheduleAnyway",
            labelSelector: { matchLabels: selector },
            // Without it the old pods of a rolling update count, and the new ones end up side by side.
            matchLabelKeys: ["pod-template-hash"],
          },
        ],
  );
  return constraints.length > 0 ? constraints : undefined;
}
