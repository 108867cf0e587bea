import { names, numbers } from "./nasty.ts";
import type { Random } from "./random.ts";

/** Calls that work in a clone of the platform that ships with slipway. None asks a cluster, a forge or the network. */
const calls: readonly (readonly string[])[] = [
  ["render"],
  ["render", "--check"],
  ["render", "--dry-run", "--json"],
  ["diff"],
  ["diff", "--format", "markdown", "HEAD"],
  ["diff", "--format", "html"],
  ["weight", "backend", "--env", "dev", "canary=20"],
  ["weight", "backend", "ml", "--env", "prod", "canary=5", "--json"],
  ["weight", "ml", "--env", "staging", "canary=0", "--push"],
  ["weight", "ml", "--env", "dev", "canary=7", "--branch", "mine"],
  ["release", "backend", "--env", "dev", "--tag", "7.0.0"],
  ["release", "ml", "--env", "dev", "--tag", "7.0.0", "--dry-run"],
  ["promote", "backend", "--from", "dev", "--to", "staging"],
  ["promote", "backend", "--from", "staging", "--to", "prod", "--as", "canary", "--weight", "10"],
  ["promote", "backend", "--env", "prod", "--finish"],
  ["rollback", "backend", "--env", "prod"],
  ["rollback", "backend", "--env", "prod", "--release"],
  ["status"],
  ["status", "--env", "dev", "--json"],
  ["verify"],
  ["traffic", "frontend", "--env", "dev", "--rate", "1", "--duration", "1"],
  ["doctor"],
  ["doctor", "--cluster", "local"],
  ["bootstrap", "--dry-run"],
  ["destroy", "--dry-run"],
  ["init", "--yes", "--dry-run"],
  ["init", "--name", "acme", "--environments", "qa,prod", "--yes", "--dry-run", "--json"],
  ["upgrade", "--dry-run", "--from", "/nowhere"],
];

const options: readonly string[] = [
  "--env",
  "--cluster",
  "--context",
  "--from",
  "--to",
  "--tag",
  "--digest",
  "--as",
  "--weight",
  "--branch",
  "--message",
  "--trailer",
  "--format",
  "--rate",
  "--duration",
  "--header",
  "--json",
  "--help",
  "--force",
  "--dry-run",
  "--check",
  "--constructor",
  "--__proto__",
  "--",
  "-",
  "-x",
];

/**
 * A call as somebody mistypes it: words are lost, doubled, swapped or become something else.
 *
 * @returns the command and its arguments
 */
export function mutateCall(random: Random): string[] {
  const call = [...random.pick(calls)];
  for (let left = random.below(4); left > 0; left--) {
    // Seldom the command itself; the folder, which keeps the call in its clone, comes from the caller.
    const at = random.chance(0.03) ? 0 : 1 + random.below(call.length);
    const value = random.chance(0.8) ? random.pick(names) : String(random.pick(numbers));
    const actions: (() => void)[] = [
      () => call.splice(at, 1, value),
      () => call.splice(at, 1, value),
      () => call.splice(at, 0, value),
      () => call.splice(at, 0, random.pick(options), value),
      () => call.splice(at, 0, `${random.pick(options)}=${value}`),
      () => call.splice(at, 0, `${value}=${random.pick([...numbers, ...names])}`),
      () => call.splice(at, 1),
      () => call.splice(at, 0, call[1 + random.below(call.length)] ?? ""),
    ];
    random.pick(actions)();
  }
  // The system takes no NUL in an argument, and no half of a surrogate pair; these leave or keep the clone by their nature.
  return call
    .map((word) => word.replaceAll("\0", "").toWellFormed())
    .filter((word) => !/^--(root|yes|watch)/.test(word) || word === "--yes");
}
