/** Prints the first invariant that fails of the code beside it, and which subject it fails for; nothing where all hold. */
import { argo } from "../invariants/argo.ts";
import { network } from "../invariants/network.ts";
import { platform } from "../invariants/platform.ts";
import { pods } from "../invariants/pods.ts";
import { viewOf } from "../invariants/view.ts";
import { platformFolders, platformIn } from "../support.ts";

const views = Object.values(platformFolders).map((folder) => viewOf(platformIn(folder)));
for (const [name, invariant] of Object.entries({ ...pods, ...network, ...argo, ...platform })) {
  const broken = views.flatMap((view) => [...invariant(view)]).find(([, holds]) => !holds);
  if (broken) {
    console.log(`${name}: ${broken[0]}`);
    break;
  }
}
