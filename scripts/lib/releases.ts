import { isDeepStrictEqual } from "node:util";
import type { Environment } from "../../generators/model/environment.ts";
import type { Path } from "../../generators/model/faults.ts";
import type { Input } from "../../generators/model/platform.ts";
import { primaryOf } from "../../generators/model/resolve.ts";
import type { Release } from "../../generators/model/service.ts";
import type { Edit } from "./change.ts";
import { UserError } from "./cli.ts";
import { findService, findVersion, findWorkload } from "./services.ts";

/** What a release replaces: the release of a version, or the image of a data store. */
export interface Releasable {
  readonly file: string;
  readonly name: string;
  /** A data store has none. */
  readonly version?: string;
  /** Where it stands in the file. */
  readonly path: Path;
  /** What stands there. */
  readonly value: Release | Release["image"];
  readonly image: Release["image"];
}

/**
 * What a release to a service or data store replaces.
 *
 * @param version of a service. Default: its primary
 * @throws UserError with a near miss, and where a version of a data store is asked for
 */
export function findReleasable(environment: Input<Environment>, name: string, version?: string): Releasable {
  const { file } = environment;
  const store = findWorkload(environment, name).dataStore;
  if (store && version !== undefined)
    throw new UserError(`${name} is a data store, which has no versions: leave ${version} out`);
  if (store) return { file, name, path: ["dataStores", name, "image"], value: store.image, image: store.image };
  const chosen = version ?? primaryOf(findService(environment, name));
  const { release } = findVersion(environment, name, chosen);
  const path = ["services", name, "versions", chosen, "release"];
  return { file, name, version: chosen, path, value: release, image: release.image };
}

/** Where the image stands. */
export function imagePath({ path, version }: Releasable): Path {
  return version === undefined ? path : [...path, "image"];
}

/**
 * The edit that puts the text of one in the place of another, comments and all; none where both are equal.
 *
 * @param text of the file that `from` stands in
 */
export function copyRelease(from: Releasable, to: Releasable, text: string): Edit[] {
  if (isDeepStrictEqual(from.value, to.value)) return [];
  return [{ file: to.file, path: to.path, from: to.value, to: from.value, block: { text, path: from.path } }];
}
