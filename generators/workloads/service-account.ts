import { ServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import type { Workload } from "../model/resolve.ts";
import { labels } from "./labels.ts";

/** The workload's identity: for mutual TLS, and for a cloud where annotations tie it to a role. */
export function serviceAccount(
  workload: Workload,
  { annotations, token = false }: { annotations?: Record<string, string>; token?: boolean } = {},
): ServiceAccount {
  return new ServiceAccount({
    metadata: { name: workload.name, namespace: workload.namespace, labels: labels(workload), annotations },
    automountServiceAccountToken: token,
  });
}
