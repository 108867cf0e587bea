/** Git's environment and Git's words, without simple-git, which takes as long to load as Git to compare a small tree. */

/** The user's environment: with no prompt, because nobody may be there to answer it, and in English, which is read here. */
export function gitEnvironment(): NodeJS.ProcessEnv {
  // Nothing here opens an editor or a pager; every other variable, such as GIT_SSH_COMMAND, is the user's own and counts.
  const { EDITOR, VISUAL, PAGER, GIT_EDITOR, GIT_SEQUENCE_EDITOR, GIT_PAGER, ...inherited } = process.env;
  return { ...inherited, GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };
}

/** What stands between `//` and `@` in URLs: a password, or a token in the place of the user. */
export function withoutPasswords(text: string): string {
  return text.replaceAll(/(:\/\/)[^/@\s'"]+@/g, "$1");
}

/** What Git's output says went wrong, in one line and without passwords. */
export function telling(output: string): string {
  const lines = output
    .split("\n")
    .map((line) => withoutPasswords(line.trim()))
    .filter(Boolean);
  // What a hook says is worth more than that it refused; a server writes empty lines and rules, too.
  const remote = lines.filter((line) => /^remote: .*\w/.test(line));
  const own = lines.filter((line) => !/^(hint:|warning:|To |! |error: failed to push some refs)/.test(line));
  const first = remote.length > 0 ? remote : [own.find((line) => /^(fatal|error):/.test(line)) ?? own[0] ?? ""];
  return first.map((line) => line.replace(/^((fatal|error|remote): *)+/, "").trim()).join(" ") || "no reason given";
}

/**
 * Why Git does not open a folder's repository, with the way out.
 *
 * @param output what `git rev-parse` said in that folder
 */
export function explainUnopened(root: string, output: string): string {
  if (/ENOENT|command not found/.test(output)) return "git is not on the PATH; npm run doctor says how to get it";
  if (/not a git repository/i.test(output))
    return `${root} is no Git repository; run git init, and commit what is there`;
  const trust = /git config --global --add safe\.directory .*/.exec(output)?.[0].trim();
  return `Git does not open ${root}: ${telling(output)}${trust ? `; if you trust it: ${trust}` : ""}`;
}
