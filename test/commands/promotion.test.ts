/** What a promotion takes along, what it leaves where it is, and what it refuses to take away; against real Git. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { planRender } from "../../scripts/lib/render.ts";
import { git, isFresh, prepareTemplate, remote, slipway, subjects } from "../clones.ts";

prepareTemplate();

const timeout = 300_000;
const backend = (version: string, ...path: string[]) => ["services", "backend", "versions", version, ...path];

/** Commits and pushes values of an environment as a person sets them, rendered; `undefined` removes one. */
function edit(root: string, environment: string, values: readonly (readonly [path: string[], value: unknown])[]): void {
  const file = join(root, `envs/${environment}.yaml`);
  const document = parseDocument(readFileSync(file, "utf8"));
  for (const [path, value] of values) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
  }
  writeFileSync(file, document.toString({ lineWidth: 0 }));
  planRender(root).write();
  git(root, "add", "--all");
  git(root, "commit", "--quiet", "--message", `feat(${environment}): by hand`);
  git(root, "push", "--quiet");
}

const read = (root: string, file: string) => readFileSync(join(root, file), "utf8");
const input = (root: string, environment: string, path: string[]) =>
  (
    parseDocument(read(root, `envs/${environment}.yaml`)).getIn(path, true) as { toJSON(): unknown } | undefined
  )?.toJSON();

describe("values that only the target has", () => {
  test("are named, all of all services, with the lines that keep them", { timeout }, async () => {
    const root = remote().clone("a");
    const at = backend("stable", "release", "config", "PAY_HOST");
    edit(root, "staging", [[at, "api.sandbox.example.com"]]);
    edit(root, "prod", [
      [at, "api.example.com"],
      [backend("stable", "release", "env"), { REGION: "eu" }],
      [backend("stable", "release", "secrets"), ["backend-credentials", "pay-live"]],
      [backend("stable", "release", "calls"), ["ml", "database", "api.example.com:443"]],
      [["services", "ml", "versions", "stable", "release", "args"], ["--fast"]],
    ]);
    const before = git(root, "rev-parse", "HEAD");
    const promote = ["backend", "ml", "--from", "staging", "--to", "prod"];
    const refused = await slipway(root, "promote", ...promote);
    expect(refused.stderr.trim().replace(/^(envs\/prod\.yaml):\d+:\d+/gm, "$1")).toBe(
      `envs/prod.yaml  services.backend.versions.stable.release.config.PAY_HOST: only prod has api.example.com; the promotion would make it api.sandbox.example.com
envs/prod.yaml  services.backend.versions.stable.release.secrets[1]: only prod has pay-live; the promotion would drop it
envs/prod.yaml  services.backend.versions.stable.release.calls[2]: only prod has api.example.com:443; the promotion would drop it
envs/prod.yaml  services.backend.versions.stable.release.env.REGION: only prod has eu; the promotion would drop it
envs/prod.yaml  services.ml.versions.stable.release.args: only prod has ["--fast"]; the promotion would drop it
write this beside the release, in services.backend.versions.stable of envs/prod.yaml:
  env: { REGION: eu }
  config: { PAY_HOST: api.example.com }
  calls: [ api.example.com:443 ]
  secrets: [ pay-live ]
args of ml has no place beside a release: bring it with the release, from where that comes
or use --force`,
    );
    expect(refused.status).toBe(1);
    expect(await slipway(root, "promote", ...promote, "--dry-run")).toEqual(refused);
    expect([git(root, "rev-parse", "HEAD"), git(root, "status", "--porcelain")]).toEqual([before, ""]);

    edit(root, "prod", [
      [backend("stable", "config"), { PAY_HOST: "api.example.com" }],
      [backend("stable", "env"), { REGION: "eu" }],
      [backend("stable", "secrets"), ["pay-live"]],
      [backend("stable", "calls"), ["api.example.com:443"]],
    ]);
    const kept = await slipway(root, "promote", "backend", "--from", "staging", "--to", "prod");
    expect(kept).toMatchObject({ status: 0, stderr: "" });
    expect(input(root, "prod", at)).toBe("api.sandbox.example.com");
    expect(read(root, "envs/prod/backend/config-map-backend-stable.yaml")).toContain("PAY_HOST: api.example.com");
    expect(isFresh(root)).toBe(true);

    const forced = await slipway(root, "promote", "ml", "--from", "staging", "--to", "prod", "--force");
    expect(forced.status).toBe(0);
    expect(git(root, "log", "-1", "--format=%b")).toContain(
      'Forced: services.ml.versions.stable.release.args: only prod has ["--fast"]; the promotion would drop it',
    );
  });

  test("are none that a release of the source once brought, unless nobody can know that", { timeout }, async () => {
    const { clone, folder, bare } = remote();
    const root = clone("a");
    const at = backend("stable", "release", "config", "LIMIT");
    edit(root, "staging", [[at, "1"]]);
    const promote = ["backend", "--from", "staging", "--to", "prod"];
    expect((await slipway(root, "promote", ...promote, "--push")).status).toBe(0);
    edit(root, "staging", [[at, undefined]]);
    edit(root, "staging", [[backend("stable", "release", "image", "tag"), "7.0.0"]]);
    git(folder, "clone", "--quiet", "--depth", "1", `file://${bare}`, "shallow");
    const unknown = await slipway(join(folder, "shallow"), "promote", ...promote, "--force", "--dry-run");
    expect(unknown.stdout).toContain("release.config.LIMIT: only prod has 1; the promotion would drop it");
    const refused = await slipway(join(folder, "shallow"), "promote", ...promote);
    expect(refused.stderr).toContain("this clone is shallow");
    expect(await slipway(root, "promote", ...promote)).toMatchObject({ status: 0, stderr: "" });
    expect(input(root, "prod", at)).toBeUndefined();
  });
});

test("a finish loses nothing that the canary was tried with", { timeout }, async () => {
  const root = remote().clone("a");
  edit(root, "prod", [
    [backend("stable", "config"), { PAY_HOST: "api.example.com" }],
    [backend("canary", "env"), { FEATURE: "new" }],
  ]);
  const finish = ["backend", "--to", "prod", "--finish"];
  const refused = await slipway(root, "promote", ...finish);
  expect(refused.stderr.trim().replace(/^(envs\/prod\.yaml):\d+:\d+/gm, "$1")).toBe(
    `envs/prod.yaml  services.backend.versions.canary: was tried with variable FEATURE (new), which stable would not have
envs/prod.yaml  services.backend.versions.canary: was tried without variable PAY_HOST, which stable would have (api.example.com)
write this beside the release, in services.backend.versions.canary of envs/prod.yaml:
  config: { PAY_HOST: api.example.com }
write this beside the release, in services.backend.versions.stable of envs/prod.yaml:
  env: { FEATURE: new }
or use --force`,
  );
  edit(root, "prod", [
    [backend("canary", "config"), { PAY_HOST: "api.example.com" }],
    [backend("stable", "env"), { FEATURE: "new" }],
  ]);
  expect(await slipway(root, "promote", ...finish)).toMatchObject({ status: 0, stderr: "" });
});

test("a rollback goes back to another release, not to where a value stood", { timeout }, async () => {
  const root = remote().clone("a");
  const at = backend("stable", "release", "config", "PAY_HOST");
  edit(root, "prod", [[at, "api.example.com"]]);
  await slipway(root, "release", "backend", "--env", "prod", "--tag", "7.0.0", "--push");
  edit(root, "prod", [
    [at, undefined],
    [backend("stable", "config"), { PAY_HOST: "api.example.com" }],
  ]);
  expect((await slipway(root, "rollback", "backend", "--env", "prod", "--release")).stderr).toBe("");
  expect(subjects(root)[0]).toBe("rollback(prod): backend 7.0.0 → 6.14.0");
  expect(input(root, "prod", backend("stable", "config"))).toEqual({ PAY_HOST: "api.example.com" });
});

test("a version of a choice, and every version to the one of its name", { timeout }, async () => {
  const root = remote().clone("a");
  edit(root, "staging", [
    [backend("stable", "release", "image", "tag"), "7.0.0"],
    [backend("canary", "release", "image", "tag"), "7.1.0"],
  ]);
  const promote = ["promote", "backend", "--from", "staging", "--to", "prod"] as const;
  await slipway(root, ...promote, "--from-version", "canary", "--as", "canary", "--weight", "20");
  expect(subjects(root)[0]).toBe("promote(prod): backend 6.15.0 → 7.1.0 from canary as canary at 20 %");
  expect(await slipway(root, ...promote, "--each")).toMatchObject({ status: 0, stderr: "" });
  expect(subjects(root)[0]).toBe("promote(prod): backend stable 6.14.0 → 7.0.0");
  for (const [version, tag] of [
    ["stable", "7.0.0"],
    ["canary", "7.1.0"],
  ] as const)
    expect(input(root, "prod", backend(version, "release", "image", "tag"))).toBe(tag);
  const mixed = await slipway(root, ...promote, "--each", "--as", "canary");
  expect(mixed.stderr).toContain("--each takes neither --as, --from-version nor --weight");
});

test("data stores are released, promoted and rolled back; they have no weights", { timeout }, async () => {
  const root = remote().clone("a");
  const digest = `sha256:${"0".repeat(64)}`;
  const steps: [string[], string][] = [
    [
      ["release", "database", "--env", "dev", "--tag", "8.4.7", "--digest", digest],
      "release(dev): database 8.4.6 → 8.4.7",
    ],
    [["promote", "database", "--from", "dev", "--to", "staging"], "promote(staging): database 8.4.6 → 8.4.7"],
    [["rollback", "database", "--env", "staging", "--release"], "rollback(staging): database 8.4.7 → 8.4.6"],
  ];
  for (const [[command = "", ...args], subject] of steps) {
    expect(await slipway(root, command, ...args)).toMatchObject({ status: 0, stderr: "" });
    expect(subjects(root)[0]).toBe(subject);
    expect(isFresh(root)).toBe(true);
    git(root, "push", "--quiet");
  }
  expect(input(root, "dev", ["dataStores", "database", "image", "digest"])).toBe(digest);
  for (const [args, message] of [
    [
      ["weight", "database", "canary=10", "--env", "dev"],
      "database is a data store: it has neither versions nor weights",
    ],
    [
      ["rollback", "database", "--env", "dev"],
      "database is a data store: it has no weights to give back; --release undoes its last release",
    ],
    [
      ["release", "database", "--env", "dev", "--tag", "9.0.0", "--as", "canary"],
      "database is a data store, which has no versions: leave canary out",
    ],
    [
      ["release", "databse", "--env", "dev", "--tag", "9.0.0"],
      'envs/dev.yaml has no service or data store databse; did you mean "database"?',
    ],
  ] as const) {
    const [command, ...rest] = args;
    expect((await slipway(root, command, ...rest)).stderr.trim()).toBe(message);
  }
});
