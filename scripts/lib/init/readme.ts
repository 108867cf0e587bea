import { isManual } from "./inputs.ts";
import type { Settings } from "./settings.ts";

/** The README of a team's clone: its environments, and the commands of a day. */
export function readmeOf(settings: Settings): string {
  const { name, environments, hosts, cluster, repository, revision } = settings;
  const [first = "", last = ""] = [environments[0], environments.at(-1)];
  const service = settings.service ?? "SERVICE";
  const rows = environments.map((environment, index) => {
    const syncs = isManual(settings, environment) ? "a person, in the UI of Argo CD" : "Argo CD, each commit";
    return `| [${environment}](envs/${environment}.yaml) | ${hosts[index]} | ${syncs} |`;
  });
  const promotions = environments.slice(1).map((environment, index) => {
    const from = environments[index] ?? "";
    return `| bring it from ${from} to ${environment} | \`npm run promote -- ${service} --from ${from} --to ${environment} --push\` |`;
  });
  return `# ${name}

What runs on the cluster [${cluster}](clusters/${cluster}.yaml), as Git has it. Argo CD follows the branch \`${revision}\` of
<${repository}>.

| environment | host | synced by |
|---|---|---|
${rows.join("\n")}

Everything about an environment stands in its file. \`npm run render\` turns the inputs into the manifests that Argo CD applies;
both are committed together. After a fresh clone: \`npm ci\`.

| to | do |
|---|---|
| release to ${first} | \`npm run release -- ${service} --env ${first} --tag TAG --push\` |
${promotions.map((line) => `${line}\n`).join("")}| give a canary a share of the traffic | \`npm run weight -- ${service} --env ${last} canary=10 --push\` |
| undo it | \`npm run rollback -- ${service} --env ${last} --push\` |
| change anything else | edit the input, \`npm run render\`, commit |
| see what a change does | \`npm run diff\` |
| see what runs | \`npm run status\` |
| set up the cluster, or mend it | \`npm run doctor\`, \`npm run bootstrap\` |
| check everything before a push | \`npm run check\` |
| get a later slipway | \`npm run upgrade\` |

This repository is built on slipway. [SLIPWAY.md](SLIPWAY.md) is its manual, whose examples show the platform that it ships with;
[CHANGELOG.md](CHANGELOG.md) says what each version brings.
`;
}
