import type { Fault } from "../model/faults.ts";
import type { Release } from "../model/service.ts";
import type { Rule } from "./rule.ts";

/** Branches, channels and environments: their tags move with each build. */
const moving =
  "latest|stable|unstable|edge|main|master|mainline|trunk|head|dev|devel|develop|development|nightly|daily|weekly|rolling|snapshot|canary|next|current|lts|alpha|beta|rc|preview|testing|test|qa|staging|prod|production|release|default";

/** Base systems and variants that stand behind a version, or in place of one. */
const variants =
  "alpine|debian|ubuntu|trixie|bookworm|bullseye|buster|noble|jammy|focal|fedora|rockylinux|almalinux|oraclelinux|ubi|wolfi|distroless|scratch|slim|minimal|full|jre|jdk|temurin|fpm|cli|apache|musl|glibc|otel|perl|rootless|unprivileged|nonroot|debug|amd64|arm64";

const movingTag = new RegExp(`^(?:(?:${moving}|(?:${variants})v?[\\d.]*)(?:[-_.]|$))+$`, "i");
const majorTag = new RegExp(`^v?\\d{1,2}(?:[-_.](?:${moving}|(?:${variants})v?[\\d.]*))*$`, "i");

/**
 * A tag that moves is whatever it was when a node pulled it: no commit says what runs, and none can change it. Two numbers
 * pass, `17.2`: for some images they are a whole version, and a tag does not tell for which.
 */
export const images: Rule = ({ environments }) =>
  environments.flatMap(({ input: { file, value } }) => {
    const releases = Object.entries(value.services).flatMap(([name, { versions }]) =>
      Object.entries(versions).map(([version, { release }]) => ({
        path: ["services", name, "versions", version, "release"],
        image: release.image,
      })),
    );
    const stores = Object.entries(value.dataStores).map(([name, { image }]) => ({ path: ["dataStores", name], image }));
    return [...releases, ...stores].flatMap(({ path, image }): Fault[] => {
      const message = movement(image);
      return message ? [{ file, path: [...path, "image", "tag"], message }] : [];
    });
  });

/** Why a tag does not say what runs; nothing where it does, or where a digest says it. */
export function movement({ tag, digest }: Release["image"]): string | undefined {
  if (digest) return undefined;
  if (movingTag.test(tag)) return `${tag} names no version; use a tag that stays, or add the digest`;
  return majorTag.test(tag)
    ? `${tag} names a major version, whose tag moves with each release; use a tag that stays, or add the digest`
    : undefined;
}
