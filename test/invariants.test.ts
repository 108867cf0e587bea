/** What must hold in every platform, whatever else changes. `npm run test:mutations` shows that each of these can fail. */
import { describe, expect, test } from "vitest";
import { invariants } from "./invariants/index.ts";
import { viewOf } from "./invariants/view.ts";
import { platformFolders, platformIn } from "./support.ts";

const views = Object.entries(platformFolders).map(([name, folder]) => ({ name, view: viewOf(platformIn(folder)) }));

describe.each(Object.entries(invariants))("%s", (_, about) => {
  test.each(Object.entries(about))("%s", (_, invariant) => {
    const cases = views.flatMap(({ name, view }) =>
      [...invariant(view)].map(([subject, holds]) => ({ subject: `${name}: ${subject}`, holds })),
    );
    expect(cases.length).toBeGreaterThan(0);
    expect(cases.filter(({ holds }) => !holds).map(({ subject }) => subject)).toEqual([]);
  });
});
