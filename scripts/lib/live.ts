import type { Environment } from "../../generators/model/environment.ts";
import { namespaceOf, weightOf } from "../../generators/model/resolve.ts";
import { type ApplicationState, environmentOf, isSettled, readApplications } from "./applications.ts";
import { type LiveDeployment, type RolloutState, rolloutState } from "./canary.ts";
import { type LiveCluster, type LiveObject, list } from "./cluster.ts";
import { weightsOf } from "./diff/compare.ts";

/** The image of a workload, which is part of its inputs. */
interface ImageState {
  readonly tag: string;
  readonly digest?: string;
}

/** What a version is: in Git as the inputs say it, on the cluster as its Deployment and routes say it. */
export interface VersionState extends ImageState {
  /** Share of the traffic, %. */
  readonly weight: number;
}

/** How many pods are ready, of how many. */
interface PodCounts {
  readonly ready: number;
  readonly wanted: number;
}

export interface VersionStatus {
  readonly version: string;
  readonly git: VersionState;
  /** None where the cluster has no such Deployment. */
  readonly live?: VersionState & PodCounts;
}

export interface ServiceStatus {
  readonly service: string;
  readonly versions: readonly VersionStatus[];
  /** How far Flagger is with the release in Git; none where the weights stand in Git. */
  readonly rollout?: RolloutState;
  readonly sync: string;
  readonly health: string;
}

export interface DataStoreStatus {
  readonly dataStore: string;
  readonly git: ImageState;
  /** None where the cluster has no such StatefulSet. */
  readonly live?: ImageState & PodCounts;
  readonly sync: string;
  readonly health: string;
}

export interface EnvironmentStatus {
  readonly environment: string;
  readonly delivery: "automated" | "manual";
  readonly services: readonly ServiceStatus[];
  readonly dataStores: readonly DataStoreStatus[];
  /** What is not as it should be, one line each. */
  readonly problems: readonly string[];
  /** Applications that wait for a person to press Sync. */
  readonly waiting: readonly string[];
  /** What waits for a person to confirm its deletion: `Namespace dev-orders (dev-namespaces)`. */
  readonly unconfirmed: readonly string[];
}

/** Everything of the cluster that a status is made of, read at one moment. */
export interface Snapshot {
  readonly applications: readonly ApplicationState[];
  readonly deployments: readonly LiveObject[];
  readonly statefulSets: readonly LiveObject[];
  readonly routes: readonly LiveObject[];
  readonly canaries: readonly LiveObject[];
  readonly pods: readonly LiveObject[];
}

/** Reads what a status needs of the cluster. */
export async function readSnapshot(live: LiveCluster): Promise<Snapshot> {
  const [applications, deployments, statefulSets, routes, canaries, pods] = await Promise.all([
    readApplications(live),
    list(live, "deployments.apps"),
    list(live, "statefulsets.apps"),
    list(live, "virtualservices.networking.istio.io"),
    list(live, "canaries.flagger.app"),
    list(live, "pods"),
  ]);
  return { applications, deployments, statefulSets, routes, canaries, pods };
}

/** Compares an environment in Git with what the cluster has of it. */
export function environmentStatus(environment: Environment, snapshot: Snapshot): EnvironmentStatus {
  const { name, delivery } = environment;
  const own = snapshot.applications.filter((state) => environmentOf(state) === name);
  const application = (child: string) => own.find((state) => state.name === `${name}-${child}`);
  const namespaces = new Set(
    Object.keys({ ...environment.services, ...environment.dataStores }).map((workload) =>
      namespaceOf(environment, workload),
    ),
  );
  const settled = (workload: string) => {
    const { sync = "Missing", health = "Missing" } = application(workload) ?? {};
    return { sync, health };
  };
  const services = Object.keys(environment.services).map((service): ServiceStatus => {
    const rollout = rolloutOf(environment, service, snapshot);
    const versions = versionsOf(environment, service, snapshot, rollout);
    return { service, versions, ...(rollout && { rollout }), ...settled(service) };
  });
  const dataStores = Object.entries(environment.dataStores).map(([dataStore, { image }]): DataStoreStatus => {
    const found = snapshot.statefulSets.find(finder(environment, dataStore)(dataStore));
    return { dataStore, git: declaredState(image), ...(found && { live: runningState(found) }), ...settled(dataStore) };
  });
  return {
    environment: name,
    delivery: delivery.sync,
    services,
    dataStores,
    problems: [
      ...own
        .filter((state) => !isSettled(state) || (state.message && state.unconfirmed.length === 0))
        .map(({ name, sync, health, message }) => `${name}: ${sync}, ${health}${message && `: ${message}`}`),
      ...snapshot.pods.filter(({ metadata }) => namespaces.has(metadata?.namespace ?? "")).flatMap(podProblem),
    ],
    unconfirmed: own.flatMap(({ name, unconfirmed, givenUp }) =>
      // It can be confirmed only while a sync waits for it.
      unconfirmed.map((object) => `${object} (${name}${givenUp ? "; press Sync with Prune first" : ""})`),
    ),
    waiting: own.filter(({ automated, sync }) => !automated && sync === "OutOfSync").map((state) => state.name),
  };
}

/**
 * What of some services and data stores of an environment is not Synced and Healthy, or not yet what the inputs say.
 *
 * @returns one line for each; empty where all is well
 */
export function troublesOf({ services, dataStores }: EnvironmentStatus, names: readonly string[]): string[] {
  const imageTrouble = (name: string, { git, live }: Pick<DataStoreStatus, "git" | "live">) => {
    const [runs, wanted] = describeImages(live, git);
    return runs === wanted ? [] : [`${name} runs ${runs ?? "nothing"} and not ${wanted}`];
  };
  const isSound = ({ sync, health }: { sync: string; health: string }) => sync === "Synced" && health === "Healthy";
  return [
    ...services.flatMap((status) => {
      const { service, sync, health, versions, rollout } = status;
      if (!names.includes(service)) return [];
      if (rollout && rollout.state !== "serving")
        return [`the rollout of ${service} is ${rollout.state}: ${rollout.message}`];
      if (!isSound(status)) return [`${service} is ${sync} and ${health}`];
      return versions.flatMap((one) => imageTrouble(`${service} ${one.version}`, one));
    }),
    ...dataStores.flatMap((status) => {
      const { dataStore, sync, health } = status;
      if (!names.includes(dataStore)) return [];
      return isSound(status) ? imageTrouble(dataStore, status) : [`${dataStore} is ${sync} and ${health}`];
    }),
  ];
}

/** Finds objects by name in the namespace of a service or data store. */
function finder(environment: Environment, workload: string): (name: string) => (object: LiveObject) => boolean {
  const namespace = namespaceOf(environment, workload);
  return (name) => (object) => object.metadata?.name === name && object.metadata.namespace === namespace;
}

/** Flagger's state of a service; none where it is not Flagger's, here or on the cluster. */
function rolloutOf(
  environment: Environment,
  service: string,
  { deployments, canaries }: Snapshot,
): RolloutState | undefined {
  const { rollout, versions = {} } = environment.services[service] ?? {};
  if (rollout?.strategy !== "flagger") return undefined;
  const named = finder(environment, service);
  const [version = ""] = Object.keys(versions);
  const canary = canaries.find(named(service));
  const target = deployments.find(named(`${service}-${version}`));
  const primary = deployments.find(named(`${service}-${version}-primary`));
  return canary && target && rolloutState(canary, target as LiveDeployment, primary as LiveDeployment | undefined);
}

function versionsOf(
  environment: Environment,
  service: string,
  { deployments, routes }: Snapshot,
  rollout: RolloutState | undefined,
): VersionStatus[] {
  const spec = environment.services[service];
  const named = finder(environment, service);
  const weights = liveWeights(routes.find(named(service)));
  return Object.entries(spec?.versions ?? {}).map(([version, place]): VersionStatus => {
    const git = { ...declaredState(place.release.image), weight: spec ? weightOf(spec, place) : 0 };
    // What serves is Flagger's copy; the Deployment in Git has pods only while they are analysed.
    const deployment = deployments.find(named(`${service}-${version}${rollout ? "-primary" : ""}`));
    if (!deployment) return { version, git };
    const weight = rollout ? 100 - rollout.weight : (weights?.get(version) ?? 0);
    return { version, git, live: { ...runningState(deployment), weight } };
  });
}

/** What the inputs say of an image, without its repository. */
const declaredState = ({ tag, digest }: ImageState): ImageState => ({ tag, ...(digest && { digest }) });

/** What a Deployment or StatefulSet runs. */
function runningState({ spec, status }: LiveObject): ImageState & PodCounts {
  const [container] = spec.template.spec.containers as { image: string }[];
  return { ...imageState(container?.image ?? ""), ready: status?.readyReplicas ?? 0, wanted: spec.replicas ?? 1 };
}

/** Weights of the route that requests without a special header take: the last one. */
export function liveWeights(route: LiveObject | undefined): ReadonlyMap<string, number> | undefined {
  const rules = [...(route?.spec?.http ?? []), ...(route?.spec?.tcp ?? [])] as { route?: unknown }[];
  return weightsOf(rules.at(-1)?.route);
}

/** `6.14.0` and `sha256:…` of `ghcr.io/stefanprodan/podinfo:6.14.0@sha256:…` */
export function imageState(image: string): ImageState {
  const [name = "", digest] = image.split("@");
  return { tag: /:([^/:]+)$/.exec(name)?.[1] ?? name, ...(digest && { digest }) };
}

/** The images of both in a word each: the tag, and the digest only where it makes the difference. */
export function describeImages(live: ImageState | undefined, git: ImageState): [live: string | undefined, git: string] {
  if (live?.tag !== git.tag || live.digest === git.digest) return [live?.tag, git.tag];
  const withDigest = ({ tag, digest }: ImageState) => (digest ? `${tag}@${digest.slice(0, 15)}` : tag);
  return [withDigest(live), withDigest(git)];
}

/** Why a pod does not run, as its scheduler and kubelet say; nothing for one that does. */
function podProblem({ metadata, status = {} }: LiveObject): string[] {
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])] as {
    name: string;
    ready: boolean;
    state: { waiting?: { reason: string; message?: string }; terminated?: { reason: string; exitCode: number } };
  }[];
  const name = `pod ${metadata?.namespace}/${metadata?.name}`;
  const unscheduled = (status.conditions ?? []).find(
    (condition: { type: string; status: string }) => condition.type === "PodScheduled" && condition.status === "False",
  );
  if (unscheduled) return [`${name}: cannot be scheduled: ${unscheduled.message}`];
  const waiting = containers.find(
    ({ state }) => state.waiting && !/^(ContainerCreating|PodInitializing)$/.test(state.waiting.reason),
  )?.state.waiting;
  if (waiting) return [`${name}: ${waiting.reason}${waiting.message ? `: ${waiting.message}` : ""}`];
  const notReady = status.phase === "Running" && containers.some(({ ready, state }) => !ready && !state.terminated);
  return notReady ? [`${name}: not ready`] : [];
}
