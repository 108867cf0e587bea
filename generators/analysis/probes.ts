import type { Probe } from "../model/service.ts";
import { type Finding, forEachService, type Rule } from "./rule.ts";

function* checkProbe(probe: Probe, path: Finding["path"], ports: readonly string[]): Iterable<Finding> {
  if (probe.port !== undefined && !ports.includes(probe.port)) {
    yield { path: [...path, "port"], message: `there is no port ${probe.port}; ports are ${ports.join(", ")}` };
  }
}

/** The kubelet never reaches a port that is not there. */
const ofServices = forEachService(function* (service) {
  for (const [version, { release }] of Object.entries(service.versions)) {
    for (const [kind, probe] of Object.entries(release.probes ?? {})) {
      if (probe) yield* checkProbe(probe, ["versions", version, "release", "probes", kind], Object.keys(release.ports));
    }
  }
});

const ofDataStores: Rule = ({ environments }) =>
  environments.flatMap(({ input: { file, value } }) =>
    Object.entries(value.dataStores).flatMap(([name, { probe }]) =>
      probe
        ? Array.from(checkProbe(probe, ["dataStores", name, "probe"], ["tcp"]), (finding) => ({ file, ...finding }))
        : [],
    ),
  );

export const probes: Rule = (subject) => [...ofServices(subject), ...ofDataStores(subject)];
