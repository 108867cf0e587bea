import { existsSync } from "node:fs";
import { join } from "node:path";
import { paths } from "../../../generators/render/paths.ts";
import { find, kubectl, type LiveCluster, serverSide } from "../cluster.ts";
import type { Target } from "./target.ts";

/** The rendered file of a namespace, of the cluster or of one of its environments. */
function namespaceFile({ root, cluster }: Target, namespace: string): string {
  const folders = [
    paths.component(cluster.name, "namespaces"),
    ...cluster.environments.map((name) => `${paths.environment(name, "namespaces")}/${namespace}`),
  ];
  const files = folders.map((folder) => join(root, folder, `namespace-${namespace}.yaml`));
  return files.find((file) => existsSync(file)) ?? "";
}

/** Makes namespaces as they are rendered, where they are missing: Argo CD finds them there. */
export async function applyNamespaces(target: Target, namespaces: Iterable<string>): Promise<void> {
  for (const namespace of new Set(namespaces)) {
    if (await find(target.live, "namespaces", namespace, "default")) continue;
    const file = namespaceFile(target, namespace);
    if (file) await kubectl(target.live, ["apply", ...serverSide, "-f", file]);
    else await kubectl(target.live, ["create", "namespace", namespace]);
  }
}

export interface NewSecret {
  readonly namespace: string;
  readonly name: string;
  readonly type?: string;
  /** Values in Base64. */
  readonly data: Readonly<Record<string, string>>;
}

/** A value of a Secret, in Base64. */
export const encode = (text: string) => Buffer.from(text).toString("base64");

/** Makes a Secret where there is none; what is there is never changed. */
export async function createSecret(
  live: LiveCluster,
  { namespace, name, type = "Opaque", data }: NewSecret,
): Promise<void> {
  if (await find(live, "secrets", name, namespace)) return;
  const object = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace, labels: { "app.kubernetes.io/managed-by": "slipway-bootstrap" } },
    type,
    data,
  };
  await kubectl(live, ["create", "-f", "-"], JSON.stringify(object));
}
