import type { Fault } from "../model/faults.ts";
import { effectiveRelease } from "../model/place.ts";
import { amount } from "../model/quantity.ts";
import type { Resources } from "../model/service.ts";
import type { Rule } from "./rule.ts";

/** The API server refuses a limit below the request, and the kernel kills what grows beyond its limit. */
export const resources: Rule = ({ environments }) =>
  environments.flatMap(({ input: { file, value } }) => {
    const services = Object.entries(value.services).flatMap(([name, { versions }]) =>
      Object.entries(versions).map(([version, own]) => ({
        path: ["services", name, "versions", version, "resources"],
        resources: own.resources,
        texts: textsOf(effectiveRelease(own)),
      })),
    );
    const dataStores = Object.entries(value.dataStores).map(([name, own]) => ({
      path: ["dataStores", name, "resources"],
      resources: own.resources,
      texts: textsOf(own),
    }));
    return [...services, ...dataStores].flatMap(({ path, resources: own, texts }) =>
      [...checkResources(own), ...checkHeap(own, texts)].map((message): Fault => ({ file, path, message })),
    );
  });

function checkResources({ cpu, memory, limits }: Resources): string[] {
  const cpuLimit = limits.cpu ?? "1";
  return [
    ...(amount(cpu) > amount(cpuLimit)
      ? [`the CPU request of ${cpu} is above the limit of ${cpuLimit}; set limits.cpu`]
      : []),
    ...(limits.memory && amount(memory) > amount(limits.memory)
      ? [`the memory request of ${memory} is above the limit of ${limits.memory}; raise limits.memory`]
      : []),
  ];
}

interface Texts {
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly config?: Readonly<Record<string, string>>;
}

/** Everything in which a runtime can be told the size of its heap. */
function textsOf({ command = [], args = [], env, config }: Texts): string[] {
  const variables = Object.entries({ ...config, ...env }).map(([name, value]) => `${name}=${value}`);
  return [...command, ...args, ...variables];
}

/** How the JVM, Node and Go are told; Node counts in Mi, the JVM's units are powers of two. */
const heap = /-Xmx(\d+)([kmgt]?)\b|--max-old-space-size=(\d+)\b|^GOMEMLIMIT=(\d+)([KMGT]i)B$/i;

function checkHeap({ memory, limits }: Resources, texts: readonly string[]): string[] {
  const limit = limits.memory ?? memory;
  return texts.flatMap((text) => {
    const [setting, java, unit = "", node, go, goUnit = ""] = heap.exec(text) ?? [];
    const size = java ? `${java}${unit && `${unit.toUpperCase()}i`}` : node ? `${node}Mi` : `${go}${goUnit}`;
    return setting && amount(size) > amount(limit)
      ? [`the heap of ${setting} does not fit into the memory limit of ${limit}; raise memory`]
      : [];
  });
}
