/** The commands that push, against Git's own server over HTTP. */
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import {
  git,
  type Handler,
  isFresh,
  listen,
  prepareTemplate,
  remote,
  serveGit,
  slipway,
  slipwayWith,
  subjects,
} from "../clones.ts";

prepareTemplate();

const weight = ["weight", "ml", "--env", "prod", "canary=20", "--push"] as const;

async function remoteOverHttp(handle?: Handler) {
  const { folder, bare, clone } = remote();
  const origin = await serveGit(folder, handle);
  return { bare, origin, clone: (name: string) => clone(name, `${origin}/remote.git`) };
}

describe("over HTTP", () => {
  test("all four commands push", async () => {
    const { bare, clone } = await remoteOverHttp();
    const root = clone("a");
    for (const [command, ...args] of [
      ["weight", "backend", "--env", "prod", "canary=50"],
      ["release", "backend", "ml", "--env", "dev", "--tag", "6.16.0"],
      ["promote", "backend", "ml", "--from", "dev", "--to", "staging"],
      ["rollback", "backend", "--env", "prod"],
    ] as const) {
      const result = await slipway(root, command, ...args, "--push");
      expect(result, `${command}: ${result.stderr}`).toMatchObject({ status: 0, stderr: "" });
      expect(git(bare, "rev-parse", "main")).toBe(git(root, "rev-parse", "HEAD"));
    }
    expect(subjects(bare, "main").slice(0, -1)).toEqual([
      "rollback(prod): backend canary 50 → 0",
      "promote(staging): backend 6.14.0 → 6.16.0, ml 6.14.0 → 6.16.0",
      "release(dev): backend 6.15.0 → 6.16.0, ml 6.15.0 → 6.16.0",
      "weight(prod): backend canary 10 → 50",
    ]);
    expect(isFresh(root)).toBe(true);
  });

  test("a race: different values land both, on the same one the second is told both", async () => {
    const { bare, clone } = await remoteOverHttp();
    const [a, b] = [clone("a"), clone("b")];
    await slipway(a, "weight", "ml", "--env", "prod", "canary=30", "--push");
    const other = await slipway(b, "weight", "backend", "--env", "prod", "canary=40", "--push");
    expect(other).toMatchObject({ status: 0, stderr: "" });
    expect(other.stdout).toContain("has moved to");
    expect(isFresh(clone("check"))).toBe(true);
    const same = await slipway(a, "weight", "backend", "--env", "prod", "canary=50", "--push");
    expect(same.stderr).toContain("services.backend.versions.canary.weight: here 50, there 40 (it was 10)");
    expect(subjects(bare, "main")).toHaveLength(3);
    expect(subjects(a)[0]).toBe("weight(prod): backend canary 10 → 50");
  });

  test("a password is asked of nobody and shown to nobody", async () => {
    const { origin, clone, bare } = await remoteOverHttp(({ headers }, response) => {
      if (headers.authorization === `Basic ${Buffer.from("ann:right").toString("base64")}`) return false;
      response.writeHead(401, { "WWW-Authenticate": 'Basic realm="git"' }).end();
      return true;
    });
    const root = clone("a");
    const none = await slipway(root, ...weight);
    expect(none).toMatchObject({ status: 1 });
    expect(none.stderr.trim()).toBe(
      `origin did not take the push: could not read Username for '${origin}': terminal prompts disabled; the change stays here as ${git(root, "rev-parse", "HEAD").slice(0, 8)}`,
    );
    git(root, "remote", "set-url", "origin", `${origin.replace("//", "//ann:wrong@")}/remote.git`);
    const wrong = await slipway(root, ...weight);
    expect(wrong.stderr.trim()).toMatch(/^origin (cannot be read|did not take the push): Authentication failed for /);
    expect(wrong.stderr).not.toContain("wrong");
    // A token in the place of the user: Git shows that one.
    git(root, "remote", "set-url", "origin", `${origin.replace("//", "//s3cret@")}/remote.git`);
    const token = await slipway(root, ...weight);
    expect(token.stderr.trim()).toMatch(/could not read Password for 'http:\/\/127\.0\.0\.1:\d+'/);
    git(root, "remote", "set-url", "origin", `${origin.replace("//", "//ann:right@")}/remote.git`);
    const right = await slipway(root, ...weight);
    expect(right.stdout).toMatch(
      /^was not pushed yet: \w+ weight\(prod\): ml canary 10 → 20\npushed \w{8}, which was committed before/,
    );
    expect(git(bare, "rev-parse", "main")).toBe(git(root, "rev-parse", "HEAD"));
  });

  test("a remote that does not answer is given up", async () => {
    const root = remote().clone("a", `${await listen(createServer(() => {}))}/remote.git`);
    const result = await slipwayWith({ SLIPWAY_TIMEOUT: "1" }, root, ...weight);
    expect(result.stderr.trim()).toMatch(
      /^whether origin took the push is not known \(no answer for 1 s \(SLIPWAY_TIMEOUT\)\): git fetch tells; the change stays here as \w{8}$/,
    );
    expect(git(root, "status", "--porcelain")).toBe("");
  });

  test("a remote that is down, or that is no repository", async () => {
    const { origin, clone } = await remoteOverHttp();
    const root = clone("a");
    for (const [url, message] of [
      ["http://127.0.0.1:1/remote.git", /Failed to connect to 127\.0\.0\.1 port 1/],
      [`${origin}/other.git`, /repository '.*other\.git\/' not found/],
    ] as const) {
      git(root, "remote", "set-url", "origin", url);
      const { status, stderr } = await slipway(root, "weight", "ml", "--env", "prod", "canary=21", "--pr");
      expect(status).toBe(1);
      expect(stderr).toMatch(message);
      expect(stderr.trim().split("\n")).toHaveLength(1);
      expect(git(root, "symbolic-ref", "HEAD")).toBe("refs/heads/main");
    }
  });
});
