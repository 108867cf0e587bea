/** What must hold in every platform, whatever else changes. `npm run test:mutations` shows that each of these can fail. */
import { describe, expect, test } from "vitest";
import { invariants } from "./invariants/index.ts";
import { allViews } from "./invariants/view.ts";

const views = allViews();

describe.each(Object.entries(invariants))("%s", (_, about) => {
  test.each(Object.entries(about))("%s", (_, invariant) => {
    const cases = views.flatMap(({ name, view }) =>
      [...invariant(view)].map(([subject, holds]) => ({ subject: `${name}: ${subject}`, holds })),
    );
    expect(cases.length).toBeGreaterThan(0);
    expect(cases.filter(({ holds }) => !holds).map(({ subject }) => subject)).toEqual([]);
  });
});
