import type { Fault, Path } from "../model/faults.ts";
import { effectiveRelease } from "../model/place.ts";
import type { Rule } from "./rule.ts";

/** Most bytes of the values of a ConfigMap together. */
const configMapLimit = 2 ** 20;
/** Most bytes of one argument or variable of a process on Linux, `NAME=value` with the byte that ends it. */
const stringLimit = 2 ** 17;
/** Most bytes of all annotations of an object together, without the ones that Argo CD adds. */
const annotationLimit = 2 ** 18 - 2 ** 10;

/** What the API server refuses because of its size, and what no container starts with. */
export const sizes: Rule = ({ environments }) =>
  environments.flatMap(({ input: { file, value } }) => {
    const services = Object.entries(value.services).flatMap(([name, { versions, serviceAccount }]) => [
      ...Array.from(annotationFaults(["services", name, "serviceAccount", "annotations"], serviceAccount.annotations)),
      ...Object.entries(versions).flatMap(([version, spec]) => {
        const { env, config, command, args } = effectiveRelease(spec);
        return Array.from(
          ofContainer(["services", name, "versions", version, "release"], { env, config, command, args }),
        );
      }),
    ]);
    const dataStores = Object.entries(value.dataStores).flatMap(([name, { config, args }]) =>
      Array.from(ofContainer(["dataStores", name], { config, args })),
    );
    return [...services, ...dataStores].map((fault): Fault => ({ file, ...fault }));
  });

type Texts = Readonly<Record<string, string>> | readonly string[] | undefined;

function* ofContainer(path: Path, texts: Readonly<Record<string, Texts>>): Iterable<Omit<Fault, "file">> {
  for (const [kind, list = {}] of Object.entries(texts)) {
    const isList = Array.isArray(list);
    for (const [key, text] of Object.entries(list as Record<string, string>)) {
      const length = bytes(isList ? text : `${key}=${text}`) + 1;
      if (length > stringLimit)
        yield {
          path: [...path, kind, isList ? Number(key) : key],
          message: `takes ${length} bytes, and Linux starts no process with more than ${stringLimit} in one ${isList ? "argument" : "variable"}; shorten it, or let the program fetch it`,
        };
    }
  }
  const config = Object.values(texts.config ?? {}).reduce((sum, text) => sum + bytes(text), 0);
  if (config > configMapLimit)
    yield {
      path: [...path, "config"],
      atKey: true,
      message: `takes ${config} bytes, and a ConfigMap holds at most ${configMapLimit}; shorten it`,
    };
}

function* annotationFaults(path: Path, annotations: Readonly<Record<string, string>> = {}) {
  const total = Object.entries(annotations).reduce((sum, [key, text]) => sum + bytes(key) + bytes(text), 0);
  if (total > annotationLimit)
    yield {
      path,
      atKey: true,
      message: `take ${total} bytes, and an object has at most ${annotationLimit} of annotations; shorten them`,
    };
}

const bytes = (text: string) => Buffer.byteLength(text);
