import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { coerce, gte } from "semver";
import { $ } from "zx/core";
import { kindClusters } from "./bootstrap/kind.ts";
import type { Target } from "./bootstrap/target.ts";
import { UserError } from "./cli.ts";
import type { Step } from "./steps.ts";

/** One thing that this machine must have. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** Whether it may work all the same. */
  readonly advice?: boolean;
  /** What was found. */
  readonly found: string;
  /** How to mend it; empty where there is nothing to mend. */
  readonly fix: string;
}

/** What every command that looks at a cluster needs: kubectl at most one minor away from the API server. */
const kubectlWanted = "1.34.0";
/** The first Kind whose default node image is of Kubernetes 1.35. */
const kindWanted = "0.31.0";
/** Requests of what ships come to about half of it; the rest is for the nodes themselves. */
const memoryWanted = 6;
/** https://kind.sigs.k8s.io/docs/user/known-issues/#pod-errors-due-to-too-many-open-files */
const fileLimits = { max_user_watches: 524_288, max_user_instances: 512 };

/**
 * What is missing or too old on this machine.
 *
 * @param own whether the cluster is to be made here, with Kind
 */
export async function examine({ cluster }: Pick<Target, "cluster">, own: boolean): Promise<Check[]> {
  const common = await Promise.all([
    program("git", ["git", "--version"], "2.30.0", "https://git-scm.com/downloads"),
    program(
      "kubectl",
      ["kubectl", "version", "--client"],
      kubectlWanted,
      "https://kubernetes.io/docs/tasks/tools/#kubectl",
    ),
  ]);
  if (!own || cluster.provider.type !== "kind") return common;
  const { httpPort, httpsPort } = cluster.provider;
  const kind = await program(
    "kind",
    ["kind", "version"],
    kindWanted,
    "https://kind.sigs.k8s.io/docs/user/quick-start/#installation",
  );
  const engine = await docker();
  const running =
    kind.ok && engine.every(({ ok, advice }) => ok || advice) && (await kindClusters()).includes(cluster.name);
  // Kind holds the ports of a cluster that is there.
  const ports = running ? [] : await Promise.all([httpPort, httpsPort].map((port) => portFree(port, cluster.name)));
  return [...common, kind, ...engine, ...limits(), ...ports];
}

/** The first step of a bootstrap: nothing is begun that this machine cannot end. */
export function doctorStep(target: Target, own: boolean): Step {
  return {
    name: "This machine",
    commands: ["npm run doctor"],
    look: async () => {
      const checks = await examine(target, own);
      const lines = (list: readonly Check[]) =>
        list.map(({ name, found, fix }) => `\n  ${name}: ${found}; ${fix}`).join("");
      const wrong = checks.filter(({ ok }) => !ok);
      const missing = wrong.filter(({ advice }) => !advice);
      if (missing.length > 0) throw new UserError(lines(missing));
      return `has what it takes${wrong.length > 0 ? `; it may be too little:${lines(wrong)}` : ""}`;
    },
    ensure: async () => "",
  };
}

async function program(name: string, command: readonly string[], wanted: string, source: string): Promise<Check> {
  const { stdout, stderr, exitCode } = await $({ quiet: true, nothrow: true, timeout: "30s" })`${command}`;
  if (exitCode === 127) return { name, ok: false, found: "not on the PATH", fix: `get it from ${source}` };
  if (exitCode !== 0) return { name, ok: false, found: `fails: ${stderr.trim().split("\n").at(-1)}`, fix: source };
  const version = coerce(stdout)?.version ?? "unknown version";
  const ok = version !== "unknown version" && gte(version, wanted);
  return { name, ok, found: version, fix: ok ? "" : `${wanted} or newer is needed: ${source}` };
}

async function docker(): Promise<Check[]> {
  const name = "Docker";
  const { stdout, stderr, exitCode } = await $({
    quiet: true,
    nothrow: true,
    timeout: "30s",
  })`docker info --format ${"{{json .}}"}`;
  if (exitCode === 127)
    return [{ name, ok: false, found: "not on the PATH", fix: "get it from https://docs.docker.com/get-docker/" }];
  const info = stdout.trim().startsWith("{")
    ? (JSON.parse(stdout) as { MemTotal?: number; ServerVersion?: string; ServerErrors?: string[] })
    : {};
  if (exitCode !== 0 || !info.ServerVersion) {
    const why = info.ServerErrors?.[0] ?? stderr.trim().split("\n").at(-1) ?? "";
    return [{ name, ok: false, found: `does not run (${why})`, fix: "start it, and let your user reach it" }];
  }
  const memory = (info.MemTotal ?? 0) / 2 ** 30;
  const ok = memory >= memoryWanted;
  return [
    { name, ok: true, found: info.ServerVersion, fix: "" },
    {
      name: "Docker memory",
      ok,
      advice: true,
      found: `${memory.toFixed(1)} GiB`,
      fix: ok ? "" : `give it ${memoryWanted} GiB or more, or leave components out of the cluster's input`,
    },
  ];
}

function limits(): Check[] {
  return Object.entries(fileLimits).flatMap(([limit, wanted]): Check[] => {
    const file = `/proc/sys/fs/inotify/${limit}`;
    if (!existsSync(file)) return [];
    const value = Number(readFileSync(file, "utf8"));
    const ok = value >= wanted;
    return [
      {
        name: `fs.inotify.${limit}`,
        ok,
        advice: true,
        found: String(value),
        fix: ok ? "" : `sudo sysctl fs.inotify.${limit}=${wanted}`,
      },
    ];
  });
}

async function portFree(port: number, cluster: string): Promise<Check> {
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(undefined)));
  });
  // A port below 1024 is Docker's to open, which may do so.
  const ok = error === undefined || error.code === "EACCES";
  const fix = `end what listens there, or change provider.httpPort and httpsPort in clusters/${cluster}.yaml`;
  return { name: `port ${port}`, ok, found: ok ? "free" : "in use", fix: ok ? "" : fix };
}
