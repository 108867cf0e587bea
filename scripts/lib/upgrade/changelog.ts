/**
 * What a changelog says of the versions between two commits: its sections that were not there before.
 *
 * @param before text of the changelog at the first commit; empty where there was none
 */
export function newEntries(before: string, after: string): string {
  const known = new Set(sections(before));
  return sections(after)
    .filter((section) => !known.has(section))
    .join("\n\n");
}

/** Sections of the second level, each with its heading. */
const sections = (text: string) =>
  text
    .split(/^(?=## )/m)
    .filter((section) => section.startsWith("## "))
    .map((section) => section.trim());
