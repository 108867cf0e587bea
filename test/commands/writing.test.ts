/** Commands that write take turns, write whole files or none, and never through a link. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { planRender } from "../../scripts/lib/render.ts";
import { slipway, slipwayWith } from "../clones.ts";
import { copyInputs, repository, shippedFolder, temporaryFolder } from "../support.ts";

const render = (folder: string) => planRender(folder).write();
/** Every file below a folder with its text, but for the memory. */
const everything = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes(".slipway"))
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((path) => [path, readFileSync(path, "utf8")]),
  );
const edit = (folder: string) => {
  for (const name of ["dev", "staging", "prod"]) {
    const path = join(folder, `envs/${name}.yaml`);
    writeFileSync(path, readFileSync(path, "utf8").replaceAll(/6\.\d+\.\d+/g, "7.7.7"));
  }
};

describe("what is no file or folder of its own is refused, and nothing is written", () => {
  const elsewhere = "is a symbolic link or a special file, and slipway neither reads nor writes through one";
  test.each<[string, string, (path: string, aside: string) => void, string]>([
    ["a linked folder of an environment", "envs/prod", link, elsewhere],
    ["a linked folder of a service", "envs/prod/backend", link, elsewhere],
    ["a linked top folder", "argo-apps", link, elsewhere],
    ["a linked manifest", "envs/prod/backend/service-backend.yaml", link, elsewhere],
    ["a linked input", "envs/prod.yaml", link, elsewhere],
    ["a link to nowhere", "envs/prod/backend/other.yaml", (path) => symlinkSync("/nowhere", path), elsewhere],
    ["a pipe among manifests", "envs/prod/backend/pipe.yaml", (path) => execFileSync("mkfifo", [path]), elsewhere],
    ["a pipe as an input", "envs/pipe.yaml", (path) => execFileSync("mkfifo", [path]), elsewhere],
    ["a folder as an input", "clusters/other.yaml", (path) => mkdirSync(path), "is a folder, must be a file"],
    [
      "an input that is no text",
      "envs/prod.yaml",
      (path) => writeFileSync(path, Buffer.from([0xff, 0xfe])),
      "is no UTF-8 text",
    ],
    ["a huge input", "envs/prod.yaml", (path) => truncateSync(path, 5e9), "is 5000000000 bytes long, must be at most"],
  ])("%s", async (_what, path, spoil, message) => {
    const folder = copyInputs(shippedFolder);
    const aside = join(temporaryFolder(), "aside");
    render(folder);
    edit(folder);
    spoil(join(folder, path), aside);
    const before = existsSync(aside) ? everything(temporaryOf(aside)) : {};
    const { status, stdout, stderr } = await slipway(folder, "render");
    expect(stderr).toBe(`${path}  ${stderr.slice(path.length + 2)}`);
    expect(stderr.trimEnd().split("\n")).toEqual([expect.stringContaining(message)]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    if (existsSync(aside)) expect(everything(temporaryOf(aside))).toEqual(before);
    expect(readFileSync(join(folder, "envs/dev/backend/deployment-backend-stable.yaml"), "utf8")).not.toContain(
      "7.7.7",
    );
  });

  function link(path: string, aside: string): void {
    renameSync(path, aside);
    symlinkSync(aside, path);
  }

  function temporaryOf(aside: string): string {
    return join(aside, "..");
  }
});

describe("what cannot be written leaves nothing half done", () => {
  test.each<[string, (folder: string) => void]>([
    [
      "a file where a folder belongs",
      (folder) => {
        rmSync(join(folder, "envs/staging"), { recursive: true });
        writeFileSync(join(folder, "envs/staging"), "");
      },
    ],
    [
      "a folder where a file belongs",
      (folder) => {
        const path = join(folder, "envs/staging/routes/virtual-service-ml.yaml");
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ])("%s", async (_what, spoil) => {
    const folder = copyInputs(shippedFolder);
    render(folder);
    edit(folder);
    spoil(folder);
    const before = everything(folder);
    const { status, stderr } = await slipway(folder, "render");
    expect(stderr).toMatch(/^E[A-Z]+: [^\n]*envs\/staging[^\n]*\n$/);
    expect(status).toBe(1);
    expect(everything(folder)).toEqual(before);
  });

  test.each([
    ["from a rendered file on", 4, /^E[A-Z]+: [^\n]*\.slipway-tmp'\n$/],
    ["from the first file on", 0, /^E[A-Z]+: [^\n]*turn\.json[^\n]*'\n$/],
  ])("a disk that takes no more, %s: the line names the file", (_when, limit, line) => {
    const folder = copyInputs(shippedFolder);
    const before = everything(folder);
    // A limit for the size of a file, KiB, fails as a full disk does, and needs no disk of its own.
    const command = [process.execPath, join(repository, "scripts/run.js"), "render", "--root", folder];
    const limited = ["-c", `ulimit -f ${limit}; exec "$@"`, "bash", ...command];
    const { status, stderr } = spawnSync("bash", limited, { encoding: "utf8" });
    expect(stderr).toMatch(line);
    expect(status).toBe(1);
    expect(everything(folder)).toEqual(before);
  });

  test("a link in the place of a file that is being written is not followed", () => {
    const folder = copyInputs(shippedFolder);
    const target = join(temporaryFolder(), "mine");
    writeFileSync(target, "mine");
    render(folder);
    symlinkSync(target, join(folder, "envs/prod.yaml.slipway-tmp"));
    expect(() => render(folder)).toThrow("envs/prod.yaml.slipway-tmp  is a symbolic link");
    expect(readFileSync(target, "utf8")).toBe("mine");
  });
});

describe("turns", () => {
  const turn = (folder: string) => join(folder, ".slipway/turn.json");
  /** A turn that is taken by somebody. */
  function taken(holder: object): string {
    const folder = copyInputs(shippedFolder);
    mkdirSync(join(folder, ".slipway"));
    writeFileSync(
      turn(folder),
      JSON.stringify({ id: "x", host: hostname(), process: 1, born: "", command: "npm run weight", ...holder }),
    );
    return folder;
  }
  const birth = () => {
    const stat = readFileSync(`/proc/${process.pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  };
  const isLinux = existsSync(`/proc/${process.pid}/stat`);

  test("four renders at once all end, and leave the tree of one", async () => {
    const folder = copyInputs(shippedFolder);
    const results = await Promise.all(Array.from({ length: 4 }, () => slipway(folder, "render")));
    expect(results.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    expect(planRender(folder, { compareAll: true }).tree).toEqual({ create: [], change: [], remove: [], foreign: [] });
    expect(readdirSync(join(folder, ".slipway")).filter((name) => name.startsWith("turn"))).toEqual([]);
  });

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ["of a process that has ended", { process: 2 ** 22 + 1 }],
    ...(isLinux
      ? [["of a number that another process has now", { process: process.pid, born: "1" }] satisfies [string, object]]
      : []),
    ["that is no turn", { process: "constructor", host: undefined, id: null }],
  ])("a turn %s is taken over", async (_what, holder) => {
    const folder = taken(holder);
    if (holder.process === "constructor") writeFileSync(turn(folder), "nonsense");
    const { status, stderr } = await slipway(folder, "render");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(existsSync(turn(folder))).toBe(false);
  });

  test.each([
    ["here", { process: process.pid, born: isLinux ? birth() : "" }, `npm run weight (process ${process.pid})`],
    ["on another machine", { host: "elsewhere", process: 7 }, "npm run weight (process 7 on elsewhere)"],
  ])("one who is at work %s is waited for, with a limit", async (_where, holder, who) => {
    const folder = taken(holder);
    const { status, stderr } = await slipwayWith({ SLIPWAY_TIMEOUT: "1" }, folder, "render");
    expect(stderr.split("\n").slice(0, 2)).toEqual([
      `waiting for ${who}, at most 1 s`,
      `${who} is at work here for more than 1 s (SLIPWAY_TIMEOUT); if there is no such process, remove ${turn(folder)}`,
    ]);
    expect(status).toBe(1);
    expect(existsSync(join(folder, "argo-apps"))).toBe(false);
    expect(existsSync(turn(folder))).toBe(true);
  });

  test("a check needs no turn, and writes nothing", async () => {
    const folder = taken({ host: "elsewhere" });
    const { stderr } = await slipway(folder, "render", "--check");
    expect(stderr).toMatch(/^the rendered tree is stale/);
    expect(readdirSync(join(folder, ".slipway"))).toEqual(["turn.json"]);
  });
});
