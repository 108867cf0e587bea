import { $ } from "zx/core";
import { UserError } from "../cli.ts";
import { type Clone, openClone } from "../clone.ts";
import { openGit, readAt } from "../git.ts";
import { trailer } from "./carry-out.ts";
import { installsSame, type Lock } from "./packages.ts";
import { readWaiting, removeWorktree } from "./worktree.ts";

/**
 * Undoes an upgrade: one that waits for a person, or the last commit, where that is one and nobody else has it.
 *
 * @returns what was done, for people
 * @throws UserError where there are commits on top, or it was pushed, with the command that undoes it then
 */
export async function undo(root: string, say: (line: string) => void): Promise<string> {
  if (readWaiting(root)) {
    await removeWorktree(root, openGit(root));
    return "the upgrade was given up; nothing had been changed";
  }
  const clone = await openClone(root);
  const { git } = clone;
  const format = `--format=%H %(trailers:key=${trailer},valueonly=true,separator=%x20)`;
  const head = (await git.revparse("HEAD")).trim();
  const last = (await git.raw("log", "-1", `--grep=^${trailer}: `, format)).trim().split(" ")[0];
  if (!last) throw new UserError("there is no upgrade to undo");
  const otherwise = `git revert ${last.slice(0, 8)}, npm ci, npm run render`;
  if (last !== head) throw new UserError(`there are commits on top of the upgrade, which stay with: ${otherwise}`);
  const refs = await git.raw("for-each-ref", "--contains", head, "--format=%(refname:lstrip=2)", "refs/remotes");
  const elsewhere = refs.split("\n").find((name) => name && !name.endsWith("/HEAD"));
  if (elsewhere) throw new UserError(`the upgrade is on ${elsewhere} already; to undo it there too: ${otherwise}`);
  const parent = (await git.revparse("HEAD^")).trim();
  const isSame = installsSame(await lockAt(clone, head), await lockAt(clone, parent));
  await git.raw("reset", "--quiet", "--keep", parent);
  if (!isSame) {
    say("packages: npm ci (at most 15m)");
    const { exitCode } = await $({ cwd: root, quiet: true, nothrow: true, timeout: "15m" })`npm ci --prefer-offline`;
    if (exitCode !== 0) say("npm ci failed; run it again");
  }
  return `undone: the branch ${clone.branch} is at ${parent.slice(0, 8)} again`;
}

const lockAt = async ({ git }: Clone, commit: string) =>
  JSON.parse((await readAt(git, commit, "package-lock.json")) ?? "{}") as Lock;
