import type { Fault } from "../model/faults.ts";
import type { Resources } from "../model/service.ts";
import type { Rule } from "./rule.ts";

/** The API server refuses a limit below the request. */
export const resources: Rule = ({ environments }) =>
  environments.flatMap(({ input: { file, value } }) => {
    const services = Object.entries(value.services).flatMap(([name, { versions }]) =>
      Object.entries(versions).map(([version, own]) => ({
        path: ["services", name, "versions", version, "resources"],
        resources: own.resources,
      })),
    );
    const dataStores = Object.entries(value.dataStores).map(([name, own]) => ({
      path: ["dataStores", name, "resources"],
      resources: own.resources,
    }));
    return [...services, ...dataStores].flatMap(({ path, resources: own }) =>
      checkResources(own).map((message): Fault => ({ file, path, message })),
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

const units: Readonly<Record<string, number>> = {
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Cores or bytes of a quantity that has passed validation. */
function amount(quantity: string): number {
  const [, number, unit = ""] = /^([\d.]+)(\D*)$/.exec(quantity) ?? [];
  return Number(number) * (units[unit] ?? Number.NaN);
}
