import type { Environment } from "../../generators/model/environment.ts";
import type { Platform } from "../../generators/model/platform.ts";
import { environmentsOf, primaryOf, weightOf } from "../../generators/model/resolve.ts";

/** What the tour does next, as it would be typed; without a command, why this platform has nothing to show there. */
export interface Step {
  readonly what: string;
  readonly command?: string;
  readonly args?: readonly string[];
}

/** A service on its way: the environments that have it, in the order of a promotion. */
interface Journey {
  readonly service: string;
  readonly first: Environment;
  readonly last: Environment;
  readonly environments: readonly Environment[];
  /** The version of the last environment that a release is tried in, and the most that its weight can be. */
  readonly canary?: { readonly version: string; readonly limit: number; readonly weight: number };
}

/**
 * A day with one service of the platform, as far as the platform goes: the service with a canary and the most
 * environments, in the order in which a release passes them.
 *
 * @returns none where no environment has a service
 */
export function planTour(platform: Platform): Step[] | undefined {
  const journey = chooseJourney(platform);
  if (!journey) return undefined;
  return [
    { what: "The tree is what the inputs say", command: "render", args: ["--check"] },
    ...weightSteps(journey),
    ...releaseSteps(journey),
    ...promotionSteps(journey),
    {
      what: "It was not good: back to the release before",
      command: "rollback",
      args: [journey.service, "--env", journey.last.name, "--release", "--push"],
    },
  ];
}

function chooseJourney(platform: Platform): Journey | undefined {
  const environments = platform.clusters
    .flatMap(({ value }) => environmentsOf(value, platform))
    .map(({ value }) => value);
  const names = new Set(environments.flatMap(({ services }) => Object.keys(services)));
  const journeys = [...names].flatMap((service) => journeyOf(service, environments) ?? []);
  // What shows most: a promotion, then a canary, then the longest way.
  const worth = ({ environments, canary }: Journey) =>
    (environments.length > 1 ? 1000 : 0) + (canary ? 100 : 0) + environments.length;
  return journeys.sort((a, b) => worth(b) - worth(a))[0];
}

function journeyOf(service: string, all: readonly Environment[]): Journey | undefined {
  const environments = all.filter(({ services }) => Object.hasOwn(services, service));
  const [first, last] = [environments[0], environments.at(-1)];
  if (!first || !last) return undefined;
  const canary = canaryOf(last, service);
  return { service, first, last, environments, ...(canary && { canary }) };
}

/** The second version of a service, where Git holds its weight and the others leave it some. */
function canaryOf({ services }: Environment, name: string): Journey["canary"] {
  const service = services[name];
  if (!service || service.rollout.strategy === "flagger") return undefined;
  const others = Object.entries(service.versions).filter(([version]) => version !== primaryOf(service));
  const [canary] = others;
  if (!canary) return undefined;
  const taken = others.slice(1).reduce((sum, [, version]) => sum + weightOf(service, version), 0);
  const weight = weightOf(service, canary[1]);
  return taken < 100 ? { version: canary[0], limit: 100 - taken, weight } : undefined;
}

function weightSteps({ service, last, canary }: Journey): Step[] {
  if (!canary) {
    const flagger = last.services[service]?.rollout.strategy === "flagger";
    const why = flagger
      ? `Flagger moves the weights of ${service} in ${last.name} while it analyses a release, so Git holds none`
      : `${service} has one version in ${last.name}, which gets all the traffic; with a second one, npm run weight moves it`;
    return [{ what: `Weights: nothing to show. ${why}` }];
  }
  const half = Math.floor(canary.limit / 2);
  const wanted = half === canary.weight ? canary.limit : half;
  return [
    {
      what: `Give ${canary.version} ${wanted} % of ${service}'s traffic in ${last.name}`,
      command: "weight",
      args: [service, "--env", last.name, `${canary.version}=${wanted}`, "--push"],
    },
  ];
}

function releaseSteps({ service, first }: Journey): Step[] {
  const spec = first.services[service];
  const tag = spec?.versions[primaryOf(spec)]?.release.image.tag;
  return [
    {
      what: `An application's CI releases to ${first.name}`,
      command: "release",
      args: [service, "--env", first.name, "--tag", `${tag}-next`, "--push"],
    },
  ];
}

function promotionSteps({ service, last, environments, canary }: Journey): Step[] {
  if (environments.length === 1)
    return [
      {
        what: `Promotions: nothing to show. ${service} is in one environment; with a second one, npm run promote takes a release there`,
      },
    ];
  const promotions = environments.slice(1).map(({ name }, index): Step => {
    const from = environments[index]?.name ?? "";
    const weight = Math.min(10, canary?.limit ?? 0);
    const as = canary && name === last.name ? ["--as", canary.version, "--weight", `${weight}`] : [];
    const how = canary && as.length > 0 ? `, as ${canary.version} at ${weight} %` : "";
    return {
      what: `What ${from} has goes to ${name}${how}`,
      command: "promote",
      args: [service, "--from", from, "--to", name, ...as, "--push"],
    };
  });
  if (!canary) return promotions;
  const finish: Step = {
    what: `The ${canary.version} is good: it becomes the primary`,
    command: "promote",
    args: [service, "--to", last.name, "--finish", "--as", canary.version, "--push"],
  };
  return [...promotions, finish];
}
