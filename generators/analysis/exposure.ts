import type { Fault } from "../model/faults.ts";
import { nearMiss } from "../model/faults.ts";
import { exposedPort, servicePorts } from "../model/resolve.ts";
import { forEachService, type Rule } from "./rule.ts";

const perService = forEachService(function* (service, _name, { input }) {
  const { expose } = service;
  if (!expose) return;
  const hosts = input.value.gateway?.hosts;
  if (!hosts) {
    yield {
      path: ["expose"],
      atKey: true,
      message: "the environment has no gateway to be exposed on; add gateway.hosts or remove expose",
    };
    return;
  }
  for (const [index, host] of (expose.hosts ?? []).entries()) {
    if (hosts.includes(host)) continue;
    yield {
      path: ["expose", "hosts", index],
      message: `${host} is not a host of the gateway; ${nearMiss(host, hosts) || `its hosts are ${hosts.join(", ")}`}`,
    };
  }
  for (const [index, path] of expose.paths.entries()) {
    const why = neverMatches(path);
    if (why) yield { path: ["expose", "paths", index], message: `${path} ${why}` };
  }
  const ports = servicePorts(service);
  const port = exposedPort(service, ports);
  if (expose.port !== undefined && !port) {
    yield {
      path: ["expose", "port"],
      message: `there is no port ${expose.port}; ports are ${ports.map(({ name }) => name).join(", ")}`,
    };
  } else if (!port || port.protocol === "tcp") {
    yield {
      path: ["expose"],
      atKey: true,
      message: "the gateway routes http and grpc only, and the port is tcp; name another one or remove expose",
    };
  }
});

/** Why no request has a path that begins like this one; nothing where some may. */
function neverMatches(path: string): string | undefined {
  if (/[*{}|^\\<>"`[\]]/.test(path))
    return `is taken literally, not as a pattern; paths are prefixes, so write ${path.replace(/\/?[^/]*[*{}|^\\<>"`[\]].*$/, "") || "/"}`;
  if (/\/\.{1,2}(\/|$)/.test(path))
    return "has a segment . or .., which the gateway takes out of each request; write it without";
  return undefined;
}

/** Two rules for one path: the one that comes first would get all of it. */
const claims: Rule = ({ environments }) =>
  environments.flatMap(({ input: { file, value } }) => {
    const claimed = new Map<string, string>();
    const faults: Fault[] = [];
    for (const [name, { expose }] of Object.entries(value.services)) {
      for (const host of expose?.hosts ?? value.gateway?.hosts ?? []) {
        for (const [index, path] of (expose?.paths ?? []).entries()) {
          const key = `${host}${path.replace(/\/$/, "")}`;
          const other = claimed.get(key);
          if (other)
            faults.push({
              file,
              path: ["services", name, "expose", "paths", index],
              message:
                other === name
                  ? `${host}${path} stands here twice; remove one`
                  : `${host}${path} is also claimed by ${other}; give one of them another path or host`,
            });
          else claimed.set(key, name);
        }
      }
    }
    return faults;
  });

export const exposure: Rule = (subject) => [...perService(subject), ...claims(subject)];
