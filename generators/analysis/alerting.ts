import { nearMiss } from "../model/faults.ts";
import type { Rule } from "./rule.ts";

/** A misspelt environment would never wake anybody up. */
export const alerting: Rule = ({ platform: { clusters } }) =>
  clusters.flatMap(({ file, value: { environments, platform } }) =>
    (platform.monitoring?.alerting.pages ?? []).flatMap((page, index) =>
      environments.includes(page)
        ? []
        : [
            {
              file,
              path: ["platform", "monitoring", "alerting", "pages", index],
              message: `the cluster hosts no environment ${page}; ${nearMiss(page, environments) || `name ${environments.join(" or ")}`}`,
            },
          ],
    ),
  );
