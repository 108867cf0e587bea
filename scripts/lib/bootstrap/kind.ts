import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { $ } from "zx/core";
import { paths } from "../../../generators/render/paths.ts";
import { UserError } from "../cli.ts";
import { isReachable, list, waitUntil } from "../cluster.ts";
import type { Step } from "../steps.ts";
import type { Target } from "./target.ts";

/** How long Kind waits for its control plane. */
const limit = "300s";
/** How long all of it may take; most of it is the download of the node image. */
const creationLimit = "1800s";

/**
 * The Kind cluster. A note beside the clone says that one is being made: where the note is found, making it was interrupted,
 * and what is there is half a cluster, which goes before it is made again.
 */
export function kindCluster({ root, cluster, live }: Target): Step {
  const config = `${paths.cluster(cluster.name)}/kind.yaml`;
  const note = unfinishedNote(root, cluster.name);
  const create = ["create", "cluster", "--name", cluster.name, "--config", config, "--wait", limit];
  return {
    name: `Kind cluster ${cluster.name}`,
    commands: [`kind ${create.join(" ")}`],
    look: async () => {
      if (existsSync(note) || !(await kindClusters()).includes(cluster.name)) return undefined;
      if (await isReachable(live)) return "is there";
      throw new UserError(
        [
          "it is there and does not answer; its containers may have been stopped",
          `  start them with: docker start $(docker ps -aq --filter label=io.x-k8s.kind.cluster=${cluster.name})`,
          "  or begin again with: npm run destroy",
        ].join("\n"),
      );
    },
    ensure: async (say) => {
      if (existsSync(note)) {
        say("an earlier run was interrupted while making it: it is made again");
        await kind(["delete", "cluster", "--name", cluster.name]);
      }
      mkdirSync(dirname(note), { recursive: true });
      writeFileSync(note, "");
      const creation = $({
        cwd: root,
        quiet: true,
        nothrow: true,
        timeout: creationLimit,
      })`kind ${create}`;
      for await (const line of creation.stderr)
        for (const part of String(line).split("\n")) if (part.trim()) say(part.trim());
      const { exitCode, stderr } = await creation;
      // Where it fails by itself, kind takes away what it has begun.
      if (exitCode !== null) rmSync(note);
      if (exitCode !== 0) throw new UserError(`kind could not make it: ${telling(stderr)}`);
      await waitUntil("all nodes to be Ready", 300, async () => {
        const waiting = (await list(live, "nodes")).filter(({ status }) => !status?.conditions?.some(isReady));
        return waiting.length === 0 ? undefined : waiting.map(({ metadata }) => metadata?.name).join(", ");
      });
      return `${cluster.provider.type === "kind" ? cluster.provider.controlPlanes + cluster.provider.workers : 0} nodes Ready, context ${live.context}`;
    },
  };
}

/** Where it stands that a cluster is being made. */
export function unfinishedNote(root: string, name: string): string {
  return join(root, ".slipway", `kind-${name}.unfinished`);
}

const isReady = ({ type, status }: { type: string; status: string }) => type === "Ready" && status === "True";

/** Names of the Kind clusters of this machine. */
export async function kindClusters(): Promise<string[]> {
  return (await kind(["get", "clusters"])).split("\n").filter(Boolean);
}

/** Runs kind. @throws UserError with its own words */
export async function kind(args: readonly string[]): Promise<string> {
  const result = await $({ quiet: true, nothrow: true, timeout: "300s" })`kind ${args}`;
  if (result.exitCode === 0) return result.stdout;
  if (result.exitCode === 127) throw new UserError("kind is not on the PATH; npm run doctor says how to get it");
  throw new UserError(`kind ${args.join(" ")} failed: ${telling(result.stderr)}`);
}

function telling(stderr: string): string {
  const lines = stderr
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  return (lines.find((line) => line.startsWith("ERROR")) ?? lines.at(-1) ?? "no reason given").replace(/^ERROR: /, "");
}
