import type { Fault } from "../model/faults.ts";
import { proxyPorts } from "./ports.ts";
import type { Rule } from "./rule.ts";

/** What the API server refuses in the pod of a data store, or the pod never starts with. */
export const dataStores: Rule = ({ environments }) =>
  environments.flatMap(({ input: { file, value } }) =>
    Object.entries(value.dataStores).flatMap(([name, { port, storage, writable }]): Fault[] => {
      const faults: Fault[] = [];
      const add = (path: Fault["path"], message: string) =>
        faults.push({ file, path: ["dataStores", name, ...path], message });
      if (proxyPorts.includes(port))
        add(["port"], `${port} is a port of Istio's proxy in the same pod; choose another`);
      for (const [index, path] of writable.entries()) {
        if (path === storage.path || writable.indexOf(path) !== index)
          add(["writable", index], `${path} is mounted already; remove it here`);
      }
      return faults;
    }),
  );
