import { execFileSync } from "node:child_process";
import { existsSync, lstatSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { inspect, type ParseArgsConfig, parseArgs, styleText } from "node:util";
import { leaveRepository } from "./git-environment.ts";

/** A wrong call of a command, or a state of the machine that the user can mend. One line, exit status 1. */
export class UserError extends Error {
  override name = "UserError";
}

/**
 * The folder that a command works in: the one that --root names, or this repository.
 *
 * @throws UserError where it is none, or where its memory is not its own
 */
export function rootOf(folder?: string): string {
  const root = resolve(folder ?? join(import.meta.dirname, "../.."));
  if (!lstatSync(`${root}/`, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`${root} is no folder; --root names the one that holds envs/ and clusters/`);
  refuseForeignMemory(root);
  return root;
}

/** `.slipway` says what a command of this clone was doing. From a commit, it would tell that of another one. */
function refuseForeignMemory(root: string): void {
  const memory = lstatSync(join(root, ".slipway"), { throwIfNoEntry: false });
  if (memory && !memory.isDirectory())
    throw new UserError(`${join(root, ".slipway")} is no folder of its own; remove it`);
  if (!memory) return;
  const tracked = tryGit(root, "ls-files", "-z", "--", ":(icase).slipway");
  if (tracked)
    throw new UserError(
      `.slipway is in Git, and slipway does not trust a memory that comes with a commit; git rm -r --cached .slipway, and commit that`,
    );
}

/** What Git answers; nothing where it is not there, or where the folder is in no repository. */
function tryGit(root: string, ...command: readonly string[]): string {
  try {
    return execFileSync("git", command, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return "";
  }
}

/**
 * Argo CD reads what is rendered from the root of its repository, so a folder of a larger one would be rendered to paths
 * that are not there. A folder that is in no repository is fine.
 *
 * @throws UserError where a folder is within a repository and not its root
 */
export function requireOwnRepository(root: string): void {
  if (existsSync(join(root, ".git"))) return;
  for (let folder = dirname(root); ; folder = dirname(folder)) {
    if (existsSync(join(folder, ".git")))
      throw new UserError(
        `${root} is a folder of the repository ${folder}, and Argo CD would look for what is rendered from the top of that; slipway needs a repository of its own`,
      );
    if (folder === dirname(folder)) return;
  }
}

type Options = NonNullable<ParseArgsConfig["options"]>;

/** One option of a command, for `parseArgs` and for `--help`. */
export interface Option {
  readonly type: "boolean" | "string";
  readonly help: string;
  readonly value?: string;
  /** Whether it may be given several times. */
  readonly multiple?: true;
}

export interface Command<O extends Readonly<Record<string, Option>>> {
  /** How it is called: `npm run render --`. */
  readonly usage: string;
  readonly summary: string;
  /** Arguments that are no options, for the first line of `--help`; without it there are none. */
  readonly positionals?: string;
  /** Calls as they are typed, without the `usage` before them. */
  readonly examples?: readonly string[];
  readonly options: O;
  readonly run: (values: Values<O>, positionals: readonly string[]) => void | Promise<void>;
}

/** A command without what it does. */
type Description = Omit<Command<Readonly<Record<string, Option>>>, "run">;

type Values<O extends Readonly<Record<string, Option>>> = {
  readonly [K in keyof O]?: O[K]["type"] extends "boolean"
    ? boolean
    : O[K] extends { readonly multiple: true }
      ? readonly string[]
      : string;
};

let name = "slipway";

/** The command that runs, as it is called: `npm run weight`. */
export const commandName = () => name;

/**
 * Runs a command with the arguments of the process. Errors a user can cause become one line each and exit status 1;
 * anything else is a bug and shows its stack.
 */
export async function main<const O extends Readonly<Record<string, Option>>>(command: Command<O>): Promise<void> {
  name = command.usage.replace(/ --$/, "");
  try {
    // A command works in the folder that it is told, also when a Git hook of another repository calls it.
    leaveRepository("keep");
    const { values, positionals } = parse(command);
    if (values.help) console.log(renderUsage(command));
    else await command.run(values as Values<O>, positionals);
  } catch (error) {
    process.exitCode = 1;
    // Loaded late: what it needs to show positions costs a quick command a tenth of its time.
    const { InputError } = await import("../../generators/model/faults.ts");
    const { withoutPasswords } = await import("./git-words.ts");
    if (error instanceof InputError || error instanceof UserError || isSystemError(error))
      console.error(styleText("red", withoutPasswords(error.message), { stream: process.stderr }));
    else console.error(withoutPasswords(inspect(error, { colors: process.stderr.hasColors?.() ?? false })));
  }
}

/** Text of `--help`. */
export function renderUsage({ usage, summary, positionals, options, examples = [] }: Description): string {
  const rows = [
    ...Object.entries(options),
    ["help", { type: "boolean", help: "Show this text." } as Option] as const,
  ].map(([name, { value, help }]) => [`--${name}${value ? ` ${value}` : ""}`, help] as const);
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    `usage: ${usage}${positionals ? ` ${positionals}` : ""} [options]`,
    "",
    summary,
    "",
    ...rows.map(([name, help]) => `  ${name.padEnd(width)}  ${help}`),
    ...(examples.length > 0 ? ["", "for example:", ...examples.map((example) => `  ${usage} ${example}`)] : []),
  ].join("\n");
}

function parse(command: Description): { values: Record<string, unknown>; positionals: string[] } {
  const options: Options = { help: { type: "boolean" } };
  for (const [name, { type, multiple = false }] of Object.entries(command.options)) options[name] = { type, multiple };
  refuseSwallowed(command);
  if (process.argv.slice(2).some((word) => /(?![\t\n])\p{Cc}/u.test(word)))
    throw new UserError(`an argument holds a control character; see ${command.usage} --help`);
  try {
    return parseArgs({ options, strict: true, allowPositionals: command.positionals !== undefined });
  } catch (error) {
    throw new UserError(`${(error as Error).message.split(". ")[0]}; see ${command.usage} --help`);
  }
}

/**
 * npm takes options for its own where no `--` stands before them, and says nothing: `npm run render --check` would write.
 *
 * @throws UserError where npm has got an option that is ours
 */
function refuseSwallowed({ usage, options }: Description): void {
  if (process.env.npm_lifecycle_event !== /^npm run (\S+)/.exec(usage)?.[1]) return;
  const given = process.argv.slice(2);
  const missing = Object.keys(options)
    // npm has a tag of its own, which people do set for it.
    .filter((name) => name !== "tag" && process.env[`npm_config_${name.replaceAll("-", "_")}`])
    .map((name) => `--${name}`)
    .filter((option) => !given.some((word) => word === option || word.startsWith(`${option}=`)));
  if (missing.length === 0) return;
  throw new UserError(
    `npm has kept ${missing.join(", ")} for itself; -- comes before the options: ${usage} ${missing.join(" ")} …`,
  );
}

/** A file or folder that cannot be read or written, of which the message names the path; a full disk, where it names none. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return false;
  return "path" in error || ["ENOSPC", "EDQUOT"].includes(String(error.code));
}
