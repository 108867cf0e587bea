import { z } from "zod";
import { type Forge, isFromFork, type Pull } from "./forge.ts";
import type { Ask } from "./http.ts";
import type { Repository } from "./repository.ts";

/** GitLab, https://docs.gitlab.com/api/merge_requests/ */

const one = z.object({ iid: z.number(), web_url: z.string(), source_project_id: z.number().nullish() });
const project = ({ root, path }: Repository) => `${root}/api/v4/projects/${encodeURIComponent(path)}`;
const idOf = async (repository: Repository, ask: Ask) =>
  (await ask(z.object({ id: z.number() }), "GET", project(repository))).id;
const collection = ({ to }: Pull) => `${project(to)}/merge_requests`;

export const gitlab: Forge = {
  // It takes 1,048,576 characters, which nobody reads.
  limit: 65_000,
  createPage: ({ from, branch, base }) =>
    `${from.page}/-/merge_requests/new?${new URLSearchParams({
      "merge_request[source_branch]": branch,
      "merge_request[target_branch]": base,
    })}`,
  api: ({ root }) => root,
  // Personal, project and group tokens, and those of OAuth.
  headers: ({ value }) => ({ Authorization: `Bearer ${value}` }),
  find: async (pull, ask) => {
    const query = { state: "opened", source_branch: pull.branch, target_branch: pull.base };
    const list = await ask(z.array(one), "GET", collection(pull), { query });
    if (list.length === 0) return undefined;
    // A branch of that name in another fork is another one.
    const source = await idOf(pull.from, ask);
    const found = list.find(({ source_project_id }) => source_project_id === source);
    return found && { id: found.iid, page: found.web_url };
  },
  create: async (pull, ask) => {
    const { title, body: description, branch, base } = pull;
    const target = isFromFork(pull) ? { target_project_id: await idOf(pull.to, ask) } : {};
    const body = { title, description, source_branch: branch, target_branch: base, ...target };
    return (await ask(one, "POST", `${project(pull.from)}/merge_requests`, { body })).web_url;
  },
  update: async ({ id }, pull, ask) => {
    const { title, body: description } = pull;
    return (await ask(one, "PUT", `${collection(pull)}/${id}`, { body: { title, description } })).web_url;
  },
};
