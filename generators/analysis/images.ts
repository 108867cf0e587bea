import { forEachService } from "./rule.ts";

/** `latest` is whatever it was when a node pulled it: no commit says what runs, and none can change it. */
export const images = forEachService(function* (service) {
  for (const [version, { release }] of Object.entries(service.versions)) {
    const { tag, digest } = release.image;
    if (tag === "latest" && !digest)
      yield {
        path: ["versions", version, "release", "image", "tag"],
        message: "latest names no version; use a tag that stays, or add the digest",
      };
  }
});
