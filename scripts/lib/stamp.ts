import { hash } from "node:crypto";
import { lstatSync } from "node:fs";
import { join } from "node:path";

/**
 * What the file system says of a file that was seen with a known content. The same stamp means the same content, whatever
 * the clock: stamps are compared for equality, as in Git's index, and none of their parts comes from a commit.
 */
export interface Stamp {
  readonly text: string;
  /** Time of the last change of the file, ms, by the clock of the file system. */
  readonly changed: number;
}

/** The stamp of a file; none where it is not there or is no regular file. */
export function stampOf(root: string, path: string): Stamp | undefined {
  const stat = lstatSync(join(root, path), { bigint: true, throwIfNoEntry: false });
  if (!stat?.isFile()) return undefined;
  return {
    text: `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`,
    changed: Number(stat.ctimeNs / 1_000_000n),
  };
}

/**
 * The file system's clock stands still for some milliseconds. A file that changed in the last moment may change once more
 * under the same stamp (what Git calls racily clean), ms.
 */
const clockTick = 20;

/**
 * One text for the stamps of several files.
 *
 * @param now the file system's clock; a file that has changed just before counts as unknown
 * @returns none where the stamp of a file is not known
 */
export function sealStamps(stamps: readonly (Stamp | undefined)[], now = Number.POSITIVE_INFINITY): string | undefined {
  const known = stamps.filter((stamp) => stamp !== undefined);
  if (known.length < stamps.length || known.some(({ changed }) => changed >= now - clockTick)) return undefined;
  return hash("sha1", known.map(({ text }) => text).join("\n"));
}

/** Git's name of a file's content. */
export function blobId(text: string, algorithm: "sha1" | "sha256" = "sha1"): string {
  return hash(algorithm, `blob ${Buffer.byteLength(text)}\0${text}`);
}
