import { describe, expect, test } from "vitest";
import { wantedSecrets } from "../scripts/lib/bootstrap/wanted-secrets.ts";
import { parseTexts } from "./support.ts";

const service = (name: string, secrets: string) =>
  `  ${name}: { versions: { stable: { release: { image: { repository: a/b, tag: "1.0.0" }, ports: { http: { port: 80 } }, secrets: ${secrets} } } } }`;
const environment = (name: string, more = "") => `name: ${name}
cluster: local
${more}
services:
${service("backend", "[backend-credentials, database-credentials, theirs]")}
dataStores:
  database:
    image: { repository: a/mysql, tag: "8.4.6" }
    port: 3306
    user: 999
    storage: { size: 1Gi, path: /data }
    secrets: [database-credentials]
    resources: { memory: 512Mi }
`;
const cluster = `name: local
environments: [dev, prod]
repository: { url: "https://git.example.com/acme/platform.git" }
provider: { type: existing }
platform: { argocd: { version: v3.5.7 } }
secrets:
  backend-credentials: [PASSWORD, DATABASE_PASSWORD=database-credentials/MYSQL_PASSWORD]
  database-credentials: [MYSQL_PASSWORD]
  unused: [KEY]
`;

function wanted(layout = "") {
  const { platform, faults } = parseTexts({
    "clusters/local.yaml": cluster,
    "envs/dev.yaml": environment("dev", layout),
    "envs/prod.yaml": environment("prod"),
  });
  expect(faults).toEqual([]);
  const [first] = platform.clusters;
  if (!first) throw new Error("no cluster");
  return wantedSecrets({ cluster: first.value, platform }).map(({ namespace, name, made }) => ({
    name: `${namespace}/${name}`,
    values: made?.type === "values" ? made.values : undefined,
  }));
}

describe("wanted Secrets", () => {
  test("a value has one identity in an environment, wherever its Secret is named, and keys that must be equal share it", () => {
    const shared = (text: string) => ({ shared: text });
    const of = (environment: string, layout = environment) => {
      const password = shared(`${environment} database-credentials/MYSQL_PASSWORD`);
      return [
        { name: `${layout}-database/database-credentials`, values: { MYSQL_PASSWORD: password } },
        {
          name: `${layout}-backend/backend-credentials`,
          values: { PASSWORD: shared(`${environment} backend-credentials/PASSWORD`), DATABASE_PASSWORD: password },
        },
        { name: `${layout}-backend/database-credentials`, values: { MYSQL_PASSWORD: password } },
        { name: `${layout}-backend/theirs`, values: undefined },
      ];
    };
    expect(wanted()).toEqual([...of("dev"), ...of("prod")]);
  });

  test("in a shared namespace each is there once", () => {
    const names = wanted("namespaces: { layout: shared }").map(({ name }) => name);
    expect(names.filter((name) => name.startsWith("dev/"))).toEqual([
      "dev/database-credentials",
      "dev/backend-credentials",
      "dev/theirs",
    ]);
  });
});
