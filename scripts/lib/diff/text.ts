import { chalk } from "zx";
import type { Diff, ObjectDiff } from "./diff.ts";
import { allObjects, countObjects, describeField, describeObject, describeSync, objectsOf } from "./words.ts";

const marks = { created: chalk.green("+"), changed: chalk.yellow("~"), removed: chalk.red("-") } as const;

/** A diff for the terminal: one line per field, without the values of whole objects that come or go. */
export function diffText(diff: Diff): string {
  if (diff.groups.length === 0) return `no rendered object changes between ${diff.base} and ${diff.head}`;
  const groups = diff.groups.map((group) => {
    const applications = group.applications.map((application) =>
      [`  ${chalk.bold(application.name)}`, ...application.objects.flatMap(objectLines)].join("\n"),
    );
    return [
      `${chalk.bold.underline(group.name)}  ${countObjects(objectsOf(group))}; ${describeSync(group)}`,
      ...applications,
    ].join("\n");
  });
  return [...groups, `${countObjects(allObjects(diff))} between ${diff.base} and ${diff.head}`].join("\n\n");
}

function objectLines(object: ObjectDiff): string[] {
  const effects = object.effects.length > 0 ? chalk.magenta(`  ${object.effects.join(", ")}`) : "";
  const fields = object.fields.map(describeField).map(({ path, change }) => `        ${chalk.dim(path)}  ${change}`);
  return [`    ${marks[object.action]} ${describeObject(object)}${effects}`, ...fields];
}
