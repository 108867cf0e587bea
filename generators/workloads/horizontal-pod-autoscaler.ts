import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { afterDeployment } from "../argo/sync-options.ts";
import { isFlagger, type ServiceWorkload } from "../model/resolve.ts";
import type { Version } from "../model/service.ts";
import { labels } from "./labels.ts";

/** The autoscaler of one version; none where its replicas are fixed. */
export function horizontalPodAutoscaler(
  workload: ServiceWorkload,
  version: string,
  { autoscaling }: Version,
): HorizontalPodAutoscaler[] {
  if (!autoscaling) return [];
  const name = `${workload.name}-${version}`;
  const metric = (resource: string, averageUtilization: number) => ({
    type: "Resource",
    resource: { name: resource, target: { type: "Utilization", averageUtilization } },
  });
  return [
    new HorizontalPodAutoscaler({
      metadata: {
        name,
        namespace: workload.namespace,
        labels: labels(workload, version),
        annotations: isFlagger(workload) ? afterDeployment : undefined,
      },
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
        minReplicas: autoscaling.min,
        maxReplicas: autoscaling.max,
        metrics: [
          metric("cpu", autoscaling.cpu),
          ...(autoscaling.memory ? [metric("memory", autoscaling.memory)] : []),
        ],
      },
    }),
  ];
}
