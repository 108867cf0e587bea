/** Prints what notices that the code beside it is wrong: the render itself, or the first invariant that fails. Else nothing. */
import { invariants } from "../invariants/index.ts";
import { allViews, type View } from "../invariants/view.ts";

/** What is wrong; none where all invariants hold. */
function complaint(views: readonly View[]): string | undefined {
  for (const [name, invariant] of Object.values(invariants).flatMap((about) => Object.entries(about)))
    try {
      const broken = views.flatMap((view) => [...invariant(view)]).find(([, holds]) => !holds);
      if (broken) return `${name}: ${broken[0]}`;
    } catch (error) {
      return `${name}: ${error}`;
    }
  return undefined;
}

function views(): readonly View[] | string {
  try {
    return allViews().map(({ view }) => view);
  } catch (error) {
    return `the render: ${error}`;
  }
}

const rendered = views();
console.log((typeof rendered === "string" ? rendered : complaint(rendered)) ?? "");
