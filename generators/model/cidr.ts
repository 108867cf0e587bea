import { z } from "zod";

/** A range of IP addresses. */
export interface Cidr {
  readonly version: 4 | 6;
  readonly first: bigint;
  readonly prefix: number;
}

const bits = { 4: 32, 6: 128 } as const;
const octet = /^(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/;

/** Reads `10.20.0.0/16` or `fd12:3456::/48`; host bits that are set stay out of the range. @returns undefined for anything else */
export function parseCidr(text: string): Cidr | undefined {
  const [, address = "", digits = ""] = /^([0-9A-Fa-f.:]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const version = address.includes(":") ? 6 : 4;
  const value = version === 6 ? parseAddress6(address) : parseAddress4(address);
  const prefix = Number(digits);
  if (value === undefined || digits === "" || prefix > bits[version]) return undefined;
  const shift = BigInt(bits[version] - prefix);
  return { version, first: (value >> shift) << shift, prefix };
}

function parseAddress4(address: string): bigint | undefined {
  const octets = address.split(".");
  if (octets.length !== 4 || !octets.every((part) => octet.test(part))) return undefined;
  return octets.reduce((sum, part) => (sum << 8n) + BigInt(part), 0n);
}

function parseAddress6(address: string): bigint | undefined {
  const url = `http://[${address}]`;
  if (!URL.canParse(url)) return undefined;
  const [head = "", tail] = new URL(url).hostname.slice(1, -1).split("::");
  const groups = (part = "") => (part === "" ? [] : part.split(":"));
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array.from({ length: missing }, () => "0"), ...groups(tail)];
  return all.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}

/** The canonical text of a range (RFC 5952), which is the only one that Kubernetes takes without a warning. */
export function formatCidr({ version, first, prefix }: Cidr): string {
  const [width, count] = version === 4 ? [8n, 4] : [16n, 8];
  const parts = Array.from(
    { length: count },
    (_, index) => (first >> (width * BigInt(count - 1 - index))) % (1n << width),
  );
  const address =
    version === 4
      ? parts.join(".")
      : new URL(`http://[${parts.map((part) => part.toString(16)).join(":")}]`).hostname.slice(1, -1);
  return `${address}/${prefix}`;
}

/** Whether every address of `inner` is one of `outer`. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  if (outer.version !== inner.version || outer.prefix > inner.prefix) return false;
  const shift = BigInt(bits[outer.version] - outer.prefix);
  return outer.first >> shift === inner.first >> shift;
}

/** Ranges written in the code, which are right. */
export function cidrs(...texts: readonly string[]): Cidr[] {
  return texts.map((text) => {
    const range = parseCidr(text);
    if (!range) throw new Error(`${text} is no range of addresses`);
    return range;
  });
}

const form = /^[0-9A-Fa-f.:]+\/\d{1,3}$/;
const example = "must be a range of addresses such as 10.20.0.0/16, or 10.20.0.7/32 for one";

/** A range of IP addresses in its canonical form. */
export const cidr = z
  .string()
  .regex(form, example)
  .superRefine((text, context) => {
    const range = parseCidr(text);
    const message =
      range === undefined
        ? example
        : text === formatCidr(range)
          ? undefined
          : `must be ${formatCidr(range)}, the range that this lies in`;
    if (message && form.test(text)) context.addIssue({ code: "custom", message });
  });

/** Where nothing outside of the cluster answers that an application has a reason to ask, and why. */
const closed: readonly (readonly [Cidr, string])[] = (
  [
    ["0.0.0.0/8", "which no host has"],
    ["127.0.0.0/8", "the pod itself"],
    ["169.254.0.0/16", "where nodes and the cloud's metadata service answer"],
    ["168.63.129.16/32", "where Azure's platform answers its nodes"],
    ["192.0.0.0/24", "which is reserved, and where clouds keep metadata"],
    ["224.0.0.0/4", "which are groups and no hosts"],
    ["240.0.0.0/4", "which is reserved, and where Istio takes its own addresses from"],
    ["::/8", "which no host has"],
    ["fe80::/10", "where nodes and the cloud's metadata service answer"],
    ["fd00:ec2::/32", "where the metadata service of AWS answers"],
    ["fd20:ce::/32", "where the metadata service of Google Cloud answers"],
    ["ff00::/8", "which are groups and no hosts"],
  ] as const
).flatMap(([text, why]) => cidrs(text).map((range) => [range, why] as const));

/** Shortest prefix of a range that is still a network and not half of the world. */
const widest = { 4: 8, 6: 3 } as const;

/** A range that a call may go to. */
export const targetCidr = cidr.superRefine((text, context) => {
  const range = parseCidr(text);
  if (!range || text !== formatCidr(range)) return;
  const within = closed.find(([own]) => covers(own, range));
  const message = within
    ? `in ${formatCidr(within[0])}, ${within[1]}; no call may go there`
    : range.prefix < widest[range.version]
      ? `wider than /${widest[range.version]}; name the networks that the host is in, or nothing for a public host`
      : undefined;
  if (message) context.addIssue({ code: "custom", message });
});

/** Ranges that no call may go to. */
export const closedRanges: readonly Cidr[] = closed.map(([range]) => range);

/** What of `closed` lies in a range, in the order of the addresses and without what lies in another one. */
export function exceptions(range: Cidr, closed: readonly Cidr[]): string[] {
  const inside = closed.filter((own) => covers(range, own));
  return [
    ...new Set(
      inside
        .filter((own) => !inside.some((other) => other.prefix < own.prefix && covers(other, own)))
        .sort((a, b) => (a.first < b.first ? -1 : 1))
        .map(formatCidr),
    ),
  ];
}
