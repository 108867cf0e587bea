import { primaryOf, weightOf } from "../model/resolve.ts";
import { forEachService } from "./rule.ts";

/** Ports that Istio's proxy listens on in every pod (https://istio.io/latest/docs/ops/deployment/application-requirements/). */
export const proxyPorts: readonly number[] = [15000, 15001, 15004, 15006, 15008, 15009, 15020, 15021, 15053, 15090];

/** One Service stands before all versions, so they must agree on what it offers; the containers' ports may differ. */
export const ports = forEachService(function* (service) {
  const known = new Map<string, { version: string; servicePort: number; protocol: string }>();
  const services = new Map<number, string>();
  for (const [version, { release }] of Object.entries(service.versions)) {
    const containers = new Map<number, string>();
    for (const [name, { port, servicePort = port, protocol }] of Object.entries(release.ports)) {
      const path = ["versions", version, "release", "ports", name];
      const twin = containers.get(port);
      if (twin)
        yield { path: [...path, "port"], message: `${port} is also the port of ${twin}; a container has it once` };
      if (proxyPorts.includes(port))
        yield {
          path: [...path, "port"],
          message: `${port} is a port of Istio's proxy in the same pod; choose another`,
        };
      containers.set(port, name);
      const first = known.get(name);
      if (!first) {
        const taken = services.get(servicePort);
        if (taken && !twin)
          yield { path, message: `port ${servicePort} of the Service is also taken by ${taken}; set servicePort` };
        services.set(servicePort, name);
        known.set(name, { version, servicePort, protocol });
      } else if (first.protocol !== protocol) {
        yield {
          path,
          message: `is ${protocol}, but ${first.protocol} in version ${first.version}; a port has one protocol`,
        };
      } else if (first.servicePort !== servicePort) {
        yield {
          path,
          message: `is ${servicePort} at the Service, but ${first.servicePort} in version ${first.version}; set servicePort: ${first.servicePort}`,
        };
      }
    }
  }
  const primary = primaryOf(service);
  for (const [name, version] of Object.entries(service.versions)) {
    const wanted =
      weightOf(service, version) > 0 ||
      service.mirror?.version === name ||
      (service.headerRoutes ?? []).some((route) => route.version === name);
    const missing = Object.keys(service.versions[primary]?.release.ports ?? {}).filter(
      (port) => !(port in version.release.ports),
    );
    if (wanted && missing.length > 0)
      yield {
        path: ["versions", name, "release", "ports"],
        atKey: true,
        message: `has no ${missing.join(", ")}, as ${primary} has; requests to it that are sent to ${name} would fail`,
      };
  }
});
