import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import type { SimpleGit } from "simple-git";
import { $ } from "zx";
import { UserError } from "../cli.ts";
import { succeeds } from "../git.ts";
import { type Delivery, type Diff, diffFiles, type FilePair } from "./diff.ts";

/**
 * The rendered diff between a commit and the work tree. It reads the files that Git says differ, and renders nothing: the
 * rendered tree is in Git.
 *
 * @param ref what to compare with. Default: where this branch left the default branch
 * @throws UserError where there is no such commit
 */
export async function diffAgainst(git: SimpleGit, root: string, ref: string | undefined): Promise<Diff> {
  const base = ref === undefined ? await defaultBase(git) : { name: ref, commit: await commitOf(git, ref) };
  const listed = await git.raw("diff", "--name-only", "--no-renames", "-z", base.commit, "--", ...folders);
  const untracked = await git.raw("ls-files", "--others", "--exclude-standard", "-z", "--", ...folders);
  const paths = [...new Set(`${listed}${untracked}`.split("\0").filter(isRendered))];
  const before = await textsAt(root, base.commit, paths);
  const pairs = paths.map((path): FilePair => ({ path, before: before.get(path), after: textOf(join(root, path)) }));
  return {
    base: `${base.name} (${base.commit.slice(0, 8)})`,
    head: "the work tree",
    groups: diffFiles(pairs, deliveries(root, pairs)),
  };
}

const folders = ["envs", "clusters", "argo-apps"];

/** A file below the folders of an environment or a cluster, and not an input beside them. */
const isRendered = (path: string) =>
  path.endsWith(".yaml") && (path.split("/").length > 2 || path.startsWith("argo-apps/"));

/** Where the branch left the default branch; on the default branch itself what it adds to the remote's, or its last commit. */
async function defaultBase(git: SimpleGit): Promise<{ name: string; commit: string }> {
  const head = await commitOf(git, "HEAD");
  for (const name of ["origin/HEAD", "origin/main", "origin/master", "main", "master"]) {
    if (!(await succeeds(git, "rev-parse", "--verify", `${name}^{commit}`))) continue;
    const commit = (await git.raw("merge-base", name, "HEAD")).trim();
    if (commit !== head) return { name, commit };
  }
  const dirty = (await git.raw("status", "--porcelain", "--", ...folders)).trim() !== "";
  if (dirty || !(await succeeds(git, "rev-parse", "--verify", "HEAD^"))) return { name: "HEAD", commit: head };
  return { name: "HEAD^", commit: await commitOf(git, "HEAD^") };
}

async function commitOf(git: SimpleGit, ref: string): Promise<string> {
  try {
    return (await git.raw("rev-parse", "--verify", `${ref}^{commit}`)).trim();
  } catch {
    throw new UserError(`there is no commit ${ref}; git fetch brings the ones of the remote`);
  }
}

/** Texts of files in a commit, in one call of Git; those that are not there are left out. */
async function textsAt(root: string, commit: string, paths: readonly string[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  if (paths.length === 0) return texts;
  const input = paths.map((path) => `${commit}:${path}\n`).join("");
  const output = (await $({ cwd: root, input, quiet: true })`git cat-file --batch`).buffer();
  let offset = 0;
  for (const path of paths) {
    const end = output.indexOf("\n", offset);
    const [, type, size] = output.toString("utf8", offset, end).split(" ");
    offset = end + 1;
    // Git answers `<name> missing` in one line.
    if (type !== "blob") continue;
    texts.set(path, output.toString("utf8", offset, offset + Number(size)));
    offset += Number(size) + 1;
  }
  return texts;
}

function textOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/** How an environment is synced, from its rendered Application: reading that is faster than reading the whole input. */
function deliveries(root: string, pairs: readonly FilePair[]): Map<string, Delivery> {
  const environments = new Set(
    pairs.flatMap(({ path }) => (path.startsWith("envs/") ? [path.split("/")[1] ?? ""] : [])),
  );
  const clusters = existsSync(join(root, "argo-apps")) ? readdirSync(join(root, "argo-apps")) : [];
  return new Map(
    [...environments].flatMap((name): [string, Delivery][] => {
      const file = clusters
        .map((cluster) => `argo-apps/${cluster}/${name}/application-${name}-namespaces.yaml`)
        .find((path) => existsSync(join(root, path)));
      if (!file) return [];
      const { spec } = load(readFileSync(join(root, file), "utf8")) as {
        spec: { syncPolicy: { automated?: { prune?: boolean } } };
      };
      const { automated } = spec.syncPolicy;
      return [[name, { sync: automated ? "automated" : "manual", prune: automated?.prune ?? false }]];
    }),
  );
}
