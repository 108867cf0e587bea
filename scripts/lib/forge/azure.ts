import { z } from "zod";
import { type Forge, isFromFork, type Pull } from "./forge.ts";
import { Refusal } from "./http.ts";

/** Azure DevOps Services and Server, https://learn.microsoft.com/en-us/rest/api/azure/devops/git/pull-requests */

const version = { "api-version": "7.0" };
const ref = (branch: string) => `refs/heads/${branch}`;
const one = z.object({ pullRequestId: z.number() });
const collection = ({ to }: Pull) => `${to.page.replace("/_git/", "/_apis/git/repositories/")}/pullrequests`;
const pageOf = ({ to }: Pull, id: number) => `${to.page}/pullrequest/${id}`;

export const azure: Forge = {
  // https://learn.microsoft.com/en-us/rest/api/azure/devops/git/pull-requests/update
  limit: 4_000,
  createPage: ({ to, branch, base }) =>
    `${to.page}/pullrequestcreate?${new URLSearchParams({ sourceRef: branch, targetRef: base })}`,
  api: ({ root }) => root,
  headers: ({ name, value }) => ({
    // A personal access token is a password without a user, https://learn.microsoft.com/en-us/azure/devops/integrate/how-to/call-rest-api
    Authorization:
      name === "AZURE_DEVOPS_EXT_PAT" ? `Basic ${Buffer.from(`:${value}`).toString("base64")}` : `Bearer ${value}`,
    // Else a wrong token is answered by a page to sign in on, and not by 401.
    "X-TFS-FedAuthRedirect": "Suppress",
  }),
  find: async (pull, ask) => {
    if (isFromFork(pull)) throw new Refusal("its API is not used for pull requests between repositories");
    const search = {
      "searchCriteria.status": "active",
      "searchCriteria.sourceRefName": ref(pull.branch),
      "searchCriteria.targetRefName": ref(pull.base),
    };
    const { value } = await ask(z.object({ value: z.array(one) }), "GET", collection(pull), {
      query: { ...search, ...version },
    });
    return value[0] && { id: value[0].pullRequestId, page: pageOf(pull, value[0].pullRequestId) };
  },
  create: async (pull, ask) => {
    const { title, body: description, branch, base } = pull;
    const body = { title, description, sourceRefName: ref(branch), targetRefName: ref(base) };
    return pageOf(pull, (await ask(one, "POST", collection(pull), { query: version, body })).pullRequestId);
  },
  update: async ({ id, page }, pull, ask) => {
    const { title, body: description } = pull;
    await ask(one, "PATCH", `${collection(pull)}/${id}`, { query: version, body: { title, description } });
    return page;
  },
};
