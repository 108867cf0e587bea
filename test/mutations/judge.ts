/** Prints what notices that the code beside it is wrong: the render itself, or the first invariant that fails. Else nothing. */
import { invariants } from "../invariants/index.ts";
import { allViews, failuresOf } from "../invariants/view.ts";

/** What is wrong; none where all invariants hold. */
function complaint(): string | undefined {
  let about = "the render";
  try {
    const views = allViews();
    for (const [name, invariant] of Object.values(invariants).flatMap((own) => Object.entries(own))) {
      about = name;
      const [broken] = failuresOf(invariant, views);
      if (broken) return `${about}: ${broken}`;
    }
  } catch (error) {
    return `${about}: ${error}`;
  }
  return undefined;
}

console.log(complaint() ?? "");
