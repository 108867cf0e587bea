import { randomBytes } from "node:crypto";
import { find, kubectl, type LiveObject } from "../cluster.ts";
import type { Step } from "../steps.ts";
import { applyNamespaces, createSecret, encode, type NewSecret } from "./objects.ts";
import { type Target, typed } from "./target.ts";
import { type Value, type WantedSecret, wantedSecrets } from "./wanted-secrets.ts";

/** A wanted Secret, as the cluster has it. */
interface Found extends WantedSecret {
  readonly live: LiveObject | undefined;
  /** Keys that it lacks and bootstrap can make. */
  readonly lacks: readonly string[];
}

/**
 * The Secrets that the inputs name. What platform components need and what the cluster's input lists under `secrets` gets
 * random values, and a Kind cluster self-signed certificates; others are somebody else's to make, and are only told of.
 * A value that is there is never changed: a Secret that is missing elsewhere gets the same one.
 */
export function secretsMade(target: Target): Step {
  const wanted = wantedSecrets(target);
  return {
    name: "Secrets",
    commands: wanted
      .filter(({ made }) => made)
      .map(({ namespace, name, command: [type, ...values] }) =>
        typed(target.live, "create", "secret", type, name, "-n", namespace, ...values),
      ),
    look: async () => {
      const found = await look(target, wanted);
      return found.some(isToBeMade) ? undefined : describe(found, 0);
    },
    ensure: async () => {
      const found = await look(target, wanted);
      const missing = found.filter(isToBeMade);
      await applyNamespaces(
        target,
        missing.map(({ namespace }) => namespace),
      );
      const shared = sharedValues(found);
      for (const one of missing) await makeSecret(target, one, shared);
      return describe(await look(target, wanted), missing.length);
    },
  };
}

const isToBeMade = ({ live, made, lacks }: Found) => made !== undefined && (!live || lacks.length > 0);

async function look({ live }: Target, wanted: readonly WantedSecret[]): Promise<Found[]> {
  return Promise.all(
    wanted.map(async (one) => {
      const object = await find(live, "secrets", one.name, one.namespace);
      const keys = one.made?.type === "values" ? Object.keys(one.made.values) : [];
      return { ...one, live: object, lacks: object ? keys.filter((key) => dataOf(object, key) === undefined) : keys };
    }),
  );
}

/** A value of a live Secret, in Base64. */
function dataOf(object: LiveObject | undefined, key: string): string | undefined {
  const data: Readonly<Record<string, string>> = object?.data ?? {};
  return Object.hasOwn(data, key) ? data[key] : undefined;
}

/** The values that the cluster has of each identity, in the order of the wanted Secrets, with the places that have them. */
function liveValues(found: readonly Found[]): Map<string, { place: string; value: string }[]> {
  const all = found.flatMap(({ namespace, name, live, made }) =>
    Object.entries(made?.type === "values" ? made.values : {}).flatMap(([key, wanted]) => {
      const value = dataOf(live, key);
      if (value === undefined || typeof wanted === "string" || !("shared" in wanted)) return [];
      const isOwn = wanted.shared.endsWith(` ${name}/${key}`);
      return [{ identity: wanted.shared, isOwn, place: `${key} of ${namespace}/${name}`, value }];
    }),
  );
  // A key that gets its value from another one comes after that one.
  return Map.groupBy(
    all.sort((a, b) => Number(b.isOwn) - Number(a.isOwn)),
    ({ identity }) => identity,
  );
}

/** The value of each identity: the one that the cluster has, or a new random one. In Base64. */
function sharedValues(found: readonly Found[]): (identity: string) => string {
  const values = new Map([...liveValues(found)].map(([identity, [first]]) => [identity, first?.value]));
  return (identity) => {
    const value = values.get(identity) ?? encode(randomBytes(18).toString("base64url"));
    values.set(identity, value);
    return value;
  };
}

async function makeSecret({ live }: Target, found: Found, shared: (identity: string) => string): Promise<void> {
  const { namespace, name, made, lacks } = found;
  if (made?.type === "certificate") return createSecret(live, { namespace, name, ...(await certificate(made.hosts)) });
  const values = made?.values ?? {};
  const data = Object.fromEntries(lacks.map((key) => [key, textOf(values[key] ?? "", shared)]));
  if (!found.live) return createSecret(live, { namespace, name, data });
  // Refused where somebody else has changed it since.
  await kubectl(live, ["replace", "-f", "-"], JSON.stringify({ ...found.live, data: { ...found.live.data, ...data } }));
}

function textOf(value: Value, shared: (identity: string) => string): string {
  if (typeof value === "string") return encode(value);
  if ("shared" in value) return shared(value.shared);
  return encode(randomBytes(value.random).toString("hex").slice(0, value.random));
}

function describe(found: readonly Found[], made: number): string {
  const there = found.filter(({ live }) => live).length;
  const missing = found.flatMap(({ live, namespace, name }) => (live ? [] : [`${namespace}/${name}`]));
  const different = [...liveValues(found).values()].flatMap(([first, ...others]) =>
    others.flatMap(({ place, value }) => (first && value !== first.value ? [`${place} (not as ${first.place})`] : [])),
  );
  return [
    `${there} are there${made > 0 ? `, ${made} made now` : ""}`,
    ...(missing.length > 0 ? [`missing, and not made here: ${missing.join(", ")} (pods that need them wait)`] : []),
    ...(different.length > 0
      ? [`values differ that should be equal: ${different.join(", ")}; delete those Secrets and run bootstrap again`]
      : []),
  ].join("; ");
}

/** A self-signed certificate for a year: browsers warn of it, which is right. */
async function certificate(hosts: readonly string[]): Promise<Pick<NewSecret, "type" | "data">> {
  const { generate } = await import("selfsigned");
  const year = 365 * 24 * 3600_000;
  const pair = await generate([{ name: "commonName", value: hosts[0] ?? "localhost" }], {
    keyType: "ec",
    algorithm: "sha256",
    notAfterDate: new Date(Date.now() + year),
    extensions: [{ name: "subjectAltName", altNames: hosts.map((value) => ({ type: 2, value })) }],
  });
  return { type: "kubernetes.io/tls", data: { "tls.crt": encode(pair.cert), "tls.key": encode(pair.private) } };
}
