import { z } from "zod";
import type { Forge, Pull } from "./forge.ts";
import type { Repository } from "./repository.ts";

/** Bitbucket Cloud, https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/ */

const cloudOne = z.object({ id: z.number(), links: z.object({ html: z.object({ href: z.string() }) }) });
const cloudListed = z.object({
  ...cloudOne.shape,
  source: z.object({ repository: z.object({ full_name: z.string() }).nullish() }),
  reviewers: z.array(z.object({ uuid: z.string() })).optional(),
});
const cloudApi = ({ root }: Repository) => `${root.replace("://bitbucket.org", "://api.bitbucket.org")}/2.0`;
const cloudCollection = ({ to }: Pull) => `${cloudApi(to)}/repositories/${to.path}/pullrequests`;
const quoted = (text: string) => JSON.stringify(text);

export const bitbucket: Forge = {
  limit: 32_000,
  createPage: ({ from, to, branch, base }) =>
    `${from.page}/pull-requests/new?${new URLSearchParams({ source: branch, dest: `${to.path}::${base}` })}`,
  api: cloudApi,
  headers: ({ value }) => ({ Authorization: `Bearer ${value}` }),
  find: async (pull, ask) => {
    const q = `state = "OPEN" AND source.branch.name = ${quoted(pull.branch)} AND destination.branch.name = ${quoted(pull.base)}`;
    // Reviewers are not part of a list unless they are asked for.
    const query = { q, fields: "+values.reviewers", pagelen: "50" };
    const { values } = await ask(z.object({ values: z.array(cloudListed) }), "GET", cloudCollection(pull), { query });
    const found = values.find(
      ({ source }) => source.repository?.full_name.toLowerCase() === pull.from.path.toLowerCase(),
    );
    const reviewers = found?.reviewers?.map(({ uuid }) => ({ uuid }));
    return found && { id: found.id, page: found.links.html.href, ...(reviewers && { kept: { reviewers } }) };
  },
  create: async (pull, ask) => {
    const { title, body: description, branch, base, from } = pull;
    const source = { branch: { name: branch }, repository: { full_name: from.path } };
    const body = { title, description, source, destination: { branch: { name: base } } };
    return (await ask(cloudOne, "POST", cloudCollection(pull), { body })).links.html.href;
  },
  update: async ({ id, kept }, pull, ask) => {
    const { title, body: description } = pull;
    const body = { title, description, ...kept };
    return (await ask(cloudOne, "PUT", `${cloudCollection(pull)}/${id}`, { body })).links.html.href;
  },
};

/** Bitbucket Data Center, https://developer.atlassian.com/server/bitbucket/rest/ */

const link = z.object({ href: z.string() });
const serverOne = z.object({ id: z.number(), links: z.object({ self: z.tuple([link], link) }) });
const serverListed = z.object({
  ...serverOne.shape,
  version: z.number(),
  toRef: z.object({
    displayId: z.string(),
    repository: z.object({ slug: z.string(), project: z.object({ key: z.string() }) }),
  }),
  reviewers: z.array(z.object({ user: z.object({ name: z.string() }) })),
});
const pathOf = ({ path }: Repository) => path.split("/") as [project: string, name: string];
const serverCollection = (repository: Repository) => {
  const [project, name] = pathOf(repository);
  return `${repository.root}/rest/api/1.0/projects/${project}/repos/${name}/pull-requests`;
};
const refOf = (repository: Repository, branch: string) => {
  const [key, slug] = pathOf(repository);
  return { id: `refs/heads/${branch}`, repository: { slug, project: { key } } };
};

export const bitbucketServer: Forge = {
  limit: 32_000,
  createPage: ({ from, branch, base }) =>
    `${from.page}/pull-requests?${new URLSearchParams({ create: "", sourceBranch: `refs/heads/${branch}`, targetBranch: `refs/heads/${base}` })}`,
  api: ({ root }) => root,
  headers: ({ value }) => ({ Authorization: `Bearer ${value}` }),
  find: async ({ from, to, branch, base }, ask) => {
    const query = { state: "OPEN", direction: "OUTGOING", at: `refs/heads/${branch}`, limit: "100" };
    const { values } = await ask(z.object({ values: z.array(serverListed) }), "GET", serverCollection(from), { query });
    const target = to.path.toLowerCase();
    const found = values.find(
      ({ toRef: { displayId, repository } }) =>
        displayId === base && `${repository.project.key}/${repository.slug}`.toLowerCase() === target,
    );
    if (!found) return undefined;
    // It refuses an update of an older version, and takes away the reviewers that are left out.
    const reviewers = found.reviewers.map(({ user: { name } }) => ({ user: { name } }));
    return { id: found.id, page: found.links.self[0].href, kept: { version: found.version, reviewers } };
  },
  create: async ({ title, body: description, from, to, branch, base }, ask) => {
    const body = { title, description, fromRef: refOf(from, branch), toRef: refOf(to, base) };
    return (await ask(serverOne, "POST", serverCollection(to), { body })).links.self[0].href;
  },
  update: async ({ id, kept }, { title, body: description, to }, ask) => {
    const body = { title, description, ...kept };
    return (await ask(serverOne, "PUT", `${serverCollection(to)}/${id}`, { body })).links.self[0].href;
  },
};
