import { type Change, carryOut, type Edit } from "./lib/change.ts";
import { main, rootOf, UserError } from "./lib/cli.ts";
import { findReleasable, imagePath } from "./lib/releases.ts";
import { changeOptions, findEnvironment, requireServices, subjectOf } from "./lib/services.ts";

await main({
  usage: "npm run release --",
  positionals: "SERVICE…",
  summary:
    "Sets the image that a service or data store runs in an environment: what an application's CI calls. One commit.",
  examples: ["backend --env dev --tag 6.16.0 --push", "backend frontend --env dev --tag 6.16.0 --pr"],
  options: {
    env: { type: "string", value: "NAME", help: "The environment." },
    tag: { type: "string", value: "TAG", help: "Tag of the image." },
    digest: {
      type: "string",
      value: "sha256:…",
      help: "Digest of the image. Default: none, and one that is there goes.",
    },
    as: {
      type: "string",
      value: "VERSION",
      help: "The version that gets it. Default: the primary; a data store has none.",
    },
    ...changeOptions,
  },
  run: ({ env, tag, digest, as, root, ...options }, positionals) => {
    const names = requireServices(positionals);
    if (!tag) throw new UserError("--tag is missing: the tag of the image to release");
    return carryOut(rootOf(root), options, (platform): Change => {
      const environment = findEnvironment(platform, env);
      const changes = names.map((name) => {
        const place = findReleasable(environment, name, as);
        const { image } = place;
        const path = imagePath(place);
        const edit = (key: string, from: string | undefined, to: string | undefined): Edit[] =>
          from === to ? [] : [{ file: environment.file, path: [...path, key], from, to }];
        const edits = [...edit("tag", image.tag, tag), ...edit("digest", image.digest, digest)];
        const moved = edits.length > 0 ? `${image.tag} → ${tag}` : `is at ${tag}`;
        return { edits, text: `${name}${as ? ` ${as}` : ""} ${moved}` };
      });
      return {
        subject: subjectOf("release", environment, changes),
        services: names,
        ...(digest && { body: [`Digest: ${digest}`] }),
        edits: changes.flatMap(({ edits }) => edits),
      };
    });
  },
});
