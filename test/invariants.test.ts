/** What must hold in every platform, whatever else changes. `npm run test:mutations` shows that each of these can fail. */
import { describe, expect, test } from "vitest";
import { invariants } from "./invariants/index.ts";
import { allViews, failuresOf } from "./invariants/view.ts";

const views = allViews();

describe.each(Object.entries(invariants))("%s", (_, about) => {
  test.each(Object.entries(about))("%s", (_, invariant) => {
    expect(failuresOf(invariant, views)).toEqual([]);
  });
});
