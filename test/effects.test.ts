/** What the review says that Kubernetes does with a change, for every kind of change of which that is known. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { diffFiles, type GroupDiff } from "../scripts/lib/diff/diff.ts";
import { headlines } from "../scripts/lib/diff/headlines.ts";
import { diffHtml } from "../scripts/lib/diff/html.ts";
import { diffMarkdown } from "../scripts/lib/diff/markdown.ts";
import { diffText } from "../scripts/lib/diff/text.ts";
import { readInputs } from "../scripts/lib/inputs.ts";
import { readPlatform } from "../scripts/lib/render.ts";
import { edit, type Inputs } from "./review.ts";
import { filesOf, repository } from "./support.ts";

const base = readInputs(join(repository, "test/fixtures/invalid/base"));
const file = "envs/dev.yaml";
const clusters = new Map([["test", ["dev"]]]);

/** What becomes of rendered files. */
function diffOf(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): GroupDiff[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  const pairs = paths
    .map((path) => ({ path, before: before.get(path), after: after.get(path) }))
    .filter((pair) => pair.before !== pair.after);
  return diffFiles(pairs, { unchanged: (path) => after.get(path), clusters });
}

const changeOf = (before: Inputs, after: Inputs) => diffOf(filesOf(readPlatform(before)), filesOf(readPlatform(after)));

/** `Deployment backend-stable: removes pods ! 5 → 2 pods at once`, for what has an effect or a note. */
const told = (groups: readonly GroupDiff[]) =>
  groups
    .flatMap(({ applications }) => applications.flatMap(({ objects }) => objects))
    .filter(({ effects, notes }) => effects.length + notes.length > 0)
    .map(({ kind, name, effects, notes }) => [`${kind} ${name}: ${effects.join(", ")}`, ...notes].join(" ! "));

/** The base with something said of version `stable` of `backend`. */
const backend = (text: string) => edit(base, file, ["        weight: 80\n", `        weight: 80\n        ${text}\n`]);
const store = (from: string, to: string) => edit(base, file, [from, to]);

describe("the number of pods", () => {
  test.each([
    ["replicas: 5", "replicas: 2", ["Deployment backend-stable: removes pods ! 5 → 2 pods at once"]],
    ["replicas: 2", "replicas: 5", ["Deployment backend-stable: adds pods ! 2 → 5 pods at once"]],
    [
      "replicas: 10",
      "autoscaling: { min: 4, max: 12 }",
      [
        "Deployment backend-stable: is scaled by its autoscaler ! keeps its 10 pods until the autoscaler has measured; sync dev first, else it starts from 4",
      ],
    ],
    [
      "replicas: 10",
      "autoscaling: { min: 4, max: 6 }",
      [
        "Deployment backend-stable: is scaled by its autoscaler ! 10 → 6 pods, its max; sync dev first, else it starts from 4",
      ],
    ],
    [
      "replicas: 2",
      "autoscaling: { min: 4, max: 6 }",
      ["Deployment backend-stable: is scaled by its autoscaler ! keeps its 2 pods until the autoscaler has measured"],
    ],
    [
      "autoscaling: { min: 4, max: 10 }",
      "replicas: 2",
      [
        "Deployment backend-stable: is no longer scaled by its autoscaler, removes pods ! from what the autoscaler has set (4 to 10) to 2 pods at once",
        "HorizontalPodAutoscaler backend-stable: is pruned",
      ],
    ],
    [
      "autoscaling: { min: 4, max: 10 }",
      "autoscaling: { min: 2, max: 8 }",
      [
        "HorizontalPodAutoscaler backend-stable: removes pods ! as few as 2 pods, where 4 are the fewest now ! pods above 8 go at once, where up to 10 may run now",
      ],
    ],
    [
      "autoscaling: { min: 2, max: 10 }",
      "autoscaling: { min: 4, max: 10 }",
      ["HorizontalPodAutoscaler backend-stable: adds pods ! at least 4 pods, where 2 may run now"],
    ],
  ])("%s → %s", (before, after, expected) => {
    expect(told(changeOf(backend(before), backend(after)))).toEqual(expected);
  });

  test("a version that goes", () => {
    const whole = edit(base, file, ["weight: 80", "weight: 100"], ["weight: 20", "weight: 0\n        replicas: 3"]);
    const parked = edit(whole, file, ["replicas: 3", "replicas: 0"]);
    expect(told(changeOf(whole, parked))).toEqual(["Deployment backend-canary: removes all pods ! 3 → 0 pods at once"]);
    expect(told(changeOf(parked, whole))).toEqual(["Deployment backend-canary: adds pods ! 0 → 3 pods at once"]);
  });
});

describe("restarts", () => {
  const image = "image: { repository: ghcr.io/acme/backend, tag: 2.0.0 }";
  test.each([
    ["configuration", image, `${image}\n          config: { MODE: fast }`],
    ["a variable", image, `${image}\n          env: { MODE: fast }`],
    ["a probe", "http: /readyz", "http: /ready"],
    ["resources", "        weight: 80\n", "        weight: 80\n        resources: { memory: 128Mi }\n"],
    ["placement", "        weight: 80\n", "        weight: 80\n        spread: { zone: required }\n"],
    ["what it calls", "          calls: [database]\n", ""],
  ])("%s", (_, from, to) => {
    const lines = told(changeOf(base, edit(base, file, [from, to])));
    expect(lines).toContain("Deployment backend-stable: restarts pods");
    expect(lines.join("\n")).not.toMatch(/Deployment backend-canary/);
  });

  test("nothing restarts where nothing runs", () => {
    const parked = edit(base, file, ["weight: 80", "weight: 100"], ["weight: 20", "weight: 0\n        replicas: 0"]);
    expect(told(changeOf(parked, edit(parked, file, ["tag: 2.1.0", "tag: 2.2.0"])))).toEqual([]);
  });

  test("a data store is away meanwhile", () => {
    expect(told(changeOf(base, store("tag: 8.4.6", "tag: 8.4.7")))).toEqual([
      "StatefulSet database: restarts pods ! its only pod stops before the new one starts; until that is ready, its callers get no answer",
    ]);
  });

  test("an identity is got at the next start", () => {
    const named = edit(base, file, [
      "  backend:\n",
      "  backend:\n    serviceAccount: { annotations: { eks.amazonaws.com/role-arn: a } }\n",
    ]);
    expect(told(changeOf(base, named))).toEqual([
      "ServiceAccount backend:  ! pods that run keep the identity they started with; kubectl rollout restart gives them the new one",
    ]);
  });

  test("callers of a port that goes", () => {
    const port = (number: number) =>
      edit(
        base,
        file,
        ["port: 8080 } }\n          probes", `port: 8080, servicePort: ${number} } }\n          probes`],
        [
          "tag: 2.1.0 }\n          ports: { http: { port: 8080 } }",
          `tag: 2.1.0 }\n          ports: { http: { port: 8080, servicePort: ${number} } }`,
        ],
      );
    expect(told(changeOf(port(80), port(81)))).toContain(
      "Service backend:  ! callers that still ask for port 80 fail until they restart with the new address",
    );
  });
});

describe("volumes", () => {
  const size = "storage: { size: 1Gi, path: /var/lib/mysql }";
  const runbook = (name: string) => `see the runbook "${name}"`;
  test.each([
    [
      "more",
      "storage: { size: 20Gi, path: /var/lib/mysql }",
      [
        `PersistentVolumeClaim data-database-0: grows the volume ! its StorageClass must have allowVolumeExpansion: true, else this is refused: ${runbook("A volume grows")}`,
      ],
    ],
    [
      "less",
      "storage: { size: 900Mi, path: /var/lib/mysql }",
      [
        `PersistentVolumeClaim data-database-0: is refused ! Kubernetes makes no volume smaller, and each sync of dev-database fails until then, and prunes nothing; ${runbook("A volume changes its class or shrinks")}`,
      ],
    ],
    [
      "another class",
      "storage: { size: 1Gi, path: /var/lib/mysql, class: fast }",
      [
        `PersistentVolumeClaim data-database-0: is refused ! Kubernetes changes spec.storageClassName of no PersistentVolumeClaim that exists, and each sync of dev-database fails until then, and prunes nothing; ${runbook("A volume changes its class or shrinks")}`,
      ],
    ],
    [
      "another path",
      "storage: { size: 1Gi, path: /data }",
      [
        "StatefulSet database: restarts pods, starts empty ! its only pod stops before the new one starts; until that is ready, its callers get no answer ! the volume is mounted elsewhere, where the program may not find its files",
      ],
    ],
  ])("%s", (_, to, expected) => {
    expect(told(changeOf(base, store(size, to)))).toEqual(expected);
  });

  const moved = (lines: readonly string[]) => lines.filter((line) => line.startsWith("StatefulSet"));

  test("under another name, or in another namespace, it starts empty", () => {
    const renamed = edit(base, file, ["  database:\n", "  mysql:\n"], ["calls: [database]", "calls: [mysql]"]);
    expect(moved(told(changeOf(base, renamed)))).toContain(
      `StatefulSet mysql: starts empty ! a new volume in namespace dev-mysql; what database holds stays in the claim dev-database/data-database-0: ${runbook("A data store moves")}`,
    );
    const shared = edit(base, file, ["cluster: test\n", "cluster: test\nnamespaces: { layout: shared }\n"]);
    expect(moved(told(changeOf(base, shared)))).toContain(
      `StatefulSet database: starts empty ! a new volume in namespace dev; what database holds stays in the claim dev-database/data-database-0: ${runbook("A data store moves")}`,
    );
  });

  test("without its data store a volume stays until its namespace goes", () => {
    const [head = ""] = (base.get(file) ?? "").replace("          calls: [database]\n", "").split("\ndataStores:");
    const lines = told(changeOf(base, new Map([...base, [file, `${head}\n`]])));
    expect(lines).toContain("PersistentVolumeClaim data-database-0: stays, and no Application has it");
    expect(lines).toContain(
      "Namespace dev-database: is pruned after confirmation ! with everything in it when a person confirms, volumes and Secrets too",
    );
  });
});

describe("what the API server refuses to change", () => {
  const path = "envs/dev/extra/one.yaml";
  const one = (kind: string, rest: string) =>
    new Map([[path, `kind: ${kind}\nmetadata: { name: one, namespace: dev }\n${rest}`]]);
  test.each([
    [
      "Deployment",
      "spec: { selector: { matchLabels: { a: b } } }",
      "spec: { selector: { matchLabels: { a: c } } }",
      "spec.selector",
    ],
    ["StatefulSet", "spec: { volumeClaimTemplates: [] }", "spec: {}", "spec.volumeClaimTemplates"],
    ["StatefulSet", "spec: { serviceName: a }", "spec: { serviceName: b }", "spec.serviceName"],
    ["Job", "spec: { template: { spec: { a: 1 } } }", "spec: { template: { spec: { a: 2 } } }", "spec.template"],
    ["Service", "spec: { clusterIP: None }", "spec: {}", "spec.clusterIP"],
    ["RoleBinding", "roleRef: { name: a }", "roleRef: { name: b }", "roleRef"],
    ["Secret", "type: Opaque", "type: kubernetes.io/tls", "type"],
    ["ConfigMap", "immutable: true\ndata: { a: b }", "immutable: true\ndata: { a: c }", "data"],
    ["StorageClass", "parameters: { a: b }", "parameters: { a: c }", "parameters"],
  ])("%s: %s → %s", (kind, before, after, field) => {
    const [line, ...others] = told(diffOf(one(kind, before), one(kind, after)));
    expect(line).toMatch(`${kind} one: is refused ! Kubernetes changes ${field} of no ${kind} that exists`);
    expect(line).toContain(`kubectl delete ${kind.toLowerCase()} one -n dev`);
    expect(others).toEqual([]);
  });

  test.each([
    ["StatefulSet", "spec: { replicas: 1 }", "spec: { replicas: 1, minReadySeconds: 2 }"],
    ["ConfigMap", "data: { a: b }", "data: { a: c }"],
    ["Service", "spec: { type: ClusterIP }", "spec: { type: LoadBalancer }"],
    ["PersistentVolumeClaim", "spec: {}", "spec: { volumeName: a }"],
  ])("and what it changes: %s: %s → %s", (kind, before, after) => {
    expect(told(diffOf(one(kind, before), one(kind, after)))).toEqual([]);
  });
});

test("what must not be missed stands on top, and every format has the sentences", () => {
  const groups = changeOf(backend("replicas: 5"), edit(backend("replicas: 2"), file, ["size: 1Gi", "size: 500Mi"]));
  expect(headlines(groups[0] as GroupDiff).map(({ text }) => text)).toEqual([
    "is refused",
    "removes pods",
    "replicas 5 → 2",
  ]);
  const diff = { base: "a", head: "b", groups };
  expect(diffText(diff)).toContain("      ! 5 → 2 pods at once\n");
  expect(diffMarkdown(diff)).toContain("  - **5 → 2 pods at once**\n");
  expect(diffHtml(diff, () => undefined, new Map())).toContain('<p class="note">5 → 2 pods at once</p>');
});
