import { parseMadeKey } from "../model/cluster.ts";
import { nearMiss } from "../model/faults.ts";
import type { Rule } from "./rule.ts";

/** A key of a made Secret that gets the value of another one: bootstrap must make that one, and with a value of its own. */
export const madeSecrets: Rule = ({ platform: { clusters } }) =>
  clusters.flatMap(({ file, value: { secrets } }) => {
    const made = new Map(
      Object.entries(secrets).flatMap(([secret, entries]) =>
        entries.map(parseMadeKey).map((one): [string, typeof one] => [`${secret}/${one.key}`, one]),
      ),
    );
    return Object.entries(secrets).flatMap(([secret, entries]) =>
      entries.flatMap((entry, index) => {
        const finding = (message: string) => [{ file, path: ["secrets", secret, index], message }];
        const { key, from } = parseMadeKey(entry);
        const twice = entries.findIndex((other) => parseMadeKey(other).key === key) < index;
        if (twice) return finding(`${key} stands here twice; remove one of the two`);
        if (!from) return [];
        const source = `${from.secret}/${from.key}`;
        const others = [...made].filter(([name, one]) => name !== `${secret}/${key}` && !one.from);
        const names: string[] = others.map(([name]) => name);
        if (names.includes(source)) return [];
        return finding(
          made.has(source)
            ? `${source} has no value of its own; name the key that it gets its value from`
            : `${source} is not made here; ${nearMiss(source, names) || `add ${from.key} to secrets.${from.secret}`}`,
        );
      }),
    );
  });
