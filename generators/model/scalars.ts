import { z } from "zod";

type MapSchema = z.ZodType<Readonly<Record<string, unknown>>>;

/** Refuses a map without keys, in the parser and in the JSON Schema. */
export function nonEmpty<T extends MapSchema>(schema: T, message: string): T {
  return schema.refine((map) => Object.keys(map).length > 0, message).meta({ minProperties: 1 });
}

/** Refuses a map with none of these keys, in the parser and in the JSON Schema. */
export function anyOf<T extends MapSchema>(schema: T, keys: readonly string[], message: string): T {
  return schema
    .refine((map) => keys.some((key) => map[key] !== undefined), message)
    .meta({ anyOf: keys.map((key) => ({ required: [key] })) });
}

/** Refuses a map with none or several of these keys, in the parser and in the JSON Schema. */
export function oneOf<T extends MapSchema>(schema: T, keys: readonly string[]): T {
  return schema
    .superRefine((map, context) => {
      const given = keys.filter((key) => map[key] !== undefined);
      const message = `must have exactly one of ${keys.join(", ")} (it has ${given.join(" and ") || "none"})`;
      if (given.length !== 1) context.addIssue({ code: "custom", message });
    })
    .meta({ oneOf: keys.map((key) => ({ required: [key] })) });
}

/** A DNS label (RFC 1123), as Kubernetes wants it for namespaces and Services: lower case, digits, `-`, at most 63. */
export const name = z
  .string()
  .max(63, "must be at most 63 characters long, because it becomes a label and a DNS name")
  .regex(/^[a-z]([-a-z0-9]*[a-z0-9])?$/, "must be lower-case letters, digits and '-', starting with a letter");

/** A port name (RFC 6335): at most 15 characters. */
export const portName = name
  .max(15, "must be at most 15 characters long, which is what a port name may have")
  .regex(/^(?!.*--)/, "must not have two '-' in a row, which a port name may not have");

/** A DNS host name without wildcard, `shop.example.com`. */
export const hostName = z
  .string()
  .max(253, "must be at most 253 characters long")
  .regex(
    /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
    "must be a host name such as shop.example.com",
  );

/** The end of host names, `example.com` or `localhost`. */
export const domain = z
  .string()
  .max(200, "must be at most 200 characters long")
  .regex(
    /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
    "must be a domain such as example.com or localhost",
  );

/** A duration as Istio reads it, which takes none of 0; the unit is part of the value. */
export const duration = z
  .string()
  .regex(/^[1-9][0-9]{0,5}(ms|s|m|h)$/, "must be a duration such as 500ms, 30s, 5m or 1h");

/** CPU in cores (`2`, `0.5`) or millicores (`100m`), always a string. */
export const cpu = z.string().regex(/^([0-9]{1,7}m|[0-9]{1,4}(\.[0-9]{1,3})?)$/, "must be CPU such as 100m, 0.5 or 2");

/** Memory or storage in bytes with a unit, `128Mi`. */
export const bytes = z
  .string()
  .regex(/^[1-9][0-9]{0,9}(Ki|Mi|Gi|Ti|k|M|G|T)$/, "must be an amount such as 128Mi or 10Gi");

export const port = z.int().min(1).max(65535);
/** Envoy counts in millionths; a share below that is none. */
export const percent = z.number().min(0).max(100).multipleOf(0.0001, "must have at most four decimal places");
export const wholePercent = z.int().min(0).max(100);
/** A number of things: Kubernetes and Istio keep it in 32 bits. */
export const count = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);
export const countOrNone = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
/** Pods of one workload: https://kubernetes.io/docs/setup/best-practices/cluster-large/ has the limits of a cluster. */
export const pods = z.int().min(1).max(10_000);
export const podsOrNone = z.int().min(0).max(10_000);
/** Nodes of one cluster, which Kubernetes supports at most. */
export const nodes = z.int().min(1).max(5_000);
/** Seconds between or before probes: more than a day is no probe. */
export const seconds = z.int().min(1).max(86_400);
export const secondsOrNone = z.int().min(0).max(86_400);
export const weight = z.int().min(0).max(100);

/** Annotations: qualified names (https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/). */
export const annotations = z.record(
  z
    .string()
    .regex(
      /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/,
      "must be the name of an annotation, such as eks.amazonaws.com/role-arn",
    ),
  z.string(),
);

/** Tags of a trace; Istio takes none without a value. */
export const tags = z.record(
  z
    .string()
    .regex(/^[\w.-]+$/, "must be the name of a tag: letters, digits, '.', '_' and '-'")
    .regex(/^(?!(environment|cluster)$)/, "is always there, with the name of the environment or cluster; remove it"),
  z.string().min(1),
);

/** A folder or file in a container. */
export const absolutePath = z
  .string()
  .regex(/^(\/(?!\.{1,2}(\/|$))[^/:]+)+$/, "must be a path below / without ':', '.' and '..', such as /var/lib/mysql");

/** The name of an environment variable, as a shell and a ConfigMap both accept it. */
export const variables = z.record(
  z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be a variable name: letters, digits and '_', not starting with a digit"),
  z.string(),
);

/** HTTP header names are matched in lower case by Envoy; the value is compared exactly. */
export const headers = nonEmpty(
  z.record(
    z.string().regex(/^[a-z0-9!#$%&'*+.^_`|~-]+$/, "must be a header name in lower case, such as x-canary"),
    z.string(),
  ),
  "must name at least one header",
);

/** Milliseconds of a `duration` that has passed validation. */
export function milliseconds(value: string): number {
  const [, amount, unit] = /^(\d+)(ms|s|m|h)?$/.exec(value) ?? [];
  const factor = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit ?? "s"] ?? Number.NaN;
  return Number(amount) * factor;
}
