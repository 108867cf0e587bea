import { forEachService } from "./rule.ts";

/** One Service stands before all versions, so they must agree on what it offers; the containers' ports may differ. */
export const ports = forEachService(function* (service) {
  const known = new Map<string, { version: string; servicePort: number; protocol: string }>();
  const services = new Map<number, string>();
  for (const [version, { release }] of Object.entries(service.versions)) {
    const containers = new Map<number, string>();
    for (const [name, { port, servicePort = port, protocol }] of Object.entries(release.ports)) {
      const path = ["versions", version, "release", "ports", name];
      const twin = containers.get(port);
      if (twin) yield { path: [...path, "port"], message: `${port} is also the port of ${twin}` };
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
});
