/** Clones of a bare remote that holds the rendered platform, over a path and over HTTP, and slipway's commands in them. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { readInputs } from "../scripts/lib/inputs.ts";
import { planRender } from "../scripts/lib/render.ts";
import { repository, shippedFolder, temporaryFolder } from "./support.ts";

const run = promisify(execFile);
const identity = {
  GIT_AUTHOR_NAME: "t",
  GIT_AUTHOR_EMAIL: "t@example.com",
  GIT_COMMITTER_NAME: "t",
  GIT_COMMITTER_EMAIL: "t@example.com",
};
/** Tokens and settings of whoever runs the tests stay out of them. */
const foreign =
  /^(GH_|GITHUB_|GITEA_|FORGEJO_|GITLAB_|GL_HOST|CI_SERVER|BITBUCKET_|SYSTEM_|AZURE_DEVOPS_|SLIPWAY_|https?_proxy$)/i;
export const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name))),
  ...identity,
  NO_COLOR: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
};
export const git = (cwd: string, ...args: string[]) =>
  execFileSync("git", args, { cwd, env: environment, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

let template = "";

/** Renders and commits the platform, once for all tests of a file. */
export function prepareTemplate(): void {
  const folder = mkdtempSync(join(tmpdir(), "slipway-git-"));
  template = join(folder, "remote.git");
  beforeAll(() => {
    const seed = join(folder, "seed");
    for (const file of readInputs(shippedFolder).keys()) cpSync(join(shippedFolder, file), join(seed, file));
    planRender(seed).write();
    writeFileSync(join(seed, ".gitignore"), ".slipway\n*.slipway-tmp\n");
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", template);
    git(seed, "init", "--quiet", "--initial-branch=main");
    git(seed, "add", "--all");
    git(seed, "commit", "--quiet", "--message", "feat: the platform");
    git(seed, "push", "--quiet", template, "main");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
}

/** A bare remote with the rendered platform on main, and a way to clone it. */
export function remote(name = "remote.git") {
  const folder = temporaryFolder();
  const bare = join(folder, name);
  cpSync(template, bare, { recursive: true });
  const clone = (name: string, url = bare) => {
    git(folder, "clone", "--quiet", bare, name);
    git(join(folder, name), "remote", "set-url", "origin", url);
    return join(folder, name);
  };
  return { folder, bare, clone };
}

/** Runs a command of slipway in a clone. */
export const slipway = (root: string, command: string, ...args: string[]) => slipwayWith({}, root, command, ...args);

/** Runs a command of slipway in a clone, with some more environment variables. */
export async function slipwayWith(
  variables: Readonly<Record<string, string>>,
  root: string,
  command: string,
  ...args: string[]
): Promise<{ status: number; stdout: string; stderr: string }> {
  const call = ["scripts/run.js", command, ...args, "--root", root];
  return run(process.execPath, call, {
    cwd: repository,
    env: { ...environment, ...variables },
    maxBuffer: 64e6,
  }).then(
    ({ stdout, stderr }) => ({ status: 0, stdout, stderr }),
    (error) => ({ status: error.code as number, stdout: error.stdout as string, stderr: error.stderr as string }),
  );
}

export const subjects = (root: string, ref = "HEAD") => git(root, "log", "--format=%s", ref).split("\n");
export const isFresh = (root: string) => {
  const { create, change, remove } = planRender(root, { compareAll: true }).tree;
  return create.length + change.length + remove.length === 0;
};

/** Answers a request that is none of Git's; `false` leaves it to Git. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/**
 * Serves the bare repositories of a folder over HTTP, by Git's own `http-backend`, until the test is over.
 *
 * @param handle is asked first
 * @returns the address, without a slash at its end
 */
export async function serveGit(folder: string, handle: Handler = () => false): Promise<string> {
  const server = createServer(async (request, response) => {
    if (!(await handle(request, response))) runBackend(folder, request, response);
  });
  return listen(server);
}

/** Starts a server on a free port until the test is over. */
export async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Git's CGI program, https://git-scm.com/docs/git-http-backend */
function runBackend(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? "", "http://localhost");
  const header = (name: string) => String(request.headers[name] ?? "");
  const child = spawn("git", ["http-backend"], {
    env: {
      ...environment,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: header("content-type"),
      CONTENT_LENGTH: header("content-length"),
      HTTP_CONTENT_ENCODING: header("content-encoding"),
      GIT_PROTOCOL: header("git-protocol"),
      // Who has a name may push.
      REMOTE_USER: "t",
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  request.pipe(child.stdin);
  child.stdin.on("error", () => {});
  let head = Buffer.alloc(0);
  child.stdout.on("data", (chunk: Buffer) => {
    if (response.headersSent) return response.write(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    const lines = head.toString("latin1", 0, end).split("\r\n");
    const headers = lines.map((line) => line.split(": ") as [string, string]);
    const status = headers.find(([name]) => name === "Status")?.[1];
    response.writeHead(
      Number.parseInt(status ?? "200", 10),
      Object.fromEntries(headers.filter(([name]) => name !== "Status")),
    );
    response.write(head.subarray(end + 4));
  });
  child.stdout.on("end", () => response.end());
}
