import { afterDeployment } from "../argo/sync-options.ts";
import { type TrafficPolicy, trafficPolicy } from "../mesh/destination-rule.ts";
import { type HttpRoute, retries } from "../mesh/http-routes.ts";
import { pathMatch } from "../mesh/virtual-service.ts";
import { canaryPort, type FlaggerWorkload, loadTester, serviceHost } from "../model/resolve.ts";
import { milliseconds } from "../model/scalars.ts";
import type { FlaggerRollout } from "../model/service.ts";
import type { KubernetesObject } from "../render/output.ts";
import { labels } from "../workloads/labels.ts";
import { metricTemplateName } from "./metric-template.ts";

type HookType = "confirm-rollout" | "pre-rollout" | "rollout" | "confirm-promotion" | "post-rollout" | "rollback";

interface Webhook {
  readonly name: string;
  readonly type: HookType;
  readonly url: string;
  readonly timeout?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

interface Metric {
  readonly name: string;
  readonly templateRef: { readonly name: string };
  readonly thresholdRange: { readonly min?: number; readonly max?: number };
  readonly interval: string;
}

/** A rollout of Flagger's (https://docs.flagger.app/usage/how-it-works); the CRD has no model, so this is what we use of it. */
export interface Canary extends KubernetesObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: object;
    readonly annotations: object;
  };
  readonly spec: {
    readonly targetRef: { readonly apiVersion: "apps/v1"; readonly kind: "Deployment"; readonly name: string };
    readonly autoscalerRef: {
      readonly apiVersion: "autoscaling/v2";
      readonly kind: "HorizontalPodAutoscaler";
      readonly name: string;
    };
    readonly progressDeadlineSeconds: number;
    readonly revertOnDeletion: true;
    readonly service: {
      readonly name: string;
      readonly port: number;
      readonly portName: string;
      readonly targetPort: string;
      readonly appProtocol: string;
      readonly portDiscovery: boolean;
      readonly gateways?: readonly string[];
      readonly hosts?: readonly string[];
      readonly match?: NonNullable<HttpRoute["match"]>;
      readonly timeout?: string;
      readonly retries?: HttpRoute["retries"];
      readonly trafficPolicy: TrafficPolicy;
    };
    readonly analysis: {
      readonly interval: string;
      readonly threshold: number;
      readonly maxWeight: number;
      readonly stepWeight: number;
      readonly metrics: readonly Metric[];
      readonly webhooks: readonly Webhook[];
    };
  };
}

/** Where a service answers besides the mesh. */
export interface CanaryExposure {
  /** `namespace/name` of the Gateway. */
  readonly gateway: string;
  readonly hosts: readonly string[];
  readonly prefixes: readonly string[];
}

/**
 * The rollout of a service that Flagger moves. Flagger makes the pods that serve, `-primary`, of the Deployment in Git,
 * and owns the VirtualService, the DestinationRules and the number of replicas: none of them is rendered.
 */
export function canary(workload: FlaggerWorkload, version: string, exposure: CanaryExposure | undefined): Canary {
  const { name, namespace, spec } = workload;
  const { rollout } = spec;
  const port = canaryPort(spec, workload.ports);
  if (!port) throw new Error(`${name} has no port for Flagger`);
  const deployment = `${name}-${version}`;
  return {
    apiVersion: "flagger.app/v1beta1",
    kind: "Canary",
    metadata: { name, namespace, labels: labels(workload), annotations: afterDeployment },
    spec: {
      targetRef: { apiVersion: "apps/v1", kind: "Deployment", name: deployment },
      autoscalerRef: { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", name: deployment },
      progressDeadlineSeconds: milliseconds(rollout.progressDeadline) / 1000,
      // Without the Canary, the Deployment in Git serves again.
      revertOnDeletion: true,
      service: {
        name,
        port: port.port,
        portName: port.name,
        targetPort: port.name,
        appProtocol: port.protocol,
        portDiscovery: workload.ports.length > 1,
        ...(exposure && exposed(exposure)),
        timeout: spec.timeout,
        retries: spec.retries && retries(spec.retries),
        trafficPolicy: trafficPolicy(spec),
      },
      analysis: {
        interval: rollout.interval,
        threshold: rollout.threshold,
        maxWeight: rollout.maxWeight,
        stepWeight: rollout.stepWeight,
        metrics: metrics(name, rollout),
        webhooks: webhooks(rollout, `http://${serviceHost({ name: `${name}-canary`, namespace })}:${port.port}`),
      },
    },
  };
}

/** Flagger has one list of matches for the mesh and the gateway: paths are for the gateway alone. */
function exposed({ gateway, hosts, prefixes }: CanaryExposure): Partial<Canary["spec"]["service"]> {
  const paths = prefixes.flatMap(pathMatch);
  const match = [{ gateways: ["mesh"] }, ...paths.map((path) => ({ gateways: [gateway], ...path }))];
  return { gateways: [gateway, "mesh"], hosts, ...(!prefixes.includes("/") && { match }) };
}

function metrics(name: string, { interval, successRate, latency }: FlaggerRollout): Metric[] {
  // A rate over less than a few scrapes has no value.
  const window = milliseconds(interval) < 60_000 ? "1m" : interval;
  const metric = (of: Parameters<typeof metricTemplateName>[1], thresholdRange: Metric["thresholdRange"]): Metric => ({
    name: of,
    templateRef: { name: metricTemplateName(name, of) },
    thresholdRange,
    interval: window,
  });
  return [metric("success-rate", { min: successRate }), metric("latency-p95", { max: milliseconds(latency) })];
}

/** Address of the load tester. */
export const testerUrl = `http://${loadTester.name}.${loadTester.namespace}`;

/** CEL, about a Canary `object`: a regular expression for one of the commands below. */
export const testCommand = [
  `'(curl -fsS -m 10 -o /dev/null|hey -z [0-9a-z]+ -c [0-9]+ -q 1) "http://'`,
  "object.metadata.name",
  "'-canary[.]'",
  "object.metadata.namespace",
  `'[.]svc[.]cluster[.]local:[0-9]+/[-a-zA-Z0-9_./~%?&=+,:;@]*"'`,
].join(" + ");

/**
 * What Flagger asks the load tester for: tests before and during the analysis, and whether a person approves or wants it
 * undone. Its answers to the last two are closed again after each rollout, so that none counts for the next.
 */
function webhooks({ acceptanceTest, loadTest, interval, gate }: FlaggerRollout, address: string): Webhook[] {
  const requests = acceptanceTest.paths.map((path) => `curl -fsS -m 10 -o /dev/null "${address}${path}"`);
  return [
    ...(gate ? [{ name: "gate", type: `confirm-${gate}` as const, url: `${testerUrl}/gate/check` }] : []),
    {
      name: "acceptance-test",
      type: "pre-rollout",
      url: `${testerUrl}/`,
      timeout: `${requests.length * 10 + 5}s`,
      metadata: { type: "bash", cmd: requests.join(" && ") },
    },
    {
      name: "load-test",
      type: "rollout",
      url: `${testerUrl}/`,
      metadata: { type: "cmd", cmd: `hey -z ${interval} -c ${loadTest.rate} -q 1 "${address}${loadTest.path}"` },
    },
    { name: "rollback", type: "rollback", url: `${testerUrl}/rollback/check` },
    ...(gate ? [{ name: "close-gate", type: "post-rollout" as const, url: `${testerUrl}/gate/close` }] : []),
    { name: "close-rollback", type: "post-rollout", url: `${testerUrl}/rollback/close` },
  ];
}
