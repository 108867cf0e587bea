/**
 * The cluster that KUBECONFIG names, for tests. It has Istio and its ingress gateway; the programs `kubectl`, `istioctl`
 * and `openssl` are there. ISTIOCTL and GATEWAY_URL say where, if that is not the PATH and Kind's mapped port.
 */
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "zx/core";
import type { Platform } from "../../generators/model/platform.ts";
import { ingress, monitoring } from "../../generators/model/resolve.ts";
import { readInputs } from "../../scripts/lib/inputs.ts";
import { planRender } from "../../scripts/lib/render.ts";
import { copyInputs, objectsOf } from "../support.ts";

$.quiet = true;

export const gatewayUrl = process.env.GATEWAY_URL ?? "http://localhost:30080";
const istioctl = process.env.ISTIOCTL ?? "istioctl";

/** Renders the inputs of a folder into a new one, with the StorageClass that every cluster has. */
export function renderCopy(folder: string): string {
  const copy = copyInputs(folder);
  for (const [file, text] of readInputs(copy))
    writeFileSync(join(copy, file), text.replace(", class: managed-csi", ""));
  planRender(copy).write();
  return copy;
}

/** Everything of a rendered tree that Argo CD applies; Helm values and the configuration of other tools are left out. */
export function manifests(tree: string): string[] {
  return ["envs", "clusters", "argo-apps"]
    .flatMap((top) =>
      readdirSync(join(tree, top), { recursive: true, encoding: "utf8" }).map((path) => `${top}/${path}`),
    )
    .filter((path) => path.split("/").length > 2 && isManifest(path))
    .sort();
}

/** Whether a rendered file is an object of a cluster. */
export const isManifest = (path: string) =>
  path.endsWith(".yaml") && !/\/(kustomization|values|kind|eksctl)\.yaml$/.test(path);

export const applyFlags = [
  "apply",
  "--server-side",
  "--force-conflicts",
  "--validate=strict",
  "--field-manager=slipway-test",
];

/** The namespaces of components that a platform says its cluster has already. */
export async function makeProvidedNamespaces(): Promise<void> {
  await replace($`kubectl create namespace ${monitoring.namespace} --dry-run=client -o yaml`);
}

/** Applies files for real. */
export async function apply(tree: string, files: readonly string[]): Promise<void> {
  await $({ cwd: tree })`kubectl ${applyFlags} ${files.flatMap((file) => ["-f", file])}`;
}

/** Asks the API server about files without keeping anything. Gives its answer, also where it refuses. */
export async function dryRun(tree: string, files: readonly string[]) {
  return $({
    cwd: tree,
    nothrow: true,
  })`kubectl ${applyFlags} --dry-run=server ${files.flatMap((file) => ["-f", file])}`;
}

/** Makes the Secrets that a platform names, as bootstrap or a secret store would. */
export async function makeSecrets(platform: Platform): Promise<void> {
  const objects = objectsOf(platform).map(({ object }) => object);
  const named = objects
    .filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet")
    .flatMap(({ metadata, spec }) =>
      (spec.template.spec.containers[0].envFrom ?? []).flatMap(({ secretRef }: { secretRef?: { name: string } }) =>
        secretRef ? [`${metadata?.namespace}/${secretRef.name}`] : [],
      ),
    );
  for (const secret of new Set<string>(named)) {
    const [namespace = "", name = ""] = secret.split("/");
    await replace(
      $`kubectl create secret generic ${name} -n ${namespace} --from-literal=EXAMPLE=value --dry-run=client -o yaml`,
    );
  }
  const folder = mkdtempSync(join(tmpdir(), "slipway-tls-"));
  const [key, certificate] = [join(folder, "tls.key"), join(folder, "tls.crt")];
  await $`openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=slipway-test -keyout ${key} -out ${certificate}`;
  const gateways = objects.filter(({ kind }) => kind === "Gateway").flatMap(({ spec }) => spec.servers);
  for (const name of new Set(gateways.flatMap(({ tls }) => tls?.credentialName ?? []))) {
    await replace(
      $`kubectl create secret tls ${name} -n ${ingress.namespace} --key ${key} --cert ${certificate} --dry-run=client -o yaml`,
    );
  }
}

async function replace(manifest: Promise<{ stdout: string }>): Promise<void> {
  const { stdout } = await manifest;
  await $({ input: stdout })`kubectl apply --server-side --force-conflicts -f -`;
}

/** Deletes namespaces with everything in them. Flagger's finalizer would wait for Deployments that are gone already. */
export async function deleteNamespaces(namespaces: readonly string[]): Promise<void> {
  const { stdout } = await $({ nothrow: true })`kubectl get canaries.flagger.app -A --no-headers`;
  const letGo = JSON.stringify({ spec: { revertOnDeletion: false } });
  for (const line of stdout.split("\n")) {
    const [namespace = "", name = ""] = line.split(/\s+/);
    if (namespaces.includes(namespace)) await $`kubectl patch canary ${name} -n ${namespace} --type=merge -p ${letGo}`;
  }
  await $`kubectl delete namespace ${namespaces} --wait --timeout=120s --ignore-not-found`;
}

/** Waits until every pod of the namespaces is Ready. @throws after four minutes each, with the pods that are not */
export async function podsReady(namespaces: readonly string[]): Promise<void> {
  for (const namespace of namespaces) {
    const rollouts = (await $`kubectl get deployment,statefulset -n ${namespace} -o name`).lines();
    for (const rollout of rollouts) await $`kubectl rollout status ${rollout} -n ${namespace} --timeout=240s`;
  }
}

/** Findings that are not about what we render, or that nothing better exists for. */
const allowed: readonly RegExp[] = [
  // Namespaces that no rendered file makes; the gateway's, where the cluster had its mesh before.
  /^Info IST0102 Namespace (default|argocd|local-path-storage|istio-ingress):?/,
  // The cluster of the test replaces a part of Istio that its Envoy does not have.
  /^Warning IST0133 EnvoyFilter istio-system\/plain-envoy:/,
  // Its pods come from a chart, which this test does not install.
  /^Warning IST0127 AuthorizationPolicy flagger-system\/flagger-loadtester:/,
  // Flagger names no port, and a request keeps its own; a test asks for both.
  /^Error IST0112 VirtualService \S+: This VirtualService routes to a service "\S+-(primary|canary)" that exposes multiple ports/,
  // Istio has no other API for a local rate limit.
  /^Warning IST0133 EnvoyFilter \S+-rate-limit:/,
];

/** What istioctl finds wrong on the cluster, or in the files alone. */
export async function analyze(files?: {
  readonly tree: string;
  readonly folders: readonly string[];
}): Promise<string[]> {
  const source = files ? ["--use-kube=false", ...files.folders] : [];
  const result = await $({
    cwd: files?.tree ?? process.cwd(),
    nothrow: true,
  })`${istioctl} analyze -A -o json ${source}`;
  const found = JSON.parse(result.stdout.slice(Math.max(0, result.stdout.search(/^\[/m))) || "[]") as {
    code: string;
    level: string;
    origin: string;
    message: string;
  }[];
  const lines = found.map(({ code, level, origin, message }) => `${level} ${code} ${origin}: ${message}`);
  return lines.filter((line) => !allowed.some((pattern) => pattern.test(line))).sort();
}

/** One request through the gateway: status, and the JSON that the pod answers with. */
export async function request(host: string, path = "/", headers: Readonly<Record<string, string>> = {}) {
  const flags = Object.entries({ Host: host, ...headers }).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const { stdout } = await $({ nothrow: true })`curl -s -m 5 -w ${"\n%{http_code}"} ${flags} ${gatewayUrl}${path}`;
  const [status = "0", ...body] = stdout.split("\n").reverse();
  const text = body.reverse().join("\n");
  return {
    status: Number(status),
    text,
    pod: text.startsWith("{") ? (JSON.parse(text) as { labels: Record<string, string> }) : undefined,
  };
}

/** Asks until `ready` holds. @throws after so many milliseconds, saying what it waited for */
export async function eventually(what: string, ready: () => Promise<boolean>, limit = 60_000): Promise<void> {
  const end = Date.now() + limit;
  while (!(await ready())) {
    if (Date.now() > end) throw new Error(`waited ${limit / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
