import { Service } from "kubernetes-models/v1/Service";
import type { ServicePort, Workload } from "../model/resolve.ts";
import { labels, selectorLabels } from "./labels.ts";

/** The Service in front of all versions. `appProtocol` tells Istio what is spoken, whatever the port is called. */
export function service(workload: Workload): Service {
  return new Service({
    metadata: { name: workload.name, namespace: workload.namespace, labels: labels(workload) },
    spec: {
      type: "ClusterIP",
      selector: selectorLabels(workload.name),
      ports: workload.ports.map(({ name, port, protocol }: ServicePort) => ({
        name,
        port,
        targetPort: name,
        appProtocol: protocol,
      })),
    },
  });
}
