import "../sandbox.ts";
import { lstatSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { main, UserError } from "../../scripts/lib/cli.ts";
import { listTree } from "../../scripts/lib/tree.ts";
import { commitChange, timeDiffs } from "./diff.ts";
import { assertSameObjects, ensureHelm, template, writeValues } from "./helm.ts";
import { edited, environmentText, inputs } from "./input.ts";
import { interrupt, time } from "./process.ts";
import { collect, construct, type Rendered, render, writeFiles } from "./slipway.ts";

/** What one round measures: times in ms, memory in MB. */
type Round = Readonly<
  Record<"cold" | "helm" | "floor" | "models" | "edit" | "double" | "memory" | "diff" | "gitDiff", number>
>;

const figures: readonly (readonly [name: string, limit: number, unit: string, value: (round: Round) => number])[] = [
  ["cold / helm template", 1, "×", ({ cold, helm }) => cold / helm],
  ["cold / (floor + models)", 1.5, "×", ({ cold, floor, models }) => cold / (floor + models)],
  ["one-value edit / cold", 5, "%", ({ edit, cold }) => (100 * edit) / cold],
  ["peak memory of cold", 500, "MB", ({ memory }) => memory],
  ["cold of 2 N / cold of N", 2.2, "×", ({ double, cold }) => double / cold],
  ["diff / git diff + parsing", 1.5, "×", ({ diff, gitDiff }) => diff / gitDiff],
];

await main({
  usage: "npm run bench --",
  summary: "Measures the render and the diff against Helm and Git, and against the least that the same work can take.",
  options: {
    services: { type: "string", value: "N", help: "Services per environment. Default: 1000." },
    rounds: { type: "string", value: "R", help: "Rounds; each figure is the median of theirs. Default: 3." },
    json: { type: "boolean", help: "Print the figures as JSON." },
  },
  run: async ({ services = "1000", rounds = "3", json }) => {
    const [count, total] = [positive("--services", services), positive("--rounds", rounds)];
    const folder = mkdtempSync(join(tmpdir(), "slipway-bench-"));
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());
    try {
      const contest = await prepare(folder, count);
      const measured: Round[] = [];
      while (measured.length < total) {
        console.error(`round ${measured.length + 1} of ${total}`);
        measured.push(await playRound(contest, measured.length));
      }
      const report = summarise(measured, contest);
      console.log(json ? JSON.stringify(report, null, 2) : table(report));
    } finally {
      console.error("removing temporary files");
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
});

function positive(option: string, text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new UserError(`${option} is ${text}, must be a whole number above 0`);
}

interface Contest {
  readonly folder: string;
  readonly count: number;
  readonly helm: string;
  readonly rendered: Rendered;
}

/** Everything that is not measured; also makes sure that Helm and slipway do the same work. */
async function prepare(folder: string, count: number): Promise<Contest> {
  console.error("checking that helm and slipway give the same objects");
  const helm = await ensureHelm();
  const rendered = collect(inputs(count));
  writeValues(join(folder, "values"), count);
  await template(helm, join(folder, "values"), join(folder, "same"));
  assertSameObjects(join(folder, "same"), rendered.manifests);
  // Takes the inodes that were deleted before the benchmark, for the reason given at playRound.
  writeFiles(join(folder, "warm-up"), rendered.files);
  return { folder, count, helm, rendered };
}

/**
 * Every contestant once, each in a folder of its own, in turn forwards and backwards. Nothing is deleted before the end:
 * ext4 does not like to use an inode again within minutes of its deletion, and searches so long for others that it takes
 * ten times the time (https://github.com/torvalds/linux/blob/v6.12/fs/ext4/ialloc.c, `recently_deleted`).
 */
async function playRound({ folder, count, helm, rendered }: Contest, round: number): Promise<Round> {
  const root = (contestant: string) => join(folder, `${round}-${contestant}`);
  const contestants: readonly (() => Promise<Partial<Round>>)[] = [
    async () => ({ floor: await time(() => writeFiles(root("floor"), rendered.files)) }),
    async () => {
      writeFiles(root("cold"), inputs(count));
      const { elapsed, memory } = await render(root("cold"));
      return { cold: elapsed, memory, edit: await editOneValue(root("cold"), count) };
    },
    async () => ({ models: await time(() => construct(rendered.models)) }),
    async () => ({ helm: await time(() => template(helm, join(folder, "values"), root("helm"))) }),
    async () => {
      writeFiles(root("double"), inputs(2 * count));
      return { double: (await render(root("double"))).elapsed };
    },
    async () => {
      await commitChange(root("diff"), count, [...inputs(count), ...rendered.files]);
      return timeDiffs(root("diff"));
    },
  ];
  const measured = {};
  for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed())
    Object.assign(measured, await contestant());
  return measured as Round;
}

/**
 * Changes the weights of one service of prod and renders again.
 *
 * @returns milliseconds of the second render
 * @throws Error where other files changed than the two that hold the weights
 */
async function editOneValue(root: string, count: number): Promise<number> {
  const stamps = () => new Map(Array.from(listTree(root), (path) => [path, lstatSync(join(root, path)).ctimeMs]));
  const before = stamps();
  writeFileSync(join(root, "envs/prod.yaml"), environmentText("prod", count, { edit: true }));
  const { elapsed } = await render(root);
  const after = stamps();
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.get(path) !== after.get(path),
  );
  const expected = ["prod-bench-localhost", edited].map((name) => `envs/prod/routes/virtual-service-${name}.yaml`);
  if (changed.sort().join() !== expected.sort().join())
    throw new Error(`one edited value changed ${changed.join(", ") || "nothing"}, not ${expected.join(", ")}`);
  return elapsed;
}

function summarise(measured: readonly Round[], { count, rendered: { files } }: Contest) {
  const rows = figures.map(([name, limit, unit, value]) => {
    const rounds = measured.map(value);
    return { name, limit, unit, rounds, median: median(rounds), within: median(rounds) <= limit };
  });
  const usPerFile = (1000 * median(measured.map(({ floor }) => floor))) / files.length;
  return { services: count, files: files.length, load: loadavg(), usPerFile, figures: rows, measured };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? Number.NaN) + (sorted[sorted.length >> 1] ?? Number.NaN)) / 2;
}

function table({ services, files, load, usPerFile, figures, measured }: ReturnType<typeof summarise>): string {
  const row = (name: string, values: readonly number[], unit: string, verdict = "") => {
    const format = (value: number) => value.toFixed(unit === "MB" ? 0 : 2);
    return `${name.padEnd(27)}${`${format(median(values))} ${unit}`.padEnd(10)}${verdict.padEnd(17)}${values.map(format).join(" ")}`;
  };
  const seconds = (key: keyof Round) =>
    row(
      key,
      measured.map((round) => round[key] / 1000),
      "s",
    );
  return [
    `${services} services × 3 environments, ${files} files; load ${load.map((one) => one.toFixed(1)).join(" ")}`,
    `${"".padEnd(27)}${"median".padEnd(10)}${"limit".padEnd(17)}rounds`,
    ...figures.map(({ name, unit, limit, rounds, within }) =>
      row(name, rounds, unit, `≤ ${limit} ${unit}`.padEnd(10) + (within ? "within" : "OVER")),
    ),
    ...(["cold", "helm", "floor", "models", "edit", "double", "diff", "gitDiff"] as const).map(seconds),
    `The floor took ${usPerFile.toFixed(0)} µs for a file. A calm disk takes about 20; much more, and the disk was measured.`,
  ].join("\n");
}
