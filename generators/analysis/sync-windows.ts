import type { Fault } from "../model/faults.ts";
import type { Rule } from "./rule.ts";

/**
 * Argo CD takes any text for a schedule and for a time zone. With a schedule that it cannot read it never syncs again,
 * without a word; a time zone that it does not know is UTC to it.
 */
export const syncWindows: Rule = ({ platform: { environments } }) =>
  environments.flatMap(({ file, value }) =>
    (value.delivery.windows ?? []).flatMap(({ schedule, timeZone }, index): Fault[] => {
      const path = ["delivery", "windows", index];
      const field = fields.find((candidate, at) => !isField(schedule.split(" ")[at] ?? "", candidate));
      return [
        ...(field
          ? [
              {
                file,
                path: [...path, "schedule"],
                message: `its ${field.name} must be ${field.min} to ${field.max}, such as ${field.min}, */2 or *`,
              },
            ]
          : []),
        ...(isTimeZone(timeZone)
          ? []
          : [
              {
                file,
                path: [...path, "timeZone"],
                message: `there is no time zone ${timeZone}; use a name such as Europe/Berlin`,
              },
            ]),
      ];
    }),
  );

/** Fields of a schedule as https://pkg.go.dev/github.com/robfig/cron/v3 reads them: Sunday is 0, and never 7. */
const fields = [
  { name: "minute", min: 0, max: 59, names: [] as string[] },
  { name: "hour", min: 0, max: 23, names: [] },
  { name: "day of the month", min: 1, max: 31, names: [] },
  { name: "month", min: 1, max: 12, names: "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ") },
  { name: "day of the week", min: 0, max: 6, names: "SUN MON TUE WED THU FRI SAT".split(" ") },
];

function isField(text: string, { min, max, names }: (typeof fields)[number]): boolean {
  return text.split(",").every((part) => {
    const [, from = "", to = from, step = "1"] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part) ?? [];
    const number = (word: string) => {
      const named = names.indexOf(word.toUpperCase());
      return named >= 0 ? named + min : /^\d+$/.test(word) ? Number(word) : Number.NaN;
    };
    const [low, high] = from === "*" ? [min, to === "*" ? max : Number.NaN] : [number(from), number(to)];
    return low >= min && high <= max && low <= high && Number(step) > 0;
  });
}

function isTimeZone(name: string): boolean {
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    // JavaScript takes +01:00 and any case, Argo CD neither.
    return /^[A-Z]/.test(name) && (timeZone === name || timeZone.toLowerCase() !== name.toLowerCase());
  } catch {
    return false;
  }
}
