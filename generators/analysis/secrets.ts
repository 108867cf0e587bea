import type { Fault, Path } from "../model/faults.ts";
import type { Rule } from "./rule.ts";
import { isSecret, secretIn } from "./secrecy.ts";

const wayOut = "which must not stand in Git; put it into a Secret and name that in secrets";

/** Maps from names to values that a container or a request gets. */
const named: readonly unknown[] = ["env", "config", "headers"];

/** A password in an input would be in Git for ever, and in a ConfigMap for everyone who may read Pods. */
export const secrets: Rule = ({ platform: { clusters, environments } }) => [
  ...clusters.flatMap(({ file, value }) =>
    // Its `secrets` say where values come from, and hold none.
    Array.from(secretsOf({ ...value, secrets: {} }, [], []), (fault) => ({ ...fault, file })),
  ),
  ...environments.flatMap(({ file, value }) =>
    Array.from(secretsOf(value, [], value.notSecret ?? []), (fault) => ({ ...fault, file })),
  ),
];

/** All secrets below a value of an input. `allowed`: names that a person has said to be none. */
function* secretsOf(value: unknown, path: Path, allowed: readonly string[]): Iterable<Omit<Fault, "file">> {
  if (typeof value === "string") {
    const found = secretIn(value);
    const isNamed = named.includes(path.at(-2));
    if (found && !allowed.some((name) => (isNamed && name === path.at(-1)) || found === `a value for ${name}`))
      yield {
        path,
        message: `holds ${found}, ${wayOut}${found.startsWith("a value for") ? unless(found.slice(12)) : ""}`,
      };
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  for (const [key, child] of entries) {
    const at = [...path, key];
    const [name, flag] = [String(key), Array.isArray(value) ? flagOf(value[Number(key) - 1]) : undefined];
    if (named.includes(path.at(-1)) && typeof child === "string" && isSecret(name, child) && !allowed.includes(name))
      yield { path: at, atKey: true, message: `looks like a secret, ${wayOut}${unless(name)}` };
    else if (
      flag &&
      typeof child === "string" &&
      !child.startsWith("-") &&
      isSecret(flag, child) &&
      !allowed.includes(flag)
    )
      yield { path: at, message: `holds a value for ${flag}, ${wayOut}${unless(flag)}` };
    else yield* secretsOf(child, at, allowed);
  }
}

const unless = (name: string) => `. If it is none, list ${name} under notSecret`;

/** `password` of the argument `--password`, whose value is the next one. */
const flagOf = (argument: unknown) => (typeof argument === "string" ? /^--?([\w.-]+)$/.exec(argument)?.[1] : undefined);
