import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { gitServer } from "../../../generators/platform/gitea.ts";
import type { Clone } from "../clone.ts";
import { commitFiles, openGit } from "../git.ts";
import { notePending } from "../pending.ts";
import { replaceFile } from "../tree.ts";
import type { InitPlan } from "./plan.ts";

/** The commit that a clone is at, and the URL of its remote `origin` without a user; either may be missing. */
export async function originOf(root: string): Promise<{ head: string; url?: string }> {
  const git = openGit(root);
  const read = (...command: string[]) =>
    git.raw(...command).then(
      (text) => text.trim(),
      () => "",
    );
  const [head, url] = [await read("rev-parse", "HEAD"), await read("remote", "get-url", "origin")];
  return { head, ...(url && { url: url.replace(/^(https?:\/\/)[^/@]*@/, "$1") }) };
}

/** Text of every file that a plan writes, rendered ones too; `null` where it is removed. */
export function filesOf({ files, render: { tree } }: InitPlan): Map<string, string | null> {
  return new Map<string, string | null>([
    ...files,
    ...[...tree.create, ...tree.change].map(({ path, text }): [string, string] => [path, text]),
    ...tree.remove.map((path): [string, null] => [path, null]),
  ]);
}

const subject = (plan: InitPlan) =>
  `init(${plan.settings.name}): a platform of ${plan.settings.environments.join(", ")}`;

/**
 * Writes what is planned, all of it or nothing: after a kill the next command puts back what was there.
 *
 * @param commit whether to commit it
 * @returns the commit, where one was made
 * @throws UserError where Git refuses the commit; the clone is then as it was
 */
export async function writePlan(clone: Clone, plan: InitPlan, commit: boolean): Promise<string | undefined> {
  const { root } = clone;
  const files = filesOf(plan);
  notePending(root, "init", files);
  for (const [file, text] of plan.files) {
    if (text === null) rmSync(join(root, file), { force: true });
    else {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      replaceFile(join(root, file), text);
    }
  }
  plan.render.write();
  const made = commit ? await commitFiles(clone, files, subject(plan), plan.render.differences) : undefined;
  notePending(root, "init", new Map());
  return made;
}

/** What a person types next. */
export function nextCommands(plan: InitPlan, committed: boolean, origin: string | undefined): string[] {
  const { repository, revision, provider, cluster } = plan.settings;
  const push =
    origin === repository || repository.startsWith(gitServer.url)
      ? []
      : [
          ...(origin ? ["git remote rename origin slipway"] : []),
          `git remote add origin ${repository}`,
          `git push --set-upstream origin HEAD:${revision}`,
        ];
  return [
    ...(committed ? [] : [`git add --all && git commit --message ${JSON.stringify(subject(plan))}`]),
    ...push,
    ...(provider === "eks" ? [`eksctl create cluster --config-file clusters/${cluster}/eksctl.yaml`] : []),
    `npm run bootstrap${provider === "kind" ? "" : " -- --context NAME"}`,
  ];
}
