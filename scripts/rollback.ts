import { type Environment, environment as schema } from "../generators/model/environment.ts";
import { parseInput } from "../generators/model/parse.ts";
import type { Input } from "../generators/model/platform.ts";
import { primaryOf, weightOf } from "../generators/model/resolve.ts";
import { type Change, carryOut, type Edit } from "./lib/change.ts";
import { main, rootOf, UserError } from "./lib/cli.ts";
import type { Clone } from "./lib/git.ts";
import { beforeLastRelease } from "./lib/history.ts";
import {
  changeOptions,
  describeRelease,
  findEnvironment,
  findService,
  findVersion,
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
  const service = findService(environment, name);
  const primary = primaryOf(service);
  const now = findVersion(environment, name, primary).release;
  const earlier = await beforeLastRelease(git, file, name, primary);
  if (!earlier)
    throw new UserError(
      `${name} has had one release in ${environment.value.name} only: there is nothing to go back to`,
    );
  const parsed = parseInput(file, earlier.text, schema);
  const before = "value" in parsed ? parsed.value.services[name]?.versions[primary]?.release : undefined;
  if (!before)
    throw new UserError(
      `the release before ${earlier.seen.short} cannot be read any more; git show ${earlier.seen.short}^:${file}`,
    );
  const { seen } = earlier;
  // The same command once more, or again after its push was interrupted: it must not bring back what it has undone.
  if (seen.subject.startsWith("rollback("))
    return {
      text: `${name} was rolled back by ${seen.short} of ${seen.date} (${seen.subject})`,
      note: `to give ${name} any other release: npm run release -- ${name} --env ${environment.value.name} --tag TAG`,
      edits: [],
    };
  const path = ["services", name, "versions", primary, "release"];
  const canaries = Object.entries(service.versions).filter(
    ([version, spec]) => version !== primary && weightOf(service, spec) > 0,
  );
  const open = canaries.map(
    ([version, spec]) => `${version} (${spec.release.image.tag}) keeps ${weightOf(service, spec)} %`,
  );
  return {
    text: `${name} ${describeRelease(now, before)} → ${describeRelease(before, now)}`,
    ...(open.length > 0 && { note: `${name}: ${open.join(", ")}; a rollback without --release takes it away` }),
    body: [`Undoes: ${seen.short} ${seen.subject}`],
    edits: [{ file, path, from: now, to: before, block: { text: earlier.text, path } }],
  };
}
