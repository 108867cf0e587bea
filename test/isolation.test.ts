/** What one environment may do to another and to the platform, as far as the rendered objects say it: nothing. */
import { matchesGlob } from "node:path";
import { describe, expect, test } from "vitest";
import { resolveEnvironment } from "../generators/model/resolve.ts";
import { paths } from "../generators/render/paths.ts";
import { objectsOf, platformFolders, platformIn } from "./support.ts";

describe.each(Object.entries(platformFolders))("%s", (_name, folder) => {
  const platform = platformIn(folder);
  const objects = objectsOf(platform);
  const ofKind = (kind: string) => objects.filter(({ object }) => object.kind === kind).map(({ object }) => object);
  const named = (kind: string, name: string) => ofKind(kind).find(({ metadata }) => metadata?.name === name)?.spec;
  const environments = platform.environments.map(({ value }) => value);
  const inputOf = (name: string) => {
    const input = platform.environments.find(({ value }) => value.name === name);
    if (!input) throw new Error(`no environment ${name}`);
    return input;
  };

  test("an environment's parent is of a project that holds Applications alone, and of no other's", () => {
    for (const { name, cluster } of environments) {
      const parent = named("Application", name);
      expect(parent.source.path).toBe(paths.applications(cluster, name));
      const project = named("AppProject", parent.project);
      expect(project.destinations.map(({ namespace }: { namespace: string }) => namespace)).toEqual(["argocd"]);
      expect(project.clusterResourceWhitelist).toEqual([]);
      expect(project.namespaceResourceWhitelist).toEqual([{ group: "argoproj.io", kind: "Application" }]);
      const others = ofKind("Application").filter(({ spec }) => spec.project === parent.project);
      expect(others.map(({ metadata }) => metadata?.name)).toEqual([name]);
    }
  });

  test("an environment's project names its kinds one by one, and no namespace of the platform", () => {
    for (const { name } of environments) {
      const { destinations, clusterResourceWhitelist, namespaceResourceWhitelist } = named("AppProject", name);
      const kinds = namespaceResourceWhitelist.map(({ group, kind }: { group: string; kind: string }) => group + kind);
      expect(kinds.filter((kind: string) => kind.includes("*"))).toEqual([]);
      // Roles, Secrets, CronJobs and what istiod reads besides: Ingress and the Gateway API.
      expect(
        kinds.filter((kind: string) => /Role|Secret|Job|Ingress|Route$|gateway\.|Workload|Wasm/.test(kind)),
      ).toEqual([]);
      expect(clusterResourceWhitelist.map(({ kind }: { kind: string }) => kind)).toEqual(["Namespace"]);
      for (const namespace of [
        "argocd",
        "istio-system",
        "istio-ingress",
        "kube-system",
        "monitoring",
        "flagger-system",
      ])
        expect(
          destinations.some((item: { namespace: string }) => matchesGlob(namespace, item.namespace)),
          `${name} → ${namespace}`,
        ).toBe(false);
    }
  });

  test("a Gateway's hosts are for the routes of its own environment alone", () => {
    for (const { metadata, spec } of ofKind("Gateway")) {
      const hosts = spec.servers.flatMap((one: { hosts: string[] }) => one.hosts) as string[];
      const owner = environments.find(({ name }) => name === metadata?.name);
      const own = owner ? [".", ...resolveEnvironment(inputOf(owner.name), platform).namespaces] : ["."];
      expect(hosts.filter((host) => !own.includes(host.split("/")[0] ?? "") || !host.includes("/"))).toEqual([]);
    }
  });

  test("the API server holds every environment to its own Applications, hosts and namespaces", () => {
    for (const { value: cluster } of platform.clusters) {
      const policies = objects.filter(({ folder, object }) => {
        return (
          folder === paths.applications(cluster.name, "root") && object.kind.startsWith("ValidatingAdmissionPolicy")
        );
      });
      const rules = policies.filter(({ object }) => object.kind === "ValidatingAdmissionPolicy");
      const bound = policies.flatMap(({ object }) => object.spec.policyName ?? []);
      expect(bound.sort()).toEqual(rules.map(({ object }) => object.metadata?.name).sort());
      const text = (name: string) =>
        JSON.stringify(rules.find(({ object }) => object.metadata?.name === `slipway-${name}`)?.object.spec);
      for (const { name, gateway, delivery } of environments.filter((one) => one.cluster === cluster.name)) {
        expect(text("applications")).toContain(`? '${name}' :`);
        expect(text("applications").includes(`'${name}-parent'`)).toBe(delivery.sync === "manual");
        for (const policy of ["namespaces", "services", "gateways", "virtual-services", "service-entries"])
          expect(text(policy), policy).toContain(`? '${name}' :`);
        for (const host of gateway?.hosts ?? []) expect(text("gateways")).toContain(`'${host}'`);
      }
    }
  });
});
