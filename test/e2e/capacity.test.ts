/** What a change of size does to what runs: no pod is lost, and a volume grows where it is. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { kubectl, list, waitUntil } from "../../scripts/lib/cluster.ts";
import {
  application,
  baseline,
  change,
  confirmDeletion,
  deleteIn,
  get,
  git,
  live,
  refresh,
  setIn,
  settled,
  slipway,
} from "./world.ts";

beforeEach(baseline);

const version = ["services", "ml", "versions", "stable"];
const both =
  (...edits: readonly ((text: string) => string)[]) =>
  (text: string) =>
    edits.reduce((now, edit) => edit(now), text);
const fixed = (replicas: number) =>
  both(deleteIn([...version, "autoscaling"]), setIn([...version, "replicas"], replicas));
const scaled = (min: number, max: number) =>
  both(deleteIn([...version, "replicas"]), setIn([...version, "autoscaling"], { min, max }));

/** Without a metrics API an autoscaler is Degraded, so health is not waited for. */
async function synced(): Promise<void> {
  const head = await git("rev-parse", "HEAD");
  await refresh();
  await waitUntil("dev-ml to be Synced with HEAD", 120, async () => {
    const { sync, revision } = (await application("dev-ml")) ?? {};
    return sync === "Synced" && revision === head ? undefined : `it is ${sync} with ${revision}`;
  });
}

test.each([
  ["a fixed number to an autoscaler", fixed(6), scaled(2, 8), 2],
  ["an autoscaler to a fixed number", scaled(5, 8), fixed(6), 5],
  ["an autoscaler to one with a higher minimum", scaled(3, 8), scaled(5, 8), 3],
])("from %s: pods never fall below the smaller of both", async (_, before, after, least) => {
  const ready = async (): Promise<number> =>
    (await get("deployments.apps", "ml-stable", "dev-ml"))?.status.readyReplicas ?? 0;
  await change("test: as before", { "envs/dev.yaml": before });
  await synced();
  await waitUntil("the pods of before", 120, async () => {
    const now = await ready();
    return now >= least ? undefined : `${now} are ready`;
  });

  const seen: number[] = [];
  let over = false;
  const watched = (async () => {
    for (; !over; await pause(200)) seen.push(await ready());
  })();
  await change("test: another size", { "envs/dev.yaml": after });
  await synced();
  // The autoscaler looks every 15 seconds.
  await pause(35_000);
  over = true;
  await watched;
  expect(seen.length).toBeGreaterThan(50);
  expect(Math.min(...seen)).toBeGreaterThanOrEqual(least);
});

const pause = (time: number) => new Promise((resolve) => setTimeout(resolve, time));

const growing = (value: string) =>
  kubectl(live(), ["patch", "storageclass", "standard", "-p", `{"allowVolumeExpansion":${value}}`]);

let expansion = "";
beforeAll(async () => {
  expansion = await kubectl(live(), ["get", "storageclass", "standard", "-o", "jsonpath={.allowVolumeExpansion}"]);
});
afterAll(() => growing(expansion.trim() || "null"));

test("a volume grows by one commit: the same claim, volume and pod; it outlives its data store, which a person lets go", async () => {
  await growing("true");
  const archive = {
    image: { repository: "docker.io/library/mysql", tag: "8.4.6" },
    port: 3306,
    user: 999,
    storage: { size: "1Gi", path: "/var/lib/mysql" },
    secrets: ["database-credentials"],
    resources: { cpu: "100m", memory: "512Mi" },
  };
  await change("test: a data store more", { "envs/dev.yaml": setIn(["dataStores", "archive"], archive) });
  await settled();
  const look = async () => {
    const claim = await get("persistentvolumeclaims", "data-archive-0", "dev-archive");
    const [pod] = await list(live(), "pods", "dev-archive");
    return {
      size: claim?.spec.resources.requests.storage as string,
      same: [claim?.metadata, pod?.metadata].map((metadata) => (metadata as { uid?: string } | undefined)?.uid),
      volume: claim?.spec.volumeName as string,
    };
  };
  const before = await look();
  expect(before).toMatchObject({ size: "1Gi", same: [expect.any(String), expect.any(String)] });

  await change("test: it grows", {
    "envs/dev.yaml": setIn(["dataStores", "archive", "storage", "size"], "2Gi"),
  });
  await settled();
  expect(await look()).toEqual({ ...before, size: "2Gi" });

  await change("test: and gone again", { "envs/dev.yaml": deleteIn(["dataStores", "archive"]) });
  await refresh();
  const said = "waits for a person to confirm its deletion: ";
  await waitUntil("status to say what waits", 120, async () => {
    const { stdout } = await slipway("status", "--context", live().context, "--env", "dev");
    const line = stdout.split("\n").find((one) => one.includes(said)) ?? "";
    return line.includes("StatefulSet archive (dev-archive)") ? undefined : line || stdout;
  });
  expect((await look()).same).toEqual(before.same);
  await confirmDeletion("dev-archive");
  await waitUntil("the data store to go", 120, async () =>
    (await application("dev-archive")) ? "it is there" : undefined,
  );
  expect(await look()).toMatchObject({ size: "2Gi", volume: before.volume, same: [before.same[0], undefined] });
});
