import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { styleText } from "node:util";
import { GitError } from "simple-git";
import { main, rootOf, UserError } from "./lib/cli.ts";
import { type Clone, openClone } from "./lib/clone.ts";
import { openGit, readAt, reason } from "./lib/git.ts";
import { undoInterrupted } from "./lib/pending.ts";
import { takeTurn } from "./lib/turn.ts";
import { finish, makeReady, reviewOf, Stopped, subjectOf, type Work, wayOn } from "./lib/upgrade/carry-out.ts";
import { newEntries } from "./lib/upgrade/changelog.ts";
import { findRange, type SourceOptions } from "./lib/upgrade/source.ts";
import { undo } from "./lib/upgrade/undo.ts";
import {
  makeWorktree,
  mergeInto,
  readWaiting,
  removeWorktree,
  type State,
  workFolder,
  writeWaiting,
} from "./lib/upgrade/worktree.ts";

interface UpgradeOptions extends SourceOptions {
  readonly dryRun: boolean;
  readonly resume: boolean;
}

await main({
  usage: "npm run upgrade --",
  summary:
    "Brings a later slipway into this clone: generators, scripts, tests, packages and pipelines. Your inputs and your own changes stay. It is made ready in a worktree, rendered, and shown; then it becomes one commit here.",
  examples: ["--dry-run", "--to v0.3.0", "--continue", "--undo"],
  options: {
    from: { type: "string", value: "URL", help: "slipway's repository. Default: the one that package.json remembers." },
    to: { type: "string", value: "REF", help: "A tag, branch or commit of it. Default: its newest version." },
    base: { type: "string", value: "REF", help: "The commit that this clone is made from, where it is not found." },
    "dry-run": { type: "boolean", help: "Show what would change, and change nothing." },
    continue: { type: "boolean", help: `Go on after what stood in the way was settled in ${workFolder}.` },
    undo: { type: "boolean", help: "Undo the last upgrade, or give up the one that waits." },
    root: { type: "string", value: "DIR", help: "The clone. Default: this repository." },
  },
  run: async ({ root: folder, "dry-run": dryRun = false, continue: resume = false, undo: isUndo, ...source }) => {
    const root = rootOf(folder);
    const interruption = new AbortController();
    const interrupt = () => interruption.abort();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt);
    const end = await takeTurn(root);
    try {
      const undone = await undoInterrupted(root);
      if (undone) console.log(undone);
      if (isUndo) console.log(await undo(root, say));
      else await upgrade(await openClone(root, interruption.signal), { ...source, dryRun, resume });
    } catch (error) {
      throw error instanceof GitError ? new UserError(`Git failed: ${reason(error)}`) : error;
    } finally {
      await undoInterrupted(root);
      end();
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
    }
  },
});

function say(line: string): void {
  console.log(line);
}

async function upgrade(clone: Clone, options: UpgradeOptions): Promise<void> {
  const { root } = clone;
  const waiting = readWaiting(root);
  if (waiting && !options.resume)
    throw new UserError(`an upgrade waits in ${workFolder}: npm run upgrade -- --continue, or --undo gives it up`);
  if (!waiting && options.resume) throw new UserError("no upgrade waits to be continued");
  const state = waiting ?? (await begin(clone, options));
  if (!state) return;
  const work: Work = { clone, folder: waiting ? join(root, workFolder) : await makeWorktree(clone), state, say };
  // What a person has settled is kept until it is committed.
  let isKept = waiting !== undefined;
  try {
    if (waiting) await requireSettled(work);
    else await merge(work);
    await makeReady(work);
    say(`\n${await reviewOf(work)}\n\n${styleText("bold", subjectOf(state))}`);
    if (options.dryRun) return say("dry run: nothing was changed");
    const commit = await finish(work);
    isKept = false;
    say(
      `committed ${commit.slice(0, 8)} on ${clone.branch}; to undo it: npm run upgrade -- --undo\nnext: npm run check`,
    );
  } catch (error) {
    if (!(error instanceof Stopped) || options.dryRun) throw error;
    isKept = true;
    writeWaiting(root, state);
    throw new UserError(`${error.message}; nothing was changed\n${wayOn}`);
  } finally {
    if (!isKept) await removeWorktree(root, openGit(root));
  }
}

/** Finds what to upgrade to, and says what it brings. @returns none where there is nothing to do */
async function begin(clone: Clone, options: UpgradeOptions): Promise<State | undefined> {
  const { git } = clone;
  const range = await findRange(clone, options);
  const { base, target, from } = range;
  const [old, next] = [base, target].map(({ version, commit }) => `${version} (${commit.slice(0, 8)})`);
  const shared = (await git.raw("merge-base", base.commit, target.commit).catch(() => "")).trim();
  if (shared === target.commit) {
    say(
      `nothing to do: this clone has slipway ${old}, and ${from} has ${base.commit === target.commit ? "nothing newer" : next}`,
    );
    return undefined;
  }
  say(`slipway ${old} → ${next} of ${from}`);
  const [before = "", after = ""] = await Promise.all(
    [base, target].map(({ commit }) => readAt(git, commit, "CHANGELOG.md")),
  );
  const entries = newEntries(before, after);
  if (entries) say(`\n${entries}\n`);
  return { ...range, head: (await git.revparse("HEAD")).trim() };
}

async function merge({ clone, folder, state }: Work): Promise<void> {
  const { conflicts, notes } = await mergeInto(clone, folder, state);
  for (const note of notes) say(styleText("yellow", note));
  if (conflicts.length === 0) return;
  for (const conflict of conflicts) say(`  ${conflict}`);
  throw new Stopped("both sides changed the same");
}

/** Takes what a person has settled in the worktree. @throws Stopped where something is left */
async function requireSettled({ clone, folder, state }: Work): Promise<void> {
  const head = (await clone.git.revparse("HEAD")).trim();
  if (head !== state.head)
    throw new UserError(
      `${clone.branch} has moved since the upgrade began (${state.head.slice(0, 8)} → ${head.slice(0, 8)}); keep what you have settled, then npm run upgrade -- --undo, and npm run upgrade`,
    );
  const git = openGit(folder);
  const unmerged = (await git.raw("diff", "--name-only", "--diff-filter=U", "-z")).split("\0").filter(Boolean);
  const open = unmerged.filter((path) => {
    const file = join(folder, path);
    return existsSync(file) && /^(<{7}|>{7}) /m.test(readFileSync(file, "utf8"));
  });
  if (open.length > 0) throw new Stopped(`${open.join(", ")}: holds a conflict still`);
}
