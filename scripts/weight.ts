import { weightOf } from "../generators/model/resolve.ts";
import { type Change, carryOut } from "./lib/change.ts";
import { main, rootOf, UserError } from "./lib/cli.ts";
import {
  changeOptions,
  findEnvironment,
  findService,
  findVersion,
  requireServices,
  subjectOf,
  weightEdits,
} from "./lib/services.ts";

await main({
  usage: "npm run weight --",
  positionals: "SERVICE… VERSION=WEIGHT…",
  summary: "Sets the share of the traffic that versions get, %; the primary version gets the rest. One commit.",
  examples: ["backend --env prod canary=20 --push"],
  options: { env: { type: "string", value: "NAME", help: "The environment." }, ...changeOptions },
  run: ({ env, root, ...options }, positionals) => {
    const wanted = parseWeights(positionals.filter((argument) => argument.includes("=")));
    const names = requireServices(positionals.filter((argument) => !argument.includes("=")));
    return carryOut(rootOf(root), options, (platform): Change => {
      const environment = findEnvironment(platform, env);
      const parts = names.map((name) => {
        const edits = weightEdits(environment, name, wanted);
        const weights = [...wanted].map(([version, to]) => {
          const from = weightOf(findService(environment, name), findVersion(environment, name, version));
          return `${version} ${from === to ? "" : `${from} → `}${to}`;
        });
        return { text: `${name} ${weights.join(", ")}`, edits };
      });
      return {
        subject: subjectOf("weight", environment, parts),
        services: names,
        edits: parts.flatMap(({ edits }) => edits),
      };
    });
  },
});

function parseWeights(assignments: readonly string[]): Map<string, number> {
  if (assignments.length === 0) throw new UserError("name a version and its weight: for example, canary=20");
  return new Map(
    assignments.map((assignment) => {
      const [, version = "", weight = ""] = /^(.*?)=(.*)$/.exec(assignment) ?? [];
      if (!/^\d{1,3}$/.test(weight) || Number(weight) > 100) {
        throw new UserError(
          `${assignment}: the weight must be a whole number from 0 to 100, such as ${version || "canary"}=20`,
        );
      }
      return [version, Number(weight)];
    }),
  );
}
