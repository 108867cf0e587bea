/** Prints what notices that the code beside it is wrong: the render itself, or the first invariant that fails. Else nothing. */
import { invariants } from "../invariants/index.ts";
import { type View, viewOf } from "../invariants/view.ts";
import { platformFolders, platformIn } from "../support.ts";

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
    return Object.values(platformFolders).map((folder) => viewOf(platformIn(folder)));
  } catch (error) {
    return `the render: ${error}`;
  }
}

const rendered = views();
console.log((typeof rendered === "string" ? rendered : complaint(rendered)) ?? "");
