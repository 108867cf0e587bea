import { isDeepStrictEqual } from "node:util";
import type { Cluster } from "../generators/model/cluster.ts";
import type { Environment } from "../generators/model/environment.ts";
import type { Input, Platform } from "../generators/model/platform.ts";
import { primaryOf, weightOf } from "../generators/model/resolve.ts";
import { type Change, carryOut, type Edit } from "./lib/change.ts";
import { main, rootOf, UserError } from "./lib/cli.ts";
import { clusterOptions, contextOf, isReachable, requireReachable } from "./lib/cluster.ts";
import { type Clone, succeeds } from "./lib/git.ts";
import { firstSeen, isShallow } from "./lib/history.ts";
import { unhealthy } from "./lib/live.ts";
import {
  changeOptions,
  describeRelease,
  findCluster,
  findEnvironment,
  findService,
  findVersion,
  requireServices,
  subjectOf,
  weightEdits,
} from "./lib/services.ts";

await main({
  usage: "npm run promote --",
  positionals: "SERVICE…",
  summary:
    "Copies the release of services from one environment to another; replicas, weights and resources stay. With --finish, the canary becomes the primary. One commit.",
  examples: ["backend --from staging --to prod --as canary --weight 10 --push", "backend --to prod --finish --pr"],
  options: {
    from: { type: "string", value: "NAME", help: "The environment to take the primary's release from." },
    to: { type: "string", value: "NAME", help: "The environment that gets it." },
    as: {
      type: "string",
      value: "VERSION",
      help: "The version that gets it, or the one that --finish takes. Default: the primary; canary with --finish.",
    },
    weight: { type: "string", value: "N", help: "Weight of that version from now on, %. Default: as it is." },
    finish: { type: "boolean", help: "Make the canary's release the primary's, with all the weight. Needs --to only." },
    force: {
      type: "boolean",
      help: "Promote what was not in the environment before, or is not healthy there; the commit says so.",
    },
    context: clusterOptions.context,
    ...changeOptions,
  },
  run: ({ from, to, as, weight, finish, force, context, root, ...options }, positionals) => {
    const names = requireServices(positionals);
    if (finish && (from || weight))
      throw new UserError("--finish takes neither --from nor --weight: it moves a release within one environment");
    if (weight !== undefined && !(/^\d{1,3}$/.test(weight) && Number(weight) <= 100))
      throw new UserError(`--weight ${weight}: must be a whole number from 0 to 100`);
    if (weight !== undefined && !as)
      throw new UserError("--weight goes with --as VERSION: the primary gets what the others leave");
    return carryOut(rootOf(root), options, async (platform, clone, texts): Promise<Change> => {
      const target = findEnvironment(platform, to, "--to");
      if (finish) {
        const change = finishCanary(target, names, as ?? "canary", texts, force ?? false);
        const health = await checkHealth(platform, target, names, context, force ?? false);
        return { ...change, body: [...change.body, ...health.trailers], notes: [...change.notes, ...health.notes] };
      }
      const source = findEnvironment(platform, from, "--from");
      if (source === target) throw new UserError(`--from and --to are both ${target.value.name}`);
      const moves = names.map((name) => move(source, target, name, as, weight, texts));
      const gate = environmentBefore(platform, target, source);
      const followed = await followedBranch(clone, findCluster(platform, gate.value.cluster).value);
      const orders = await Promise.all(
        names.map((name) => checkOrder(clone, followed, gate, source, name, force ?? false)),
      );
      const health = await checkHealth(platform, source, names, context, force ?? false);
      return {
        subject: subjectOf("promote", target, moves),
        services: names,
        body: [...orders, health].flatMap(({ trailers }) => trailers),
        notes: [...orders, health].flatMap(({ notes }) => notes),
        edits: moves.flatMap(({ edits }) => edits),
      };
    });
  },
});

interface Move {
  readonly text: string;
  readonly edits: readonly Edit[];
}

/** Copies the release of the source's primary, and sets the weight where that is asked for. */
function move(
  source: Input<Environment>,
  target: Input<Environment>,
  name: string,
  as: string | undefined,
  weight: string | undefined,
  texts: ReadonlyMap<string, string>,
): Move {
  const origin = primaryOf(findService(source, name));
  const place = as ?? primaryOf(findService(target, name));
  const before = findVersion(target, name, place).release;
  const after = findVersion(source, name, origin).release;
  const release = releaseEdit(
    { file: source.file, name, version: origin },
    { file: target.file, name, version: place },
    before,
    after,
    texts,
  );
  const weights = weight === undefined ? [] : weightEdits(target, name, new Map([[place, Number(weight)]]));
  const suffix = `${as ? ` as ${as}` : ""}${weight === undefined ? "" : ` at ${weight} %`}`;
  return {
    text: `${name} ${describeRelease(before, after)} → ${describeRelease(after, before)}${suffix}`,
    edits: [...release, ...weights],
  };
}

/** The canary's release becomes the primary's, and the primary gets all the traffic. */
function finishCanary(
  target: Input<Environment>,
  names: readonly string[],
  canary: string,
  texts: ReadonlyMap<string, string>,
  force: boolean,
): Change & Required<Pick<Change, "body" | "notes">> {
  const environment = target.value.name;
  const moves = names.map((name): Move & { readonly untried: readonly string[] } => {
    const service = findService(target, name);
    const primary = primaryOf(service);
    if (primary === canary) throw new UserError(`${canary} is the primary of ${name} already`);
    const before = findVersion(target, name, primary).release;
    const after = findVersion(target, name, canary).release;
    const others = Object.keys(service.versions).filter((version) => version !== primary);
    const isUntried = !isDeepStrictEqual(before, after) && weightOf(service, findVersion(target, name, canary)) === 0;
    const untried = isUntried ? [`${canary} of ${name} has no traffic in ${environment}`] : [];
    if (isUntried && !force)
      throw new UserError(`${untried}; npm run weight -- ${name} --env ${environment} ${canary}=10, or use --force`);
    return {
      untried,
      text: `${name} ${describeRelease(before, after)} → ${describeRelease(after, before)}, finished`,
      edits: [
        ...releaseEdit(
          { file: target.file, name, version: canary },
          { file: target.file, name, version: primary },
          before,
          after,
          texts,
        ),
        ...weightEdits(target, name, new Map(others.map((version) => [version, 0]))),
      ],
    };
  });
  const forced = moves.flatMap(({ untried }) => untried);
  const edits = moves.flatMap(({ edits }) => edits);
  // The other way round, all the traffic would go to the primary's old release first.
  const order = `press Sync on ${names.map((name) => `${environment}-${name}`).join(", ")} first, and on ${environment}-routes when ${names.length === 1 ? "it is" : "they are"} Healthy`;
  return {
    subject: subjectOf("promote", target, moves),
    services: names,
    body: forced.map((text) => `Forced: ${text}`),
    notes: [
      ...forced.map((text) => `${text}; finished all the same (--force)`),
      ...(target.value.delivery.sync === "manual" && edits.length > 0 ? [order] : []),
    ],
    edits,
  };
}

interface Place {
  readonly file: string;
  readonly name: string;
  readonly version: string;
}

function releaseEdit(
  from: Place,
  to: Place,
  before: unknown,
  after: unknown,
  texts: ReadonlyMap<string, string>,
): Edit[] {
  if (isDeepStrictEqual(before, after)) return [];
  const path = ({ name, version }: Place) => ["services", name, "versions", version, "release"];
  return [
    {
      file: to.file,
      path: path(to),
      from: before,
      to: after,
      block: { text: texts.get(from.file) ?? "", path: path(from) },
    },
  ];
}

/** What a check before a promotion has found: lines for the commit's body, and for the person. */
interface Gate {
  readonly trailers: readonly string[];
  readonly notes: readonly string[];
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
  if (!(await isReachable(live))) {
    if (context !== undefined) await requireReachable(live);
    return { trailers: [], notes: [`the cluster ${cluster.name} cannot be reached: its health was not looked at`] };
  }
  const troubles = await unhealthy(live, source.value, names);
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
  const own = remotes.find(({ refs }) => refs.fetch === url) ?? remotes.find((remote) => remote.name === name);
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
  source: Input<Environment>,
  name: string,
  force: boolean,
): Promise<Gate> {
  const release = findVersion(source, name, primaryOf(findService(source, name))).release;
  const history = followed ? `refs/remotes/${followed}` : "HEAD";
  const seen = await firstSeen(git, history, gate.file, name, release.image);
  if (seen)
    return {
      trailers: [`Promoted-from: ${gate.value.name} (${seen.short} ${seen.date})`],
      notes: [
        `${name} ${release.image.tag} is in ${gate.value.name} since ${seen.short} of ${seen.date}: ${seen.subject}`,
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
