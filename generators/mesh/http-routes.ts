import type { IVirtualService } from "@kubernetes-models/istio/networking.istio.io/v1/VirtualService";
import { primaryOf, type ServicePort, type ServiceWorkload, serviceHost, weightOf } from "../model/resolve.ts";
import type { Service } from "../model/service.ts";

type Spec = NonNullable<IVirtualService["spec"]>;
export type HttpRoute = NonNullable<Spec["http"]>[number];
type Match = NonNullable<HttpRoute["match"]>[number];
type Destination = NonNullable<HttpRoute["route"]>[number];

/**
 * The rules for requests to one port of a service, the same inside the mesh and at the gateway: header routes first,
 * then the weights.
 *
 * @param match what a request must have besides headers: a path at the gateway, a port in the mesh
 */
export function httpRoutes(workload: ServiceWorkload, port: ServicePort, match: readonly Match[]): HttpRoute[] {
  const { spec } = workload;
  const policy: HttpRoute = {
    timeout: spec.timeout,
    retries: spec.retries && retries(spec.retries),
  };
  const routes = [
    ...(spec.headerRoutes ?? []).map(({ headers, version }) => ({
      match: withHeaders(match, headers),
      route: [{ destination: destination(workload, port, version) }],
    })),
    { match: match.length > 0 ? [...match] : undefined, route: destinations(workload, port) },
  ];
  return routes.flatMap((own) => [...faulty(spec.fault, { ...own, ...policy, ...mirror(workload, port, own.route) })]);
}

/** Istio takes no other setting beside `attempts: 0`. */
export function retries({
  attempts,
  perTryTimeout,
  on,
  backoff,
}: NonNullable<Service["retries"]>): HttpRoute["retries"] {
  return attempts === 0 ? { attempts } : { attempts, perTryTimeout, retryOn: on.join(","), backoff };
}

/** The route with its faults; where they are for some headers only, the route for those requests before the clean one. */
function* faulty(fault: ServiceWorkload["spec"]["fault"], route: HttpRoute): Iterable<HttpRoute> {
  const { match, ...rest } = route;
  const injected = fault && {
    delay: fault.delay && { percentage: { value: fault.delay.percent }, fixedDelay: fault.delay.duration },
    abort: fault.abort && { percentage: { value: fault.abort.percent }, httpStatus: fault.abort.status },
  };
  if (fault?.headers && canHave(match, fault.headers))
    yield { match: withHeaders(match ?? [], fault.headers), fault: injected, ...rest };
  yield { match, fault: fault?.headers ? undefined : injected, ...rest };
}

/** Whether a request that matches can have these headers too: not where the match asks for another value of one. */
function canHave(match: readonly Match[] | undefined, headers: Readonly<Record<string, string>>): boolean {
  const [{ headers: asked = {} } = {}] = match ?? [];
  return Object.entries(headers).every(([name, value]) => (asked[name]?.exact ?? value) === value);
}

/** Each match with the headers added; one match of the headers alone where there was none. */
function withHeaders(match: readonly Match[], headers: Readonly<Record<string, string>>): Match[] {
  const exact = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, { exact: value }]));
  return (match.length > 0 ? match : [{}]).map((one) => ({ ...one, headers: { ...one.headers, ...exact } }));
}

/** The copy that goes to another version; none where the route leads to that version alone. */
function mirror(
  workload: ServiceWorkload,
  port: ServicePort,
  route: readonly Destination[],
): Pick<HttpRoute, "mirrors"> {
  const { mirror } = workload.spec;
  if (!mirror || route.every((to) => to.destination?.subset === mirror.version)) return {};
  return {
    mirrors: [{ destination: destination(workload, port, mirror.version), percentage: { value: mirror.percent } }],
  };
}

/** Where requests go by weight: versions with none are left out, a single one needs no number. */
export function destinations(workload: ServiceWorkload, port: ServicePort): Destination[] {
  const primary = primaryOf(workload.spec);
  const weighted = Object.entries(workload.spec.versions)
    .map(([version, spec]) => ({ version, weight: weightOf(workload.spec, spec) }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => Number(b.version === primary) - Number(a.version === primary));
  return weighted.map(({ version, weight }) => ({
    destination: destination(workload, port, version),
    ...(weighted.length > 1 && { weight }),
  }));
}

function destination(
  workload: ServiceWorkload,
  port: ServicePort,
  subset: string,
): NonNullable<Destination["destination"]> {
  return { host: serviceHost(workload), subset, port: { number: port.port } };
}
