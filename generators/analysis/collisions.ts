import { environmentApplications, reservedApplications } from "../environment.ts";
import type { Fault } from "../model/faults.ts";
import { namespaceOf, type ResolvedEnvironment } from "../model/resolve.ts";
import { components } from "../platform/components.ts";
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
  return value.namespaces.layout === "shared" ? [...faults, ...sharedDeployments({ file, value })] : faults;
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
  return platform.clusters.flatMap(({ value: cluster }) => {
    const faults: Fault[] = [];
    const owners = new Map<string, string>();
    const claim = (key: string, owner: string, fault: Omit<Fault, "message">, what: string) => {
      const other = owners.get(key);
      if (other !== undefined && other !== owner)
        faults.push({ ...fault, message: `${what} is also the one of ${other}; choose another name` });
      else owners.set(key, owner);
    };
    for (const name of [
      "root",
      "platform",
      "argocd",
      "namespaces",
      "mesh",
      ...components(cluster).map((component) => component.name),
    ])
      owners.set(`application ${name}`, "the platform");
    for (const namespace of ["argocd", "default", "kube-system", "istio-system", "istio-ingress", "monitoring"])
      owners.set(`namespace ${namespace}`, "the platform");
    for (const resolved of environments.filter(({ input }) => cluster.environments.includes(input.value.name))) {
      const { file, value } = resolved.input;
      claim(
        `application ${value.name}`,
        `environment ${value.name}`,
        { file, path: ["name"] },
        `the Application ${value.name}`,
      );
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
          { file, path: ["namespaces", "name"] },
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
