import { z } from "zod";
import { type Forge, isFromFork, type Open, ownerOf, type Pull } from "./forge.ts";
import type { Ask } from "./http.ts";
import type { Repository } from "./repository.ts";

/** GitHub and GitHub Enterprise Server, https://docs.github.com/en/rest/pulls/pulls; Gitea and Forgejo have the same objects. */

export const github: Forge = {
  limit: 65_000,
  createPage: ({ from, to, branch, base, ...pull }) =>
    `${to.page}/compare/${base}...${isFromFork({ from, to, branch, base, ...pull }) ? `${ownerOf(from)}:` : ""}${branch}`,
  api: apiOf,
  headers: ({ value }) => ({
    Authorization: `Bearer ${value}`,
    Accept: "application/vnd.github+json",
    "X-GitHub-Api-Version": "2022-11-28",
  }),
  ...pulls(
    ({ to }) => `${apiOf(to)}/repos/${to.path}/pulls`,
    (pull) => ({
      state: "open",
      head: `${ownerOf(pull.from)}:${pull.branch}`,
      base: pull.base,
    }),
  ),
};

/** https://docs.gitea.com/api, and Forgejo's, which is the same: there is no search by branch. */
export const gitea: Forge = {
  limit: 65_000,
  createPage: github.createPage,
  api: ({ root }) => `${root}/api/v1`,
  headers: ({ value }) => ({ Authorization: `token ${value}` }),
  ...pulls(
    ({ to }) => `${to.root}/api/v1/repos/${to.path}/pulls`,
    ({ base }) => ({
      state: "open",
      sort: "recentupdate",
      limit: "50",
      base_branch: base,
    }),
  ),
};

function apiOf({ host, root }: Repository): string {
  const isPublic = host === "github.com" || host.endsWith(".ghe.com");
  return isPublic ? root.replace("://", "://api.") : `${root}/api/v3`;
}

const end = z.object({
  ref: z.string(),
  // None where the repository is gone, such as a fork that was deleted.
  repo: z.object({ full_name: z.string() }).nullish(),
});
const one = z.object({ number: z.number(), html_url: z.string(), head: end, base: end });

function pulls(collection: (pull: Pull) => string, search: (pull: Pull) => Readonly<Record<string, string>>) {
  const head = (pull: Pull) => (isFromFork(pull) ? `${ownerOf(pull.from)}:${pull.branch}` : pull.branch);
  const find = async (pull: Pull, ask: Ask): Promise<Open | undefined> => {
    const list = await ask(z.array(one), "GET", collection(pull), { query: search(pull) });
    const found = list.find(
      ({ head, base }) =>
        head.ref === pull.branch &&
        base.ref === pull.base &&
        head.repo?.full_name.toLowerCase() === pull.from.path.toLowerCase(),
    );
    return found && { id: found.number, page: found.html_url };
  };
  const create = async (pull: Pull, ask: Ask) => {
    const { title, body, base } = pull;
    return (await ask(one, "POST", collection(pull), { body: { title, body, base, head: head(pull) } })).html_url;
  };
  const update = async ({ id }: Open, pull: Pull, ask: Ask) => {
    const { title, body } = pull;
    return (await ask(one, "PATCH", `${collection(pull)}/${id}`, { body: { title, body } })).html_url;
  };
  return { find, create, update };
}
