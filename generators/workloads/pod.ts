import { createHash } from "node:crypto";
import type { IContainer } from "kubernetes-models/v1/Container";
import type { IPodSecurityContext } from "kubernetes-models/v1/PodSecurityContext";
import type { IProbe } from "kubernetes-models/v1/Probe";
import type { ISecurityContext } from "kubernetes-models/v1/SecurityContext";
import { callTarget } from "../model/calls.ts";
import { type Callee, serviceHost, type Workload } from "../model/resolve.ts";
import type { Probe, Release, Resources } from "../model/service.ts";

/** User of containers whose image names none that is numeric: `runAsNonRoot` cannot check a user given by name. */
const defaultUser = 10001;

/** Below it only root binds a port, unless the pod's network namespace says otherwise. */
const firstUnprivilegedPort = 1024;

/** Pod Security `restricted`, with a fixed user, who may bind `ports` whatever the container runtime's default is. */
export function podSecurity(user = defaultUser, ports: readonly number[] = []): IPodSecurityContext {
  const lowest = Math.min(firstUnprivilegedPort, ...ports);
  return {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: user,
    fsGroup: user,
    seccompProfile: { type: "RuntimeDefault" },
    ...(lowest < firstUnprivilegedPort && {
      sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: String(lowest) }],
    }),
  };
}

/** No privilege at all: nothing to escalate, nothing to write to but the mounted volumes. */
export const containerSecurity: ISecurityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/**
 * The same for a container that has capabilities or binds low ports. Images whose process does so often give the binary the
 * capability as a file attribute, and such a binary does not start where the container lacks it.
 */
export function securityOf(capabilities: Release["capabilities"], ports: readonly number[]): ISecurityContext {
  const add = ports.some((port) => port < firstUnprivilegedPort) ? (["NET_BIND_SERVICE"] as const) : capabilities;
  return add ? { ...containerSecurity, capabilities: { drop: ["ALL"], add: [...add] } } : containerSecurity;
}

/** `repository:tag@digest`; the runtime obeys the digest, people read the tag. */
export function imageReference({ repository, tag, digest }: Release["image"]): string {
  return `${repository}:${tag}${digest ? `@${digest}` : ""}`;
}

/** Requests and limits of a container. Memory is not overcommitted unless that is asked for. */
export function resourceRequirements({ cpu, memory, ephemeralStorage, limits }: Resources): IContainer["resources"] {
  const disk = (amount: string | undefined) => amount !== undefined && { "ephemeral-storage": amount };
  return {
    requests: { cpu, memory, ...disk(ephemeralStorage) },
    limits: { cpu: limits.cpu ?? "1", memory: limits.memory ?? memory, ...disk(limits.ephemeralStorage) },
  };
}

/** A probe of the kubelet; Istio rewrites it so that it passes the proxy. `fallback` is the name of the port it goes to. */
export function probe(
  spec: Probe | undefined,
  fallback: string,
  ports: Readonly<Record<string, { port: number }>> = {},
): IProbe | undefined {
  if (!spec) return undefined;
  const port = spec.port ?? fallback;
  return {
    ...(spec.http !== undefined && { httpGet: { path: spec.http, port } }),
    // A gRPC probe takes a number, not a name.
    ...(spec.grpc !== undefined && {
      grpc: { port: ports[port]?.port ?? 0, ...(spec.grpc && { service: spec.grpc }) },
    }),
    ...(spec.tcp && { tcpSocket: { port } }),
    ...(spec.exec && { exec: { command: spec.exec } }),
    initialDelaySeconds: spec.initialDelay,
    periodSeconds: spec.period,
    timeoutSeconds: spec.timeout,
    failureThreshold: spec.failures,
  };
}

/** What one version of a workload calls. */
export function calleesOf(workload: Workload, { calls }: Pick<Release, "calls">): Callee[] {
  const called = new Set(calls?.map((call) => callTarget(call).split(":")[0]));
  return workload.callees.filter((callee) => called.has(callee.name));
}

/**
 * Addresses of what a workload calls, as variables: BACKEND_HOST, BACKEND_PORT and, unless it is plain TCP, BACKEND_URL.
 * They are what makes a release the same in every environment: `--backend-url=$(BACKEND_URL)`.
 */
export function calleeVariables(callees: readonly Callee[]): Record<string, string> {
  const variables = callees.flatMap((callee) => {
    const prefix = callee.name.toUpperCase().replaceAll("-", "_");
    const { port, protocol } = callee.service;
    return [
      [`${prefix}_HOST`, serviceHost(callee)],
      [`${prefix}_PORT`, String(port)],
      ...(protocol === "tcp" ? [] : [[`${prefix}_URL`, `http://${serviceHost(callee)}:${port}`]]),
    ];
  });
  return Object.fromEntries(variables);
}

/** Environment variables of a container, with the ConfigMap and the Secrets it reads. */
export function environment(
  spec: { readonly env?: Readonly<Record<string, string>>; readonly secrets?: readonly string[] },
  configMap: string | undefined,
): Pick<IContainer, "env" | "envFrom"> {
  const variables = inReferenceOrder(spec.env ?? {}).map(([name, value]) => ({ name, value }));
  const sources = [
    ...(configMap ? [{ configMapRef: { name: configMap } }] : []),
    ...(spec.secrets ?? []).map((name) => ({ secretRef: { name } })),
  ];
  return {
    env: variables.length > 0 ? variables : undefined,
    envFrom: sources.length > 0 ? sources : undefined,
  };
}

/** The kubelet replaces `$(NAME)` by variables that stand further up only; the order of what refers to nothing stays. */
function inReferenceOrder(variables: Readonly<Record<string, string>>): [name: string, value: string][] {
  const ordered = new Set<string>();
  const visited = new Set<string>();
  const visit = (name: string) => {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value === undefined || visited.has(name)) return;
    visited.add(name);
    for (const [, referred = ""] of value.matchAll(/\$\(([^)]*)\)/g)) visit(referred);
    ordered.add(name);
  };
  for (const name of Object.keys(variables)) visit(name);
  return [...ordered].map((name) => [name, variables[name] ?? ""]);
}

/** Annotation that changes with the configuration, so that a change rolls the pods. */
export function configChecksum(
  config: Readonly<Record<string, string>> | undefined,
): Record<string, string> | undefined {
  if (!config) return undefined;
  const sorted = Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    "slipway.dev/config-checksum": createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 16),
  };
}
