import { fileName } from "../../../generators/render/output.ts";
import type { Applications, Effect, Manifest, Place } from "./argo.ts";
import type { FieldChange } from "./compare.ts";

/** An effect, which is counted, or a sentence about one, which is not. */
export interface Consequence {
  readonly effect?: Effect;
  /** What happens and what to do, in plain words. */
  readonly note?: string;
}

/** An object on both sides of a change, with its surroundings. */
export interface Changed {
  readonly before?: Manifest | undefined;
  readonly after?: Manifest | undefined;
  readonly fields: readonly FieldChange[];
  readonly place: Place;
  readonly applications: Applications;
}

/** An object of the same folder on both sides of a change. */
export function neighbour({ place, applications }: Changed, kind: string, name: string) {
  const path = `${place.folder}/${fileName({ kind, metadata: { name } })}`;
  return { before: applications.before(path), after: applications.after(path) };
}
