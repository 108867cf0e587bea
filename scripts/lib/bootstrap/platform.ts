import { chalk } from "zx/core";
import { argocdNamespace } from "../../../generators/argo/application.ts";
import { objectsBelow } from "../../../generators/index.ts";
import { paths } from "../../../generators/render/paths.ts";
import { type ApplicationState, describeState, isSettled, readApplications, waitsForPerson } from "../applications.ts";
import {
  find,
  isApplied,
  kubectl,
  type LiveCluster,
  type LiveObject,
  serverSide,
  tryKubectl,
  waitUntil,
} from "../cluster.ts";
import type { Step } from "../steps.ts";
import { followedCommit } from "./repository.ts";
import { type Target, typed } from "./target.ts";

/** The one Application that everything else follows from. */
export function rootApplied({ root, cluster, live }: Target): Step {
  const file = `${paths.root(cluster.name)}/application-root.yaml`;
  return {
    name: "Root Application",
    commands: [typed(live, "apply", ...serverSide, "-f", file)],
    look: async () => ((await isApplied(live, ["-f", `${root}/${file}`])) ? "is there" : undefined),
    ensure: async () => {
      await kubectl(live, ["apply", ...serverSide, "-f", `${root}/${file}`]);
      return `applied; it follows ${cluster.repository.revision} of ${cluster.repository.url}`;
    },
  };
}

/**
 * Everything that Argo CD syncs by itself is Synced and Healthy.
 *
 * @param seconds limit of the wait
 */
export function platformSettled(target: Target, seconds: number): Step {
  const { live } = target;
  const rendered = renderedApplications(target);
  const names = applicationNames(target);
  return {
    name: "Applications",
    commands: [typed(live, "get", "applications", "-n", argocdNamespace, "--watch")],
    look: async () => {
      const states = await readApplications(live);
      return unsettled(rendered, states, await followedCommit(target)).length === 0
        ? describeSettled(names, states)
        : undefined;
    },
    ensure: async (say) => {
      // What is Synced may be Synced with an earlier commit, until Argo CD has seen the newest.
      let commit = await followedCommit(target);
      await refresh(live, names);
      const told = new Set<string>();
      const resumed = new Set<string>();
      await waitUntil(
        "Applications to be Synced and Healthy",
        seconds,
        async () => {
          const states = await readApplications(live);
          const own = states.filter(({ name }) => names.includes(name));
          // Somebody may push meanwhile.
          if (own.some((state) => isSettled(state) && state.revision !== commit)) commit = await followedCommit(target);
          const left = unsettled(rendered, states, commit);
          for (const state of own) {
            if (left.some(({ name }) => name === state.name) || told.has(state.name)) continue;
            told.add(state.name);
            say(
              `${state.automated ? chalk.green("✓") : chalk.yellow("·")} ${state.name}  ${state.sync} ${state.health}`,
            );
          }
          for (const { name } of left.filter((state) => state.automated && state.givenUp && !resumed.has(state.name))) {
            resumed.add(name);
            await syncAnew(live, name);
            say(`${name}: its sync had failed, and is begun anew`);
          }
          return left.length === 0 ? undefined : left.map((state) => `\n  ${describeState(state)}`).join("");
        },
        [
          typed(live, "get", "applications", "-n", argocdNamespace),
          typed(live, "describe", "application", "<name>", "-n", argocdNamespace),
          "npm run status",
        ],
      );
      return describeSettled(names, await readApplications(live));
    },
  };
}

/** Names of the cluster's Applications, as they are rendered. */
export function applicationNames(target: Pick<Target, "platform" | "cluster">): string[] {
  return renderedApplications(target).map(({ name }) => name);
}

type RenderedApplication = Pick<ApplicationState, "name" | "project">;

function renderedApplications({ platform, cluster }: Pick<Target, "platform" | "cluster">): RenderedApplication[] {
  const objects = objectsBelow(platform, paths.root(cluster.name)) as LiveObject[];
  return objects
    .filter(({ kind }) => kind === "Application")
    .map(({ metadata, spec }) => ({ name: metadata?.name ?? "", project: spec.project }));
}

/** Asks Argo CD to look at the repository now, and not at its next look. */
async function refresh(live: LiveCluster, names: readonly string[]): Promise<void> {
  await tryKubectl(live, [
    "annotate",
    "applications.argoproj.io",
    "-n",
    argocdNamespace,
    "--overwrite",
    ...names,
    "argocd.argoproj.io/refresh=normal",
  ]);
}

/** Begins a sync as Argo CD would: it begins none for a commit whose sync has failed, or was ended because it took too long. */
async function syncAnew(live: LiveCluster, name: string): Promise<void> {
  const { spec } = (await find(live, "applications.argoproj.io", name, argocdNamespace)) ?? {};
  const { syncOptions, automated, retry } = spec?.syncPolicy ?? {};
  const operation = {
    initiatedBy: { username: "slipway-bootstrap" },
    sync: { prune: automated?.prune === true, syncOptions },
    retry,
  };
  const patch = ["patch", "applications.argoproj.io", name, "-n", argocdNamespace, "--type", "merge"];
  await kubectl(live, [...patch, "-p", JSON.stringify({ operation })]);
}

function unsettled(
  rendered: readonly RenderedApplication[],
  states: readonly ApplicationState[],
  commit: string,
): ApplicationState[] {
  const known = new Map(states.map((state) => [state.name, state]));
  return rendered.flatMap(({ name, project }) => {
    const state = known.get(name);
    if (!state) {
      // A child has the project that its parent is the namesake of. A parent that a person syncs makes it then.
      const parent = known.get(project);
      return parent && waitsForPerson(parent) ? [] : [missing(name, project)];
    }
    if (!isSettled(state)) return [state];
    return state.revision === commit
      ? []
      : [{ ...state, message: `Argo CD has not compared it with ${commit.slice(0, 8)} yet` }];
  });
}

function missing(name: string, project: string): ApplicationState {
  return {
    name,
    project,
    wave: 0,
    automated: true,
    sync: "Missing",
    health: "Missing",
    revision: "",
    givenUp: false,
    unconfirmed: [],
    message: "",
  };
}

function describeSettled(names: readonly string[], states: readonly ApplicationState[]): string {
  const own = states.filter(({ name }) => names.includes(name));
  const waiting = own.filter(waitsForPerson);
  const synced = `${own.length - waiting.length} of ${own.length} Synced and Healthy`;
  return waiting.length === 0 ? synced : `${synced}; ${waiting.length} wait for a person to sync them`;
}
