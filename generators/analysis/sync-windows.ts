import type { Fault } from "../model/faults.ts";
import type { Rule } from "./rule.ts";

/** Argo CD reads a time zone that it does not know as UTC. */
export const syncWindows: Rule = ({ platform: { environments } }) =>
  environments.flatMap(({ file, value }) =>
    (value.delivery.windows ?? []).flatMap(({ timeZone }, index): Fault[] =>
      isTimeZone(timeZone)
        ? []
        : [
            {
              file,
              path: ["delivery", "windows", index, "timeZone"],
              message: `there is no time zone ${timeZone}; use a name such as Europe/Berlin`,
            },
          ],
    ),
  );

function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
}
