import { AuthorizationPolicy } from "@kubernetes-models/istio/security.istio.io/v1/AuthorizationPolicy";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { waves } from "../argo/waves.ts";
import type { Cluster } from "../model/cluster.ts";
import { loadTester, type Monitoring, metricsServerOf } from "../model/resolve.ts";
import { namespacePeer, pods, tcp } from "../security/network-policy.ts";
import { groupLabels } from "../workloads/labels.ts";
import { containerSecurity } from "../workloads/pod.ts";
import type { Component } from "./components.ts";

const repository = "https://flagger.app";
const { namespace } = loadTester;

/** Name of Flagger's Application, release and ServiceAccount. */
const flaggerName = "flagger";

/** Flagger and its load tester. Values were checked by rendering the charts 1.44.0 and 0.38.0 with them. */
export function flagger(cluster: Cluster): Component[] {
  const { flagger } = cluster.platform;
  if (!flagger || flagger.provided) return [];
  const hardened = (user: number) => ({
    ...containerSecurity,
    runAsNonRoot: true,
    runAsUser: user,
    seccompProfile: { type: "RuntimeDefault" },
  });
  return [
    {
      name: flaggerName,
      namespace,
      wave: waves.platform.operators,
      chart: { repository, name: "flagger", version: flagger.version },
      values: {
        meshProvider: "istio",
        metricsServer: metricsServerOf(cluster),
        clusterName: cluster.name,
        // A Canary must not reach into another environment for its queries and what they log in with.
        noCrossNamespaceRefs: true,
        securityContext: { enabled: true, context: hardened(10001) },
        ...(cluster.provider.type !== "kind" && {
          leaderElection: { enabled: true, replicaCount: 2 },
          podDisruptionBudget: { enabled: true, minAvailable: 1 },
        }),
      },
    },
    {
      name: loadTester.name,
      namespace,
      wave: waves.platform.operators,
      chart: { repository, name: "loadtester", version: flagger.loadTester },
      values: {
        nameOverride: loadTester.name,
        // Its rights are none: what is wanted is the ServiceAccount, by which services know it.
        rbac: { create: true, rules: [] },
        securityContext: { enabled: true, context: hardened(100) },
      },
    },
  ];
}

/** What the load tester's policies follow from. */
export interface LoadTesterContext extends Pick<Cluster["platform"], "flagger"> {
  readonly monitoring: Monitoring | undefined;
}

/**
 * Who may call the load tester: Flagger alone, because it runs whatever command it is sent, with the right to call the
 * services that Flagger analyses.
 */
export function loadTesterPolicies({
  flagger,
  monitoring,
}: LoadTesterContext): (AuthorizationPolicy | NetworkPolicy)[] {
  if (!flagger || flagger.provided) return [];
  const metadata = { name: loadTester.name, namespace, labels: groupLabels("platform") };
  return [
    new AuthorizationPolicy({
      metadata,
      spec: {
        selector: { matchLabels: { ...loadTester.selector } },
        action: "ALLOW",
        rules: [{ from: [{ source: { principals: [`cluster.local/ns/${namespace}/sa/${flaggerName}`] } }] }],
      },
    }),
    new NetworkPolicy({
      metadata,
      spec: {
        podSelector: { matchLabels: { ...loadTester.selector } },
        policyTypes: ["Ingress"],
        ingress: [
          { from: [pods(namespace, { "app.kubernetes.io/name": flaggerName })], ports: tcp([8080]) },
          ...(monitoring ? [{ from: [namespacePeer(monitoring.namespace)], ports: tcp([15020]) }] : []),
        ],
      },
    }),
  ];
}
