import type { Fault } from "../model/faults.ts";
import { forEachService, type Rule } from "./rule.ts";

const secret = /(PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE_?KEY|API_?KEY|ACCESS_?KEY|CREDENTIALS?)$/i;

/** A password in an input would be in Git for ever, and in a ConfigMap for everyone who may read Pods. */
const inVariables: Rule = ({ environments }) =>
  environments.flatMap(({ input: { file, value } }) => {
    const services = Object.entries(value.services).flatMap(([name, { versions }]) =>
      Object.entries(versions).map(([version, { release }]) => ({
        path: ["services", name, "versions", version, "release"],
        maps: { env: release.env, config: release.config },
      })),
    );
    const dataStores = Object.entries(value.dataStores).map(([name, { config }]) => ({
      path: ["dataStores", name],
      maps: { config },
    }));
    return [...services, ...dataStores].flatMap(({ path, maps }) =>
      Object.entries(maps).flatMap(([map, variables = {}]) =>
        Object.keys(variables)
          .filter((key) => secret.test(key))
          .map(
            (key): Fault => ({
              file,
              path: [...path, map, key],
              atKey: true,
              message:
                "looks like a secret, which must not stand in Git; put it into a Secret and name that in secrets",
            }),
          ),
      ),
    );
  });

/** A user with a password in a URL. */
const credentials = /:\/\/[^\s/:@]*:[^\s/@$]+@/;

const inUrls = forEachService(function* (service) {
  for (const [version, { release }] of Object.entries(service.versions)) {
    const { env = {}, config = {}, command = [], args = [] } = release;
    for (const [kind, values] of Object.entries({ env, config, command, args })) {
      for (const [key, value] of Object.entries(values)) {
        if (credentials.test(value))
          yield {
            path: ["versions", version, "release", kind, Array.isArray(values) ? Number(key) : key],
            message:
              "holds a password in a URL, which must not stand in Git; put it into a Secret and name that in secrets",
          };
      }
    }
  }
});

export const secrets: Rule = (subject) => [...inVariables(subject), ...inUrls(subject)];
