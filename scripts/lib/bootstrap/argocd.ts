import { argocdNamespace } from "../../../generators/argo/application.ts";
import { paths } from "../../../generators/render/paths.ts";
import { UserError } from "../cli.ts";
import { explain, find, isApplied, isRolledOut, kubectl, list, serverSide, tryKubectl, waitUntil } from "../cluster.ts";
import { isConfidential } from "../forge/http.ts";
import type { Step } from "../steps.ts";
import { applyNamespaces } from "./objects.ts";
import { type Target, typed } from "./target.ts";

/** Images of Argo CD come to about 200 MB. */
const limit = 600;

/**
 * Argo CD as it is rendered: the installation with our settings, or the settings alone where the cluster has its own. An
 * Argo CD that is there already is taken over: its fields become ours.
 */
export function argocdRunning(target: Target): Step {
  const { root, cluster, live } = target;
  const folder = paths.component(cluster.name, "argocd");
  const source = cluster.platform.argocd.provided ? ["-R", "-f", folder] : ["-k", folder];
  const here = source.map((word) => (word === folder ? `${root}/${folder}` : word));
  const apply = ["apply", ...serverSide];
  return {
    name: `Argo CD ${cluster.platform.argocd.provided ? "of the cluster, with our settings" : cluster.platform.argocd.version}`,
    commands: [
      typed(live, ...apply, ...source),
      typed(live, "rollout", "status", "deployment,statefulset", "-n", argocdNamespace, `--timeout=${limit}s`),
    ],
    look: async () =>
      (await isApplied(live, here)) && (await notReady(target)) === undefined
        ? "is there, with our settings"
        : undefined,
    ensure: async (say) => {
      await applyNamespaces(target, [argocdNamespace]);
      let told = false;
      // The projects are refused until the API server knows their kind, which the same apply brings.
      await waitUntil(
        "Argo CD's objects to be accepted",
        120,
        async () => {
          const result = await tryKubectl(live, [...apply, ...here]);
          if (result.exitCode === 0) return undefined;
          if (!told && !/no matches for kind|not found/.test(result.stderr)) say(explain(live, result));
          told = true;
          return explain(live, result);
        },
        [typed(live, ...apply, ...source)],
      );
      await waitUntil("Argo CD to be ready", limit, () => notReady(target), [
        typed(live, "get", "pods", "-n", argocdNamespace),
        typed(live, "get", "events", "-n", argocdNamespace, "--sort-by=.lastTimestamp"),
      ]);
      return "ready";
    },
  };
}

async function notReady({ live }: Target): Promise<string | undefined> {
  const workloads = [
    ...(await list(live, "deployments.apps", argocdNamespace)),
    ...(await list(live, "statefulsets.apps", argocdNamespace)),
  ];
  if (workloads.length === 0) return "nothing runs in its namespace";
  const waiting = workloads.filter((workload) => !isRolledOut(workload));
  return waiting.length === 0 ? undefined : `${waiting.map(({ metadata }) => metadata?.name).join(", ")} not ready`;
}

/** The variables that bootstrap takes the password of a private repository from. */
export const credentialVariables = ["GIT_USERNAME", "GIT_PASSWORD"] as const;

/**
 * The Secret by which Argo CD reads a private repository: https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#repositories
 *
 * @throws UserError where the repository's URL would carry the password in plain text, or takes none
 */
export function repositoryCredentials({ cluster, live }: Target): Step {
  const { url } = cluster.repository;
  if (!/^https?:/.test(url) || !isConfidential(url))
    throw new UserError(
      `${credentialVariables[1]} is given to a repository at https:// alone, and this one is at ${url}; unset it, or change repository.url`,
    );
  const [username = "git", password = ""] = credentialVariables.map((name) => process.env[name]);
  const wanted: Readonly<Record<string, string>> = { type: "git", url: cluster.repository.url, username, password };
  const name = "repository";
  return {
    name: "Credentials of the repository",
    commands: [`# a Secret ${argocdNamespace}/${name} of type repository, with ${credentialVariables.join(" and ")}`],
    look: async () => {
      const { data = {} } = (await find(live, "secrets", name, argocdNamespace)) ?? {};
      const same = Object.entries(wanted).every(([key, value]) => data[key] === Buffer.from(value).toString("base64"));
      return same ? "are there" : undefined;
    },
    ensure: async () => {
      const object = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, namespace: argocdNamespace, labels: { "argocd.argoproj.io/secret-type": "repository" } },
        stringData: wanted,
      };
      await kubectl(live, ["apply", ...serverSide, "-f", "-"], JSON.stringify(object));
      return `for ${cluster.repository.url}`;
    },
  };
}
