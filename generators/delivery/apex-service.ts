import { Service } from "kubernetes-models/v1/Service";
import { canaryPort, type FlaggerWorkload } from "../model/resolve.ts";
import { labels } from "../workloads/labels.ts";

/**
 * The Service that callers name. Flagger sets its selector, which Git therefore does not hold, and its ports to what it
 * finds at the pods: they stand here as Flagger writes them, so that there is nothing to change back
 * (https://github.com/fluxcd/flagger/blob/v1.44.0/pkg/router/kubernetes_default.go). Were the Service left to Flagger
 * altogether, a service that is switched to it would lose its address to Argo CD's prune.
 */
export function apexService(workload: FlaggerWorkload): Service {
  const { name, namespace, spec, ports } = workload;
  const main = canaryPort(spec, ports);
  return new Service({
    metadata: { name, namespace, labels: labels(workload) },
    spec: {
      type: "ClusterIP",
      ports: ports.map((port) =>
        port === main
          ? { name: port.name, port: port.port, targetPort: port.name, appProtocol: port.protocol }
          : { name: port.name, port: port.port, targetPort: port.port },
      ),
    },
  });
}
