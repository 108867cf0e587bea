import type { ApplicationDiff, Diff, GroupDiff, ObjectDiff } from "./diff.ts";
import { allObjects, countObjects, describeField, describeObject, describeSync, objectsOf } from "./words.ts";

/** A little less than the 65,536 characters that GitHub takes for a comment; Azure DevOps takes more. */
export const commentLimit = 65_000;

/**
 * A diff as a pull request comment: a summary by environment, then the objects, folded. What does not fit is counted and
 * not cut off in the middle.
 *
 * @param limit most characters of the text
 */
export function diffMarkdown(diff: Diff, limit = commentLimit): string {
  const title = `### Rendered changes: ${diff.base} → ${diff.head}`;
  if (diff.groups.length === 0) return `${title}\n\nNo rendered object changes.\n`;
  const summary = ["| where | objects | then | effects |", "|---|---|---|---|", ...diff.groups.map(summaryRow)].join(
    "\n",
  );
  const head = `${title}\n\n${summary}\n`;
  const sections = diff.groups.flatMap((group) => group.applications.map((application) => section(group, application)));
  let text = head;
  const reserve = 200;
  for (const [index, next] of sections.entries()) {
    if (text.length + next.length + reserve > limit) {
      const left = diff.groups.flatMap((group) => group.applications).slice(index);
      const objects = left.flatMap((application) => application.objects);
      return `${text}\n_${left.length} more Applications (${countObjects(objects)}) do not fit here: \`npm run diff\` shows them._\n`;
    }
    text += next;
  }
  return `${text}\n_${countObjects(allObjects(diff))}._\n`;
}

function summaryRow(group: GroupDiff): string {
  const objects = objectsOf(group);
  const effects = [
    ...Map.groupBy(
      objects.flatMap((object) => object.effects),
      (effect) => effect,
    ),
  ];
  return `| **${group.name}** | ${countObjects(objects)} | ${describeSync(group)} | ${effects.map(([effect, all]) => `${effect}: ${all.length}`).join(", ") || "–"} |`;
}

function section(group: GroupDiff, { name, objects }: ApplicationDiff): string {
  const lines = objects.flatMap(objectLines);
  return `\n<details><summary><b>${group.name}</b> · ${name} · ${countObjects(objects)}</summary>\n\n${lines.join("\n")}\n\n</details>\n`;
}

function objectLines(object: ObjectDiff): string[] {
  const effects = object.effects.length > 0 ? ` – **${object.effects.join(", ")}**` : "";
  const fields = object.fields
    .map(describeField)
    .map(({ path, change }) => `  - \`${code(path)}\`: ${"`"}${code(change)}${"`"}`);
  return [`- ${object.action} \`${describeObject(object)}\`${effects}`, ...fields];
}

const code = (text: string) => text.replaceAll("`", "'").replaceAll("\n", "⏎");
