/** Which values of the inputs count as secrets: a name alone is not enough, a token's own form is. */
import { describe, expect, test } from "vitest";
import { analyse } from "../generators/analysis/index.ts";
import { isSecret, secretIn } from "../generators/analysis/secrecy.ts";
import { parseTexts } from "./support.ts";

describe("names of secrets with values that are none", () => {
  test.for([
    ["ALLOW_EMPTY_PASSWORD", "yes"],
    ["MYSQL_RANDOM_ROOT_PASSWORD", "1"],
    ["REQUIRE_API_KEY", "false"],
    ["PASSWORD_MIN_LENGTH", "12"],
    ["TOKEN_URL", "https://login.example.com/oauth/token"],
    ["OAUTH_TOKEN", "https://login.example.com/oauth/token"],
    ["ACCESS_TOKEN", "15m"],
    ["MAX_TOKEN", "4096"],
    ["MYSQL_ROOT_PASSWORD_FILE", "/run/secrets/root"],
    ["MYSQL_ROOT_PASSWORD", "/run/secrets/root"],
    ["DB_PASSWORD", "$(SHARED_PASSWORD)"],
    ["AUTHORIZATION", "Bearer $(TOKEN)"],
    ["SECRET_NAME", "backend-tls"],
    ["KEY_ID", "2024-01"],
    ["DB_SECRET", "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db-x"],
    ["VAULT_SECRET", "secret/data/app#token"],
    ["API_KEY", "<your key>"],
    ["COMPASS", "north"],
    ["PARTITION_KEY", "customer"],
  ] as const)("%s: %s", ([name, value]) => expect(isSecret(name, value)).toBe(false));
});

describe("names of secrets with values that may be one", () => {
  test.for([
    ["DB_PASSWORD", "hunter2"],
    ["DB_PASSWORD", "123456"],
    ["dbPassword", "hunter2"],
    ["spring.datasource.password", "hunter2"],
    ["GITHUB_TOKEN_2", "abc"],
    ["SECRET_KEY_BASE", "abc"],
    ["DJANGO_SECRET_KEY", "abc"],
    ["ENCRYPTION_KEY", "00ff"],
    ["MYSQL_PWD", "hunter2"],
    ["aws_secret_access_key", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
    ["authorization", "Basic dXNlcjpwYXNz"],
  ] as const)("%s: %s", ([name, value]) => expect(isSecret(name, value)).toBe(true));
});

describe("secrets in a text of any name", () => {
  const x = (count: number) => "x1Y2".repeat(count).slice(0, count);
  test.for([
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "a private key"],
    ["-----BEGIN OPENSSH PRIVATE KEY-----", "a private key"],
    ["AKIAIOSFODNN7EXAMPLE", "an AWS access key"],
    ["postgres://app:hunter2@db/app", "a password in a URL"],
    ["redis://:hunter2@cache", "a password in a URL"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N", "a JSON Web Token"],
    [`ghp_${x(36)}`, "a GitHub token"],
    [`glpat-${x(20)}`, "a GitLab token"],
    [`xoxb-${x(24)}`, "a Slack token"],
    [`sk_live_${x(24)}`, "a Stripe key"],
    [`AIza${x(35)}`, "a Google key"],
    [`sk-ant-api03-${x(40)}`, "an API key of a model"],
    [`hvs.${x(30)}`, "a HashiCorp token"],
    ["curl -H 'Authorization: Bearer abcdefgh1234' localhost", "credentials of a request"],
    ["--db-password=hunter2", "a value for db-password"],
    ["-Dspring.datasource.password=hunter2", "a value for Dspring.datasource.password"],
    ["Server=db;User=app;Password='hunter2';", "a value for Password"],
    ["PGPASSWORD=hunter2 psql -h db", "a value for PGPASSWORD"],
    ['{ "password": "hunter2" }', "a value for password"],
    ["https://api.example.com/?api_key=abcd1234", "a value for api_key"],
  ] as const)("%s", ([text, what]) => expect(secretIn(text)).toBe(what));

  test.for([
    "./podinfo --port=8080 --backend-url=$(BACKEND_URL)/echo",
    "postgres://app:$(DB_PASSWORD)@db/app",
    "https://login.example.com:8443/a@b",
    "--token-url=https://login.example.com/token",
    "--password-file=/run/secrets/db",
    "--token=$(TOKEN)",
    "arn:aws:iam::111122223333:role/token",
    "Basic authentication is off",
    "-----BEGIN CERTIFICATE-----",
    "sha256:0000000000000000000000000000000000000000000000000000000000000000",
  ])("none in %s", (text) => expect(secretIn(text)).toBeUndefined());
});

/** Paths of the findings about an environment `dev` with a service `shop`, as dotted text. */
function findings(version: string, service = "", rest = ""): string[] {
  const release = `image: { repository: a/b, tag: "1.0" }, ports: { http: { port: 8080 } }${version && `, ${version}`}`;
  const { platform, faults } = parseTexts({
    "clusters/test.yaml": `name: test
environments: [dev]
repository: { url: https://example.com/platform.git }
provider: { type: existing }
platform: { argocd: { version: v3.5.7 }, istio: { version: 1.30.4, provided: true } }
`,
    "envs/dev.yaml": `name: dev
cluster: test
services: { shop: { ${service && `${service}, `}versions: { v1: { release: { ${release} } } } } }
${rest}`,
  });
  expect(faults).toEqual([]);
  return analyse(platform).map(({ path }) => path.join("."));
}

describe("found wherever a value reaches the cluster", () => {
  const key = "AKIAIOSFODNN7EXAMPLE";
  const release = "services.shop.versions.v1.release";
  test.for([
    ["a variable", [`env: { ID: ${key} }`], [`${release}.env.ID`]],
    ["configuration", [`config: { ID: ${key} }`], [`${release}.config.ID`]],
    ["a command", [`command: [sh, -c, "export A=${key}"]`], [`${release}.command.2`]],
    ["an argument after its flag", ["args: [--password, hunter2]"], [`${release}.args.1`]],
    ["a probe", [`probes: { liveness: { exec: [check, ${key}] } }`], [`${release}.probes.liveness.exec.1`]],
    [
      "an annotation",
      ["", `serviceAccount: { annotations: { a.example.com/b: ${key} } }`],
      ["services.shop.serviceAccount.annotations.a.example.com/b"],
    ],
    [
      "a header",
      ["", 'headerRoutes: [{ headers: { authorization: "Bearer abc123" }, version: v1 }]'],
      ["services.shop.headerRoutes.0.headers.authorization"],
    ],
    [
      "a data store",
      [
        "",
        "",
        `dataStores: { db: { image: { repository: a/b, tag: "1.0" }, port: 5432, user: 1, storage: { size: 1Gi, path: /data }, args: [--requirepass, "--admin-password=hunter2"], resources: { memory: 1Gi } } }\n`,
      ],
      ["dataStores.db.args.1"],
    ],
  ] as const)("%s", ([, [version, service, rest], paths]) => {
    expect(findings(version, service, rest)).toEqual(paths);
  });

  test("a name that a person has listed is none, in variables and in arguments", () => {
    const text = "env: { PUBLISHABLE_TOKEN: sunflower }, args: [--tls-secret, shop-tls, --auth-secret=shop-auth]";
    expect(findings(text)).toHaveLength(3);
    expect(findings(text, "", "notSecret: [PUBLISHABLE_TOKEN, tls-secret, auth-secret]\n")).toEqual([]);
  });
});
