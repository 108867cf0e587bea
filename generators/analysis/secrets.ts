import type { Fault } from "../model/faults.ts";
import type { Rule } from "./rule.ts";

const secret = /(PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE_?KEY|API_?KEY|ACCESS_?KEY|CREDENTIALS?)$/i;

/** A user with a password in a URL. */
const credentials = /:\/\/[^\s/:@]*:[^\s/@$]+@/;

const wayOut = "which must not stand in Git; put it into a Secret and name that in secrets";

/** A password in an input would be in Git for ever, and in a ConfigMap for everyone who may read Pods. */
export const secrets: Rule = ({ environments }) =>
  environments.flatMap(({ input: { file, value } }) => {
    const releases = Object.entries(value.services).flatMap(([name, { versions }]) =>
      Object.entries(versions).map(([version, { release }]) => {
        const { env, config, command, args } = release;
        return { path: ["services", name, "versions", version, "release"], given: { env, config, command, args } };
      }),
    );
    const dataStores = Object.entries(value.dataStores).map(([name, { config, args }]) => ({
      path: ["dataStores", name],
      given: { config, args },
    }));
    return [...releases, ...dataStores].flatMap(({ path, given }) =>
      Object.entries(given).flatMap(([kind, values = {}]) =>
        Object.entries(values).flatMap(([key, text]): Fault[] => {
          const isList = Array.isArray(values);
          const at = { file, path: [...path, kind, isList ? Number(key) : key] };
          if (!isList && secret.test(key)) return [{ ...at, atKey: true, message: `looks like a secret, ${wayOut}` }];
          return credentials.test(text) ? [{ ...at, message: `holds a password in a URL, ${wayOut}` }] : [];
        }),
      ),
    );
  });
