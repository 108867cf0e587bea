/** What follows from the model and from the components' own declarations, and is listed nowhere else. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { $ } from "zx/core";
import { checkPermissions } from "../generators/argo/check.ts";
import { plan } from "../generators/index.ts";
import { type KubernetesObject, type Unit, unit } from "../generators/render/output.ts";
import { readInputs } from "../scripts/lib/inputs.ts";
import { readPlatform } from "../scripts/lib/render.ts";
import { filesOf, objectsOf, platformFolders, platformIn, repository, temporaryFolder } from "./support.ts";

/** The inputs of mesh-lab, whose cluster has Istio and Prometheus already, with its cluster's input changed. */
function labTexts(change: (cluster: string) => string): Map<string, string> {
  return new Map(
    [...readInputs(platformFolders["mesh-lab"] ?? "")].map(([file, text]) => [
      file,
      file.startsWith("clusters/") ? change(text) : text,
    ]),
  );
}

const lab = (change: (cluster: string) => string) => readPlatform(labTexts(change));
const stack = "monitoring: { version: 91.5.0, provided: true }";

describe("the address of Prometheus", () => {
  /** Everything rendered that names an address or a namespace of Prometheus. */
  const named = (more: string) => {
    const flagger = `${more}\n  flagger: { version: 1.44.0 }`;
    const platform = lab((text) =>
      text.replace(stack, stack.replace(" }", `${flagger.startsWith("\n") ? " }" : ""}`) + flagger),
    );
    const files = [...filesOf(platform)].filter(([path]) => !path.endsWith(".json"));
    const text = files.map(([, content]) => content).join("\n");
    return {
      urls: new Set(text.match(/https?:\/\/prometheus[\w.-]*:\d+[\w/]*/g)),
      folders: files.flatMap(
        ([path]) => /^argo-apps\/lab\/platform\/application-(monitors|rules|dashboards)/.exec(path)?.[1] ?? [],
      ),
      scrapers: new Set(
        objectsOf(platform)
          .filter(({ object }) => object.kind === "NetworkPolicy")
          .flatMap(({ object }) => object.spec.ingress ?? [])
          .filter(({ ports = [] }: any) => ports.some(({ port }: any) => port === 15020))
          .flatMap(({ from }: any) =>
            from.map(({ namespaceSelector }: any) => Object.values(namespaceSelector.matchLabels)[0]),
          ),
      ),
      monitors: new Set(
        objectsOf(platform)
          .filter(({ object }) => /Monitor$/.test(object.kind) || object.metadata?.name?.startsWith("slipway."))
          .map(({ object }) => object.metadata?.namespace),
      ),
    };
  };

  test("one for Kiali and Flagger: the operator's Service", () => {
    expect(named("")).toMatchObject({
      urls: new Set(["http://prometheus-operated.monitoring.svc.cluster.local:9090"]),
      scrapers: new Set(["monitoring"]),
      monitors: new Set(["monitoring"]),
    });
  });

  test("the one that is stated", () => {
    const { urls } = named(", url: http://prometheus.metrics:8080/prometheus }");
    expect(urls).toEqual(new Set(["http://prometheus.metrics:8080/prometheus"]));
  });

  test("the namespace that is stated: of the address, of monitors and rules, and of who may scrape", () => {
    expect(named(", namespace: observability }")).toMatchObject({
      urls: new Set(["http://prometheus-operated.observability.svc.cluster.local:9090"]),
      scrapers: new Set(["observability"]),
      monitors: new Set(["observability"]),
    });
  });
});

describe("the namespaces of the platform", () => {
  /** The README's steps: a file, a line, a key. */
  function cloneWithComponent(namespace: string): string {
    const clone = temporaryFolder();
    for (const folder of ["generators", "scripts", "package.json", "package-lock.json"])
      cpSync(join(repository, folder), join(clone, folder), { recursive: true });
    symlinkSync(join(repository, "node_modules"), join(clone, "node_modules"));
    const edit = (file: string, from: string, to: string) => {
      const text = readFileSync(join(clone, file), "utf8");
      expect(text).toContain(from);
      writeFileSync(join(clone, file), text.replace(from, to));
    };
    const component = readFileSync(join(repository, "generators/platform/metrics-server.ts"), "utf8")
      .replace(/namespace: "kube-system"/, `namespace: "${namespace}"`)
      .replaceAll("metricsServer", "costs")
      .replaceAll("metrics-server", "costs");
    writeFileSync(join(clone, "generators/platform/costs.ts"), component);
    edit("generators/platform/components.ts", "...flagger(cluster),", "...flagger(cluster),\n    ...costs(cluster),");
    edit(
      "generators/platform/components.ts",
      "import { flagger }",
      'import { costs } from "./costs.ts";\nimport { flagger }',
    );
    edit(
      "generators/model/cluster.ts",
      "    kiali: component(",
      '    costs: component("1.0.0", "Costs."),\n    kiali: component(',
    );
    for (const [file, text] of readInputs(platformFolders["mesh-lab"] ?? "")) {
      mkdirSync(join(clone, file, ".."), { recursive: true });
      writeFileSync(join(clone, file), text.replace("  kiali:", "  costs: { version: 1.0.0 }\n  kiali:"));
    }
    return clone;
  }

  const render = (clone: string) =>
    $({ cwd: clone, nothrow: true, quiet: true })`${process.execPath} scripts/run.js render`;

  test("a component that is added as the README says brings its own, and no environment may have it", async () => {
    const clone = cloneWithComponent("costs");
    expect(await render(clone)).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(clone, "clusters/lab/namespaces/namespace-costs.yaml"), "utf8")).toContain("name: costs");
    expect(readFileSync(join(clone, "clusters/lab/argocd/app-project-platform.yaml"), "utf8")).toContain(
      "namespace: costs",
    );
    const environment = join(clone, "envs/lab.yaml");
    writeFileSync(
      environment,
      readFileSync(environment, "utf8")
        .replace(/^namespaces:.*\n/m, "")
        .replace(/^cluster: .*\n/m, "$&namespaces: { layout: shared, name: costs }\n"),
    );
    const { exitCode, stderr } = await render(clone);
    expect(stderr).toMatch(
      /^envs\/lab\.yaml:\d+:\d+ {2}namespaces\.name: the namespace costs is also the one of the platform/m,
    );
    expect(exitCode).toBe(1);
  });

  test.each(["argocd", "istio-system"])(
    "a component in %s, which is made elsewhere, makes it not again",
    async (namespace) => {
      const clone = cloneWithComponent(namespace);
      expect(await render(clone)).toMatchObject({ exitCode: 0 });
      expect(() => readFileSync(join(clone, `clusters/lab/namespaces/namespace-${namespace}.yaml`))).toThrow("ENOENT");
    },
  );

  test("those of components that the cluster had before are taken too", () => {
    for (const namespace of ["istio-ingress", "tracing", "observability", "flagger-system", "kube-public"]) {
      const texts = labTexts((text) =>
        text
          .replace(
            stack,
            `${stack.replace(" }", ", namespace: observability }")}\n  flagger: { version: 1.44.0, provided: true }`,
          )
          .replace("jaeger: { version: 4.11.1 }", "jaeger: { version: 4.11.1, provided: true }"),
      );
      const environment = texts.get("envs/lab.yaml") ?? "";
      texts.set(
        "envs/lab.yaml",
        environment.replace(/^cluster: .*\n/m, `$&namespaces: { layout: shared, name: ${namespace} }\n`),
      );
      expect(() => readPlatform(texts), namespace).toThrow(
        `the namespace ${namespace} is also the one of the platform`,
      );
    }
  });
});

describe("nothing is rendered that Argo CD would refuse", () => {
  const units = (platform = platformIn(platformFolders["3rvision"] ?? "")) => plan(platform);
  const object = (apiVersion: string, kind: string, namespace?: string): KubernetesObject => ({
    apiVersion,
    kind,
    metadata: { name: "one", ...(namespace && { namespace }) },
  });
  const generate = (folder: string, one: KubernetesObject) => () => {
    const more: Unit = unit(folder, "test", "more", {}, () => [one]);
    return checkPermissions("local", [...units(), more])
      .at(-1)
      ?.generate();
  };

  test.each(Object.keys(platformFolders))(
    "%s: every object lies in an Application's folder, and its project allows it",
    (name) => {
      const platform = platformIn(platformFolders[name] ?? "");
      const objects = objectsOf(platform);
      expect(objects.length).toBeGreaterThan(50);
      const clusters = platform.clusters.map(({ value }) => value.name);
      const ids = objects
        // Argo CD's kustomization patches what it names, and the root is applied by bootstrap.
        .filter(({ folder }) => !clusters.some((cluster) => folder === `clusters/${cluster}/argocd`))
        .map(({ folder, object: { apiVersion, kind, metadata } }) => {
          const cluster = clusters.find((own) => folder.includes(`/${own}`)) ?? clusters[0];
          return [cluster, apiVersion.replace(/\/.*/, ""), kind, metadata?.namespace, metadata?.name].join("/");
        });
      expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    },
  );

  test.each([
    [
      "a kind that the project does not list",
      "envs/dev/backend",
      object("batch/v1", "CronJob", "dev-backend"),
      "AppProject dev allows no batch/CronJob",
    ],
    [
      "a namespace of another environment",
      "envs/dev/backend",
      object("v1", "ConfigMap", "prod-backend"),
      "allows nothing in the namespace prod-backend",
    ],
    [
      "a cluster-scoped kind",
      "envs/dev/backend",
      object("rbac.authorization.k8s.io/v1", "ClusterRole"),
      "allows no cluster-scoped rbac.authorization.k8s.io/ClusterRole",
    ],
    [
      "the namespace of another",
      "envs/dev/namespaces/x",
      object("v1", "Namespace"),
      "allows no cluster-scoped /Namespace",
    ],
    [
      "a namespace that the platform does not have",
      "clusters/local/mesh",
      object("v1", "ConfigMap", "elsewhere"),
      "AppProject platform allows nothing in the namespace elsewhere",
    ],
    [
      "a folder that no Application reads",
      "envs/dev/elsewhere",
      object("v1", "ConfigMap", "dev-backend"),
      "lies in the folder of no Application",
    ],
    [
      "another kind in a parent's folder",
      "argo-apps/local/dev",
      object("v1", "ConfigMap", "argocd"),
      "allows no /ConfigMap",
    ],
  ] as const)("%s", (_what, folder, one, message) => {
    expect(generate(folder, one)).toThrow(message);
  });

  test("what a project allows", () => {
    expect(generate("envs/dev/backend", object("v1", "ConfigMap", "dev-backend"))).not.toThrow();
  });
});
