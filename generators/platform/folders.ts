import { createRequire } from "node:module";
import { waves } from "../argo/waves.ts";
import type { Cluster } from "../model/cluster.ts";
import { ingress, monitoringOf } from "../model/resolve.ts";
import { browseUrl } from "../monitoring/alert.ts";
import type * as dashboardsModule from "../monitoring/dashboards/index.ts";
import { rules } from "../monitoring/rules.ts";
import { type KubernetesObject, type Unit, unit } from "../render/output.ts";
import { paths } from "../render/paths.ts";
import { peerAuthentication } from "../security/peer-authentication.ts";
import { type LoadTesterContext, loadTesterPolicies } from "./flagger.ts";
import { gitea, gitServer } from "./gitea.ts";
import { interfaceRoutes, interfaces, interfaceUrl } from "./interfaces.ts";
import { monitors } from "./monitors.ts";

/** Plain manifests of the platform: one Application, one folder. */
export interface Folder {
  /** Name of the Application and of the folder. */
  readonly name: string;
  readonly namespace: string;
  readonly wave: number;
  /** Whether its component has the namespace to itself, and makes it. */
  readonly ownNamespace: boolean;
  readonly unit: Unit;
}

/**
 * What the platform needs besides its charts; each after the component whose CRDs it uses.
 *
 * @param windows of the objectives of the cluster's services
 */
export function folders(file: string, cluster: Cluster, windows: readonly string[] = []): Folder[] {
  const { istio, gitea: git, flagger } = cluster.platform;
  const stack = monitoringOf(cluster);
  const observed = {
    namespace: stack?.namespace ?? "",
    runbooks: browseUrl(asPeopleReachIt(cluster), "generators/monitoring/runbooks.md"),
    flagger: flagger !== undefined,
  };
  const list = interfaces(cluster);
  const folder = <C extends object>(
    name: string,
    namespace: string,
    wave: number,
    context: C,
    generate: (context: C) => readonly KubernetesObject[],
    ownNamespace = false,
  ): Folder => ({
    name,
    namespace,
    wave,
    ownNamespace,
    unit: unit(paths.component(cluster.name, name), file, name, context, generate),
  });
  return [
    ...(git ? [folder(gitServer.name, gitServer.namespace, waves.platform.foundations, git, gitea, true)] : []),
    ...(istio
      ? [folder("mesh", "istio-system", waves.platform.mesh, { flagger, monitoring: stack }, meshObjects)]
      : []),
    ...(stack
      ? [
          folder("monitors", stack.namespace, waves.platform.configuration, { namespace: stack.namespace }, monitors),
          folder("rules", stack.namespace, waves.platform.configuration, { ...observed, windows }, rules),
          folder("dashboards", stack.namespace, waves.platform.configuration, observed, (context) =>
            dashboards().dashboards(context),
          ),
        ]
      : []),
    ...(list.length > 0
      ? [
          folder(
            "interfaces",
            ingress.namespace,
            waves.platform.configuration,
            { tls: cluster.interfaces?.tls, list },
            interfaceRoutes,
          ),
        ]
      : []),
  ];
}

/** Grafana's SDK takes a quarter of the time that all else takes to load, and dashboards seldom change: so it waits for that. */
function dashboards(): typeof dashboardsModule {
  return createRequire(import.meta.url)("../monitoring/dashboards/index.ts");
}

/** The repository at its address for people, where it is on the cluster's own Git server. */
function asPeopleReachIt(cluster: Cluster): Cluster["repository"] {
  const { url, revision } = cluster.repository;
  const server = interfaceUrl(cluster, gitServer.name);
  return { url: server ? url.replace(gitServer.url, server) : url, revision };
}

/** Who may call whom in the mesh of the platform's own namespaces. */
function meshObjects({ flagger, monitoring }: LoadTesterContext): KubernetesObject[] {
  return [peerAuthentication("istio-system"), ...loadTesterPolicies({ flagger, monitoring })];
}
