import { gitServer } from "../platform/gitea.ts";
import type { Rule } from "./rule.ts";

/** A cluster that follows its own Git server needs one; one that it does not follow would stay empty. */
export const gitServers: Rule = ({ platform: { clusters } }) =>
  clusters.flatMap(({ file, value: { repository, platform } }) => {
    const own = `${gitServer.url}${gitServer.administrator}/`;
    const follows = repository.url.startsWith(gitServer.url);
    if (follows && !platform.gitea)
      return [
        {
          file,
          path: ["repository", "url"],
          message: `is on a Git server of the cluster that nothing installs; add platform.gitea, or name a repository elsewhere`,
        },
      ];
    if (platform.gitea && !repository.url.startsWith(own))
      return [
        {
          file,
          path: ["platform", "gitea"],
          atKey: true,
          message: `is followed by nothing: repository.url must begin with ${own}, or leave gitea out`,
        },
      ];
    return [];
  });
