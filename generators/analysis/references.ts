import leven from "leven";
import { type Fault, nearMiss, type Path } from "../model/faults.ts";
import { effectiveRelease, statementsOf } from "../model/place.ts";
import type { ServiceWorkload } from "../model/resolve.ts";
import type { DataStore, Probe, Version } from "../model/service.ts";
import { calleesOf, calleeVariables } from "../workloads/pod.ts";
import { type Finding, forEachService, type Rule } from "./rule.ts";

/** Variables that a container has. */
interface Variables {
  /** Those of `env` and of calls: the only ones that the kubelet replaces in the command of a probe. */
  readonly fixed: readonly string[];
  /** Those of the ConfigMap. */
  readonly config: readonly string[];
  /** Whether there are Secrets, whose keys are variables that nobody knows here. */
  readonly secrets: boolean;
}

/** A text of an input that a container gets, and what is replaced in it. */
interface Text {
  readonly path: Path;
  readonly text: string;
  readonly kind: "argument" | "variable" | "probe" | "config";
}

/**
 * `$(NAME)` that the kubelet leaves as it stands, because nothing of that name is there
 * (https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/).
 */
export const references: Rule = (subject) => [...ofServices(subject), ...ofDataStores(subject)];

const ofServices = forEachService(function* (service, name, { services }) {
  const workload = services.find((one) => one.name === name);
  if (!workload) return;
  for (const [version, spec] of Object.entries(service.versions)) {
    const variables = variablesOf(workload, spec);
    const { command = [], args = [] } = spec.release;
    const hasShell = [...command, ...args].some((word) => /^(\/\S*\/)?(ba|da|a|z|k)?sh$/.test(word));
    for (const text of textsOf({ [version]: spec })) yield* check(text, variables, hasShell);
    yield* cycles(effectiveRelease(spec).env ?? {}, ["versions", version, "release", "env"], variables);
  }
});

function variablesOf(workload: ServiceWorkload, version: Version): Variables {
  const release = effectiveRelease(version);
  return {
    fixed: [...Object.keys(calleeVariables(calleesOf(workload, release))), ...Object.keys(release.env ?? {})],
    config: Object.keys(release.config ?? {}),
    secrets: (release.secrets ?? []).length > 0,
  };
}

function* textsOf(versions: Readonly<Record<string, Version>>): Iterable<Text> {
  for (const [name, { release }] of Object.entries(versions)) {
    const path = ["versions", name, "release"];
    yield* list([...path, "command"], release.command, "argument");
    yield* list([...path, "args"], release.args, "argument");
    for (const [kind, probe] of Object.entries(release.probes ?? {}))
      yield* list([...path, "probes", kind, "exec"], (probe as Probe | undefined)?.exec, "probe");
  }
  for (const { path, env, config } of statementsOf({ versions })) {
    yield* list([...path, "env"], env, "variable");
    yield* list([...path, "config"], config, "config");
  }
}

function* list(path: Path, texts: Readonly<Record<string, string>> | readonly string[] = [], kind: Text["kind"]) {
  const entries = Array.isArray(texts) ? [...texts.entries()] : Object.entries(texts);
  for (const [key, text] of entries) yield { path: [...path, key], text, kind };
}

const ofDataStores: Rule = ({ environments }) =>
  environments.flatMap(({ input: { file, value } }) =>
    Object.entries(value.dataStores).flatMap(
      ([name, { args, config, secrets, probe }]: [string, DataStore]): Fault[] => {
        const variables = { fixed: [], config: Object.keys(config ?? {}), secrets: (secrets ?? []).length > 0 };
        const path = ["dataStores", name];
        const texts = [
          ...list([...path, "args"], args, "argument"),
          ...list([...path, "config"], config, "config"),
          ...list([...path, "probe", "exec"], probe?.exec, "probe"),
        ];
        return texts.flatMap((text) => Array.from(check(text, variables, false), (finding) => ({ file, ...finding })));
      },
    ),
  );

/** Names in `$(…)` of a text; `$$(…)` stands for the text itself. */
function namesIn(text: string): string[] {
  return [...text.matchAll(/\$\$|\$\(([^()]*)\)/g)].flatMap(([, name]) => name ?? []);
}

function* check({ path, text, kind }: Text, variables: Variables, hasShell: boolean): Iterable<Finding> {
  const { fixed, config, secrets } = variables;
  for (const name of new Set(namesIn(text))) {
    // Anything else is an expression of a shell.
    if (!/^[A-Za-z_][\w.-]*$/.test(name)) continue;
    const known = [...fixed, ...config];
    if (kind === "config") {
      if (known.includes(name))
        yield {
          path,
          message: `$(${name}) is not replaced in config, which becomes a ConfigMap; move it to env, or write the value`,
        };
    } else if (kind === "probe") {
      if (fixed.includes(name)) continue;
      const why = config.includes(name) ? `$(${name}) is of config, and` : `nothing of env defines $(${name}):`;
      yield {
        path,
        message: `${why} only variables of env and calls are replaced in the command of a probe${way(name, fixed)}`,
      };
    } else if (!known.includes(name) && !/^KUBERNETES_(SERVICE|PORT)/.test(name)) {
      const isCommand = hasShell && kind === "argument" && name === name.toLowerCase();
      if (isCommand || (secrets && !known.some((other) => isTypo(name, other)))) continue;
      yield { path, message: `nothing defines $(${name})${way(name, known)}` };
    }
  }
}

const way = (name: string, known: readonly string[]) =>
  `; ${nearMiss(name, known) || `define it in env, or write $$(${name}) for the text itself`}`;

/** Whether one name is another with one slip: where Secrets are, any other name may be a key of theirs. */
function isTypo(name: string, other: string): boolean {
  const letters = (text: string) => [...text.toLowerCase()].sort().join("");
  const distance = leven(name.toLowerCase(), other.toLowerCase());
  const isNumbered = name.replace(/\d+$/, "") === other.replace(/\d+$/, "");
  return !isNumbered && (distance <= 1 || (distance === 2 && letters(name) === letters(other)));
}

/** Variables that are defined by each other. One that refers to its own name has the value of config's, where there is one. */
function* cycles(env: Readonly<Record<string, string>>, path: Path, { config }: Variables): Iterable<Finding> {
  const done = new Set<string>();
  function* visit(name: string, chain: readonly string[]): Iterable<Finding> {
    if (chain.includes(name)) {
      const circle = [...chain.slice(chain.indexOf(name)), name].join(" → ");
      yield { path: [...path, name], message: `refers to itself: ${circle}; break the circle` };
    } else if (!done.has(name)) {
      done.add(name);
      const next = namesIn(env[name] ?? "").filter((other) => Object.hasOwn(env, other));
      for (const other of next.filter((one) => one !== name || !config.includes(one)))
        yield* visit(other, [...chain, name]);
    }
  }
  for (const name of Object.keys(env)) yield* visit(name, []);
}
