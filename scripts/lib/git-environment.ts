import { execFileSync } from "node:child_process";

/** Whether the settings of `git -c` and of GIT_CONFIG_COUNT, such as a credential in CI, stay in the environment. */
type Settings = "keep" | "drop";

/**
 * Removes the variables from this process's environment that tie Git to another repository: GIT_DIR, GIT_INDEX_FILE and
 * the rest that Git lists itself. Git sets them for hooks and for `git rebase --exec`, where they win over the folder
 * that a command is started in.
 *
 * @see https://git-scm.com/docs/git-rev-parse#Documentation/git-rev-parse.txt---local-env-vars
 */
export function leaveRepository(settings: Settings): void {
  if (!Object.keys(process.env).some((name) => name.startsWith("GIT_"))) return;
  for (const name of repositoryVariables()) {
    if (settings === "drop" || !name.startsWith("GIT_CONFIG")) delete process.env[name];
  }
}

function repositoryVariables(): string[] {
  try {
    const listed = execFileSync("git", ["rev-parse", "--local-env-vars"], { encoding: "utf8" }).split("\n");
    // Set while a push is checked on a server; Git updates no refs then, in any repository.
    return [...listed, "GIT_QUARANTINE_PATH"].filter(Boolean);
  } catch {
    // No Git on this machine, which `doctor` reports.
    return [];
  }
}
