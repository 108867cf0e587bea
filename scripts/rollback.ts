import { isDeepStrictEqual } from "node:util";
import type { Environment } from "../generators/model/environment.ts";
import { effectiveRelease } from "../generators/model/place.ts";
import type { Input } from "../generators/model/platform.ts";
import { primaryOf, weightOf } from "../generators/model/resolve.ts";
import { release as releaseSchema } from "../generators/model/service.ts";
import { type Change, carryOut, type Edit } from "./lib/change.ts";
import { main, rootOf, UserError } from "./lib/cli.ts";
import type { Clone } from "./lib/clone.ts";
import { beforeLastRelease, isShallow } from "./lib/history.ts";
import { keyed, valuesOf } from "./lib/kept.ts";
import { copyRelease, findReleasable, type Releasable } from "./lib/releases.ts";
import {
  changeOptions,
  describeRelease,
  findEnvironment,
  findService,
  findVersion,
  findWorkload,
  requireServices,
  subjectOf,
  weightEdits,
} from "./lib/services.ts";

await main({
  usage: "npm run rollback --",
  positionals: "SERVICE…",
  summary:
    "Gives all the traffic back to the primary version at once; with --release, undoes its last release or promotion instead. One commit.",
  examples: ["backend --env prod --push", "backend --env prod --release --push"],
  options: {
    env: { type: "string", value: "NAME", help: "The environment." },
    release: {
      type: "boolean",
      help: "Undo the last change of the primary's release; one that is a rollback itself stays.",
    },
    ...changeOptions,
  },
  run: ({ env, release, root, ...options }, positionals) => {
    const names = requireServices(positionals);
    return carryOut(rootOf(root), options, async (platform, clone): Promise<Change> => {
      const environment = findEnvironment(platform, env);
      const undone = await Promise.all(
        names.map((name) => (release ? undoRelease(environment, name, clone) : undoWeights(environment, name))),
      );
      return {
        subject: subjectOf("rollback", environment, undone),
        services: names,
        body: undone.flatMap(({ body = [] }) => body),
        notes: undone.flatMap(({ note }) => note ?? []),
        edits: undone.flatMap(({ edits }) => edits),
      };
    });
  },
});

interface Undo {
  readonly text: string;
  readonly note?: string;
  readonly body?: readonly string[];
  readonly edits: readonly Edit[];
}

function undoWeights(environment: Input<Environment>, name: string): Undo {
  if (findWorkload(environment, name).dataStore)
    throw new UserError(`${name} is a data store: it has no weights to give back; --release undoes its last release`);
  const service = findService(environment, name);
  const primary = primaryOf(service);
  const others = Object.entries(service.versions).filter(([version]) => version !== primary);
  const edits = weightEdits(environment, name, new Map(others.map(([version]) => [version, 0])));
  const moved = others.filter(([, version]) => weightOf(service, version) > 0);
  return {
    text: `${name} ${moved.map(([version, spec]) => `${version} ${weightOf(service, spec)} → 0`).join(", ") || `all at ${primary}`}`,
    ...(moved.length === 0 && { note: `${name} has all its traffic at ${primary}; --release undoes its last release` }),
    edits,
  };
}

async function undoRelease(environment: Input<Environment>, name: string, { git }: Clone): Promise<Undo> {
  const { file } = environment;
  const place = findReleasable(environment, name);
  const { path, version } = place;
  const earlier = await beforeLastRelease(git, file, path, sameness(environment, place));
  if (!earlier && (await isShallow(git)))
    throw new UserError(
      `this clone is shallow, and does not hold the release that ${name} had before in ${environment.value.name}; git fetch --unshallow brings the rest of its history`,
    );
  if (!earlier)
    throw new UserError(
      `${name} has had one release in ${environment.value.name} only: there is nothing to go back to`,
    );
  const { seen, text } = earlier;
  const parsed = (version === undefined ? releaseSchema.shape.image : releaseSchema).safeParse(earlier.value);
  if (!parsed.success)
    throw new UserError(`the release before ${seen.short} cannot be read any more; git show ${seen.short}^:${file}`);
  // The same command once more, or again after its push was interrupted: it must not bring back what it has undone.
  if (seen.subject.startsWith("rollback("))
    return {
      text: `${name} was rolled back by ${seen.short} of ${seen.date} (${seen.subject})`,
      note: `to give ${name} any other release: npm run release -- ${name} --env ${environment.value.name} --tag TAG`,
      edits: [],
    };
  const value = parsed.data;
  const before = { ...place, value, image: "image" in value ? value.image : value };
  const open = openCanaries(environment, place);
  return {
    text: `${name} ${describeRelease(place, before)} → ${describeRelease(before, place)}`,
    ...(open.length > 0 && { note: `${name}: ${open.join(", ")}; a rollback without --release takes it away` }),
    body: [`Undoes: ${seen.short} ${seen.subject}`],
    edits: copyRelease(before, place, text),
  };
}

/**
 * Whether two releases come to the same beside what the version states beside its release: a value that has moved there
 * is no release to go back from.
 */
function sameness(environment: Input<Environment>, { name, version }: Releasable) {
  if (version === undefined) return isDeepStrictEqual;
  const place = findVersion(environment, name, version);
  const runs = (value: unknown) => {
    const parsed = releaseSchema.safeParse(value);
    if (!parsed.success) return value;
    const release = effectiveRelease({ ...place, release: parsed.data });
    return new Map<string, unknown>([["image", release.image], ...valuesOf(release).map(keyed)]);
  };
  return (one: unknown, other: unknown) => isDeepStrictEqual(runs(one), runs(other));
}

/** Versions besides the primary that have traffic: `canary (6.15.0) keeps 10 %`. */
function openCanaries(environment: Input<Environment>, { name, version: primary }: Releasable): string[] {
  if (primary === undefined) return [];
  const service = findService(environment, name);
  return Object.entries(service.versions)
    .filter(([version, spec]) => version !== primary && weightOf(service, spec) > 0)
    .map(([version, spec]) => `${version} (${spec.release.image.tag}) keeps ${weightOf(service, spec)} %`);
}
