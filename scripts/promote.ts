import type { Cluster } from "../generators/model/cluster.ts";
import type { Environment } from "../generators/model/environment.ts";
import { effectiveRelease } from "../generators/model/place.ts";
import type { Input, Platform } from "../generators/model/platform.ts";
import { primaryOf, weightOf } from "../generators/model/resolve.ts";
import { type Change, carryOut, type Edit } from "./lib/change.ts";
import { main, rootOf, UserError } from "./lib/cli.ts";
import type { Clone } from "./lib/clone.ts";
import { clusterOptions, contextOf, requireReachable, whyUnreachable } from "./lib/cluster.ts";
import { parseRemote } from "./lib/forge/repository.ts";
import { succeeds } from "./lib/git.ts";
import { firstSeen, isShallow } from "./lib/history.ts";
import { placeOf, valuesOf } from "./lib/kept.ts";
import { environmentStatus, readSnapshot, troublesOf } from "./lib/live.ts";
import { type Gate, type Move, objectToLosses, objectToTrial, settle } from "./lib/objections.ts";
import { copyRelease, findReleasable, type Releasable } from "./lib/releases.ts";
import {
  changeOptions,
  describeRelease,
  findCluster,
  findEnvironment,
  findService,
  findVersion,
  findWorkload,
  requireServices,
  subjectOf,
  weightEdits,
} from "./lib/services.ts";

await main({
  usage: "npm run promote --",
  positionals: "SERVICE…",
  summary:
    "Copies the release of services, or the image of data stores, from one environment to another; what stands beside a release stays. With --finish, the canary becomes the primary. One commit.",
  examples: [
    "backend --from staging --to prod --as canary --weight 10 --push",
    "backend --to prod --finish --pr",
    "calculator-api --from qa --to prod --each",
  ],
  options: {
    from: { type: "string", value: "NAME", help: "The environment to take the release from." },
    to: { type: "string", value: "NAME", help: "The environment that gets it." },
    "from-version": {
      type: "string",
      value: "VERSION",
      help: "The version to take the release from. Default: the primary.",
    },
    as: {
      type: "string",
      value: "VERSION",
      help: "The version that gets it, or the one that --finish takes. Default: the primary; canary with --finish.",
    },
    each: { type: "boolean", help: "Take the release of every version, each for the version of the same name." },
    weight: { type: "string", value: "N", help: "Weight of that version from now on, %. Default: as it is." },
    finish: { type: "boolean", help: "Make the canary's release the primary's, with all the weight. Needs --to only." },
    force: {
      type: "boolean",
      help: "Promote what was not in the environment before, is not healthy there, or takes values that only the target has; the commit says so.",
    },
    context: clusterOptions.context,
    ...changeOptions,
  },
  run: ({ to, finish, force: forced, context, root, ...options }, positionals) => {
    const names = requireServices(positionals);
    checkOptions({ ...options, finish });
    const force = forced ?? false;
    return carryOut(rootOf(root), options, async (platform, clone, texts): Promise<Change> => {
      const target = findEnvironment(platform, to, "--to");
      if (finish) {
        const plan = finishCanary(platform, target, names, options.as ?? "canary", texts, force);
        const losses = await objectToLosses(clone.git, target, `the primary in ${target.value.name}`, plan.moves);
        const kept = settle([losses, objectToTrial(target, plan.moves)], texts, force);
        const health = await checkHealth(platform, target, names, context, force);
        return withGates(plan.change, [kept, health]);
      }
      const source = findEnvironment(platform, options.from, "--from");
      if (source === target) throw new UserError(`--from and --to are both ${target.value.name}`);
      const plans = names.flatMap((name) => planMoves(source, target, name, options, texts));
      const moves = plans.map(({ move }) => move);
      const gate = environmentBefore(platform, target, source);
      const followed = await followedBranch(clone, findCluster(platform, gate.value.cluster).value);
      const orders = await Promise.all(moves.map(({ from }) => checkOrder(clone, followed, gate, from, force)));
      const kept = settle([await objectToLosses(clone.git, target, target.value.name, moves)], texts, force);
      const health = await checkHealth(platform, source, names, context, force);
      const change = {
        subject: subjectOf("promote", target, plans),
        services: names,
        edits: plans.flatMap(({ edits }) => edits),
        notes: moves.flatMap((move) => leftBehind(source, target, move)),
      };
      return withGates(change, [...orders, kept, health]);
    });
  },
});

interface Options {
  readonly from?: string;
  readonly "from-version"?: string;
  readonly as?: string;
  readonly each?: boolean;
  readonly weight?: string;
}

/** @throws UserError where options do not go together */
function checkOptions({ from, as, each, weight, finish, ...rest }: Options & { readonly finish?: boolean }): void {
  const version = rest["from-version"];
  if (finish && (from || weight || each || version))
    throw new UserError(
      "--finish takes neither --from, --from-version, --each nor --weight: it moves a release within one environment",
    );
  if (each && (as || version || weight))
    throw new UserError(
      "--each takes neither --as, --from-version nor --weight: every version keeps its name and weight",
    );
  if (weight !== undefined && !(/^\d{1,3}$/.test(weight) && Number(weight) <= 100))
    throw new UserError(`--weight ${weight}: must be a whole number from 0 to 100`);
  if (weight !== undefined && !as)
    throw new UserError("--weight goes with --as VERSION: the primary gets what the others leave");
}

/** Adds to a change what its checks have found. */
function withGates(change: Change, gates: readonly Gate[]): Change {
  return {
    ...change,
    body: [...new Set([...(change.body ?? []), ...gates.flatMap(({ trailers }) => trailers)])],
    notes: [...new Set([...(change.notes ?? []), ...gates.flatMap(({ notes }) => notes)])],
  };
}

/** A move with its edits and the words for it. */
interface Plan {
  readonly move: Move;
  readonly text: string;
  readonly edits: readonly Edit[];
}

/** The moves of a service or data store from one environment to another. */
function planMoves(
  source: Input<Environment>,
  target: Input<Environment>,
  name: string,
  { as, each, weight, "from-version": version }: Options,
  texts: ReadonlyMap<string, string>,
): Plan[] {
  const { service } = findWorkload(source, name);
  const plan = (taken: string | undefined, given: string | undefined, words: string): Plan => {
    const from = findReleasable(source, name, taken);
    const to = findReleasable(target, name, given);
    if ((from.version === undefined) !== (to.version === undefined))
      throw new UserError(`${name} is a data store in one of ${source.value.name} and ${target.value.name} only`);
    return {
      move: { from, to, origins: [{ file: source.file }] },
      text: `${name} ${describeRelease(to, from)} → ${describeRelease(from, to)}${words}`,
      edits: copyRelease(from, to, texts.get(from.file) ?? ""),
    };
  };
  if (each && service)
    return Object.keys(service.versions).map((one) => {
      const { text, ...rest } = plan(one, one, "");
      return { ...rest, text: text.replace(name, `${name} ${one}`) };
    });
  const words = `${version ? ` from ${version}` : ""}${as ? ` as ${as}` : ""}${weight === undefined ? "" : ` at ${weight} %`}`;
  const one = plan(version, as, words);
  const weights = weight === undefined || !as ? [] : weightEdits(target, name, new Map([[as, Number(weight)]]));
  return [{ ...one, edits: [...one.edits, ...weights] }];
}

/** Variables that stand beside the release in the source, and nowhere in the target: the release may count on them. */
function leftBehind(source: Input<Environment>, target: Input<Environment>, { from, to }: Move): string[] {
  const [there, here] = [source, target].map(({ value }, index) => {
    const { name, version = "" } = index === 0 ? from : to;
    return value.services[name]?.versions[version];
  });
  const release = there?.release;
  if (!there || !here || !release) return [];
  const known = new Set(valuesOf(effectiveRelease({ ...here, release })).map(({ key }) => key));
  return valuesOf(placeOf(there))
    .filter(({ key }) => key.startsWith("variable ") && !known.has(key))
    .map(
      ({ key }) =>
        `${from.name}: ${key} stands beside its release in ${source.value.name}, and not in ${target.value.name}`,
    );
}

/** The canary's release becomes the primary's, and the primary gets all the traffic. */
function finishCanary(
  platform: Platform,
  target: Input<Environment>,
  names: readonly string[],
  canary: string,
  texts: ReadonlyMap<string, string>,
  force: boolean,
): { moves: Move[]; change: Change } {
  const environment = target.value.name;
  const others = platform.environments.filter((one) => one !== target).map(({ file }) => ({ file }));
  const plans = names.map((name): Plan & { readonly untried: readonly string[] } => {
    const service = findService(target, name);
    const primary = primaryOf(service);
    if (primary === canary) throw new UserError(`${canary} is the primary of ${name} already`);
    const [from, to] = [findReleasable(target, name, canary), findReleasable(target, name, primary)];
    const edits = copyRelease(from, to, texts.get(from.file) ?? "");
    const isUntried = edits.length > 0 && weightOf(service, findVersion(target, name, canary)) === 0;
    const untried = isUntried ? [`${canary} of ${name} has no traffic in ${environment}`] : [];
    if (isUntried && !force)
      throw new UserError(`${untried}; npm run weight -- ${name} --env ${environment} ${canary}=10, or use --force`);
    const rest = Object.keys(service.versions).filter((version) => version !== primary);
    return {
      untried,
      // What the canary or another environment has had came with a release.
      move: { from, to, origins: [{ file: target.file, version: canary }, ...others] },
      text: `${name} ${describeRelease(to, from)} → ${describeRelease(from, to)}, finished`,
      edits: [...edits, ...weightEdits(target, name, new Map(rest.map((version) => [version, 0])))],
    };
  });
  const forced = plans.flatMap(({ untried }) => untried);
  const edits = plans.flatMap(({ edits }) => edits);
  // The other way round, all the traffic would go to the primary's old release first.
  const order = `press Sync on ${names.map((name) => `${environment}-${name}`).join(", ")} first, and on ${environment}-routes when ${names.length === 1 ? "it is" : "they are"} Healthy`;
  const change = {
    subject: subjectOf("promote", target, plans),
    services: names,
    body: forced.map((text) => `Forced: ${text}`),
    notes: [
      ...forced.map((text) => `${text}; finished all the same (--force)`),
      ...(target.value.delivery.sync === "manual" && edits.length > 0 ? [order] : []),
    ],
    edits,
  };
  return { moves: plans.map(({ move }) => move), change };
}

/** Where the cluster of the source can be reached, what is promoted must be Synced and Healthy there. */
async function checkHealth(
  platform: Platform,
  source: Input<Environment>,
  names: readonly string[],
  context: string | undefined,
  force: boolean,
): Promise<Gate> {
  const cluster = platform.clusters.find(({ value }) => value.name === source.value.cluster)?.value;
  if (!cluster || (context === undefined && cluster.provider.type !== "kind")) return { trailers: [], notes: [] };
  const live = contextOf(cluster, context);
  const why = await whyUnreachable(live);
  if (why !== undefined) {
    if (context !== undefined) await requireReachable(live);
    return { trailers: [], notes: [`health in the cluster ${cluster.name} was not looked at: ${why}`] };
  }
  const snapshot = await readSnapshot(live);
  const troubles = troublesOf(environmentStatus(source.value, snapshot), names);
  if (troubles.length === 0)
    return { trailers: [], notes: [`${names.join(", ")}: Synced and Healthy in ${source.value.name}`] };
  if (!force) {
    throw new UserError(
      `not Synced and Healthy in ${source.value.name}: ${troubles.join("; ")}; wait for it (npm run status), or use --force`,
    );
  }
  return {
    trailers: troubles.map((trouble) => `Forced: ${trouble}`),
    notes: troubles.map((trouble) => `${trouble}; promoted all the same (--force)`),
  };
}

/**
 * A release goes through the environments in the order that a cluster names them, and the first one of a cluster comes
 * after the last one of the cluster that it is promoted from.
 *
 * @returns the environment that must have had it
 */
function environmentBefore(
  platform: Platform,
  target: Input<Environment>,
  source: Input<Environment>,
): Input<Environment> {
  const orderOf = ({ value }: Input<Environment>) => findCluster(platform, value.cluster).value.environments;
  const own = orderOf(target);
  const last = source.value.cluster === target.value.cluster ? source.value.name : orderOf(source).at(-1);
  return findEnvironment(platform, own[own.indexOf(target.value.name) - 1] ?? last);
}

/**
 * The branch that a cluster follows, as this clone knows it: `origin/main`; none where it was never fetched. Its remote is
 * the one of the cluster's repository, the one that bootstrap has named after the cluster, or the one that is pushed to.
 */
async function followedBranch(
  { git, upstream }: Clone,
  { name, repository: { url, revision } }: Cluster,
): Promise<string | undefined> {
  const remotes = await git.getRemotes(true);
  // Over SSH and over HTTPS it is the same repository.
  const page = (url: string) => parseRemote(url)?.page ?? url;
  const own =
    remotes.find(({ refs }) => page(refs.fetch) === page(url)) ?? remotes.find((remote) => remote.name === name);
  const branch = `${own?.name ?? upstream?.remote}/${revision}`;
  return (await succeeds(git, "rev-parse", "--verify", `refs/remotes/${branch}`)) ? branch : undefined;
}

/**
 * A release must have been in an environment, which the history of the branch tells that the cluster follows.
 *
 * @param followed that branch; none: what is committed here
 */
async function checkOrder(
  { git }: Clone,
  followed: string | undefined,
  gate: Input<Environment>,
  release: Releasable,
  force: boolean,
): Promise<Gate> {
  const { name } = release;
  const history = followed ? `refs/remotes/${followed}` : "HEAD";
  const seen = await firstSeen(git, history, gate.file, name, release.image);
  if (seen)
    return {
      trailers: [`Promoted-from: ${gate.value.name} (${seen.short} ${seen.date})`],
      notes: [
        `${name} ${release.image.tag} came to ${gate.value.name} with ${seen.short} of ${seen.date}: ${seen.subject}`,
      ],
    };
  const here = followed ? await firstSeen(git, "HEAD", gate.file, name, release.image) : undefined;
  const missing = here
    ? `${name} ${release.image.tag} came to ${gate.value.name} with ${here.short}, which is not in ${followed} yet`
    : `${name} ${release.image.tag} was never in ${gate.value.name}`;
  if (force) return { trailers: [`Forced: ${missing}`], notes: [`${missing}; promoted all the same (--force)`] };
  if (here) throw new UserError(`${missing}; push it first, or use --force`);
  const hint = (await isShallow(git))
    ? "this clone is shallow, git fetch --unshallow shows the rest of its history"
    : `promote it to ${gate.value.name} first, or use --force`;
  throw new UserError(`${missing}; ${hint}`);
}
