import { parentProjectName } from "../argo/app-project.ts";
import { environmentApplications, reservedApplications } from "../environment.ts";
import { parseCall } from "../model/calls.ts";
import type { Fault } from "../model/faults.ts";
import { effectiveRelease, statementsOf } from "../model/place.ts";
import { namespaceOf, type ResolvedEnvironment } from "../model/resolve.ts";
import { components } from "../platform/components.ts";
import { folders } from "../platform/folders.ts";
import { interfaces } from "../platform/interfaces.ts";
import { platformNamespaces } from "../platform/namespaces.ts";
import type { Rule, Subject } from "./rule.ts";

/** Two things that would be one object or one folder: the second would silently replace the first. */
export const collisions: Rule = (subject) => [
  ...subject.environments.flatMap(withinEnvironment),
  ...withinClusters(subject),
];

function withinEnvironment({ input: { file, value } }: ResolvedEnvironment): Fault[] {
  const faults: Fault[] = [];
  for (const kind of ["services", "dataStores"] as const) {
    for (const name of Object.keys(value[kind])) {
      const path = [kind, name];
      if ((reservedApplications as readonly string[]).includes(name))
        faults.push({ file, path, atKey: true, message: `${name} is the name of a folder of its own; choose another` });
      if (name === "default-deny") {
        const message = `${name} is the name of the policies that deny everything else; choose another`;
        faults.push({ file, path, atKey: true, message });
      }
      if (name === "gateway" && value.namespaces.layout === "per-service") {
        faults.push({
          file,
          path,
          atKey: true,
          message: `the namespace ${namespaceOf(value, name)} is the one of the Gateway; choose another name`,
        });
      }
    }
  }
  for (const name of Object.keys(value.dataStores)) {
    if (name in value.services)
      faults.push({
        file,
        path: ["dataStores", name],
        atKey: true,
        message: `${name} is also a service; choose another name`,
      });
  }
  faults.push(...routeNames({ file, value }));
  return value.namespaces.layout === "shared"
    ? [...faults, ...sharedDeployments({ file, value }), ...sharedConfigMaps({ file, value })]
    : faults;
}

/** Routes of services, gateway hosts and external hosts lie in one folder, named by a host with `-` for its dots. */
function routeNames({ file, value }: ResolvedEnvironment["input"]): Fault[] {
  const owners = new Map(Object.keys(value.services).map((name) => [name, `the service ${name}`]));
  const hosts = [...(value.gateway?.hosts ?? []).entries()].flatMap(([index, host]): Fault[] => {
    const name = host.replaceAll(".", "-");
    const other = owners.get(name);
    owners.set(name, host);
    const message =
      other === host
        ? `${host} stands here twice; remove one`
        : `its routes are named ${name}, as those of ${other}; choose another name`;
    return other ? [{ file, path: ["gateway", "hosts", index], message }] : [];
  });
  const external = new Map<string, string>();
  const calls = Object.entries(value.services).flatMap(([service, spec]) =>
    statementsOf(spec).flatMap(({ path: own, calls = [] }) =>
      [...calls.entries()].flatMap(([index, text]): Fault[] => {
        const call = parseCall(text);
        if (!("host" in call)) return [];
        const name = call.host.replaceAll(".", "-");
        const other = external.get(name) ?? call.host;
        external.set(name, other);
        const path = ["services", service, ...own, "calls", index];
        return other === call.host
          ? []
          : [{ file, path, message: `its ServiceEntry is named ${name}, as that of ${other}; call only one of them` }];
      }),
    ),
  );
  return [...hosts, ...calls];
}

/** In one namespace the ConfigMap of data store `a-b` is the one of service `a`, version `b`. */
function sharedConfigMaps({ file, value }: ResolvedEnvironment["input"]): Fault[] {
  return Object.entries(value.services).flatMap(([name, { versions }]) =>
    Object.entries(versions)
      .filter(([version, spec]) => effectiveRelease(spec).config && value.dataStores[`${name}-${version}`]?.config)
      .map(([version]) => ({
        file,
        path: ["dataStores", `${name}-${version}`],
        atKey: true,
        message: `its ConfigMap is also the one of version ${version} of ${name}; choose another name`,
      })),
  );
}

/** In one namespace `a-b` version `c` and `a` version `b-c` are the same Deployment. */
function sharedDeployments({ file, value }: ResolvedEnvironment["input"]): Fault[] {
  const owners = new Map<string, string>();
  return Object.entries(value.services).flatMap(([name, { versions }]) =>
    Object.keys(versions).flatMap((version): Fault[] => {
      const other = owners.get(`${name}-${version}`);
      owners.set(`${name}-${version}`, name);
      return other
        ? [
            {
              file,
              path: ["services", name, "versions", version],
              atKey: true,
              message: `its Deployment ${name}-${version} is also one of ${other}; choose another name`,
            },
          ]
        : [];
    }),
  );
}

/** Applications, namespaces and hosts are shared by all environments of a cluster. */
function withinClusters({ platform, environments }: Subject): Fault[] {
  return platform.clusters.flatMap(({ file: clusterFile, value: cluster }) => {
    const faults: Fault[] = [];
    const owners = new Map<string, string>();
    const claim = (key: string, owner: string, fault: Omit<Fault, "message">, what: string) => {
      const other = owners.get(key);
      if (other !== undefined && other !== owner)
        faults.push({ ...fault, message: `${what} is also the one of ${other}; choose another name` });
      else owners.set(key, owner);
    };
    const plain = folders(clusterFile, cluster);
    for (const name of [
      "root",
      "platform",
      "argocd",
      "namespaces",
      ...plain.map((folder) => folder.name),
      ...components(cluster).map((component) => component.name),
    ])
      owners.set(`application ${name}`, "the platform");
    for (const namespace of platformNamespaces(cluster, plain).taken)
      owners.set(`namespace ${namespace}`, "the platform");
    owners.set("project default", "the platform");
    for (const { host } of interfaces(cluster)) owners.set(`host ${host}`, "the platform");
    for (const resolved of environments.filter(({ input }) => cluster.environments.includes(input.value.name))) {
      const { file, value } = resolved.input;
      claim(
        `application ${value.name}`,
        `environment ${value.name}`,
        { file, path: ["name"] },
        `the Application ${value.name}`,
      );
      for (const project of [value.name, parentProjectName(value.name)])
        claim(`project ${project}`, `environment ${value.name}`, { file, path: ["name"] }, `the AppProject ${project}`);
      for (const { name } of environmentApplications(resolved)) {
        const path =
          name in value.services ? ["services", name] : name in value.dataStores ? ["dataStores", name] : ["name"];
        claim(
          `application ${value.name}-${name}`,
          `environment ${value.name}`,
          { file, path, atKey: path.length > 1 },
          `the Application ${value.name}-${name}`,
        );
      }
      for (const namespace of resolved.namespaces)
        claim(
          `namespace ${namespace}`,
          `environment ${value.name}`,
          { file, ...namespacePath(resolved, namespace) },
          `the namespace ${namespace}`,
        );
      for (const [index, host] of (value.gateway?.hosts ?? []).entries())
        claim(
          `host ${host}`,
          `environment ${value.name}`,
          { file, path: ["gateway", "hosts", index] },
          `the host ${host}`,
        );
    }
    return faults;
  });
}

/** The key that a namespace is named by: that of its only workload, or its own. */
function namespacePath({ input, workloads }: ResolvedEnvironment, namespace: string): Pick<Fault, "path" | "atKey"> {
  if (input.value.namespaces.layout === "shared") return { path: ["namespaces", "name"] };
  const name = [...workloads.values()].find((workload) => workload.namespace === namespace)?.name;
  if (name === undefined) return { path: ["name"] };
  return { path: [name in input.value.services ? "services" : "dataStores", name], atKey: true };
}
