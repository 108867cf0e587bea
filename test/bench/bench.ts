import { lstatSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { main, UserError } from "../../scripts/lib/cli.ts";
import { listTree } from "../../scripts/lib/tree.ts";
import { assertSameObjects, ensureHelm, template, writeValues } from "./helm.ts";
import { edited, environmentText, inputs } from "./input.ts";
import { interrupt, time } from "./process.ts";
import { collect, construct, type Rendered, render, writeFiles } from "./slipway.ts";

await main({
  usage: "npm run bench --",
  summary: "Measures the render against Helm and against the least that the same work can take.",
  options: {
    services: { type: "string", value: "N", help: "Services per environment. Default: 1000." },
    rounds: { type: "string", value: "R", help: "Rounds; figures are their medians. Default: 3." },
    json: { type: "boolean", help: "Print the figures as JSON." },
  },
  run: async ({ services = "1000", rounds = "3", json }) => {
    const count = positive("--services", services);
    const total = positive("--rounds", rounds);
    const folder = mkdtempSync(join(tmpdir(), "slipway-bench-"));
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort(signal));
    try {
      const contest = await prepare(folder, count);
      const measured: Round[] = [];
      while (measured.length < total) {
        console.error(`round ${measured.length + 1} of ${total}`);
        measured.push(await playRound(contest, measured.length));
      }
      const report = { services: count, rounds: measured.length, load: loadavg(), figures: figures(measured) };
      console.log(json ? JSON.stringify(report, null, 2) : table(report));
    } finally {
      console.error("removing temporary files");
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
});

function positive(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new UserError(`${option} is ${text}, must be a whole number above 0`);
  return number;
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
  writeFloor(join(folder, "warm-up"), rendered);
  return { folder, count, helm, rendered };
}

/** Times in ms, memory in MB. */
interface Round {
  readonly cold: number;
  readonly edit: number;
  readonly double: number;
  readonly helm: number;
  readonly floor: number;
  readonly models: number;
  readonly memory: number;
}

/**
 * Every contestant once, each in a folder of its own. Nothing is deleted before the end: ext4 does not like to use an
 * inode again within minutes of its deletion, and searches so long for others that it takes ten times the time
 * (https://github.com/torvalds/linux/blob/v6.12/fs/ext4/ialloc.c, `recently_deleted`).
 */
async function playRound({ folder, count, helm, rendered }: Contest, round: number): Promise<Round> {
  const of = (contestant: string) => join(folder, `${round}-${contestant}`);
  let memory = 0;
  writeFiles(of("cold"), inputs(count));
  const cold = await time(async () => {
    memory = await render(of("cold"));
  });
  const edit = await editOneValue(of("cold"), count);
  const byHelm = await time(() => template(helm, join(folder, "values"), of("helm")));
  const floor = await time(() => writeFloor(of("floor"), rendered));
  const models = await time(() => construct(rendered.models));
  writeFiles(of("double"), inputs(2 * count));
  const double = await time(() => render(of("double")));
  return { cold, edit, double, helm: byHelm, floor, models, memory };
}

function writeFloor(root: string, { files }: Rendered): void {
  writeFiles(
    root,
    files.map(({ path, text }) => [path, text]),
  );
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
  const elapsed = await time(() => render(root));
  const after = stamps();
  const paths = new Set([...before.keys(), ...after.keys()]);
  const changed = [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
  const expected = [edited, "prod-bench-localhost"]
    .map((name) => `envs/prod/routes/virtual-service-${name}.yaml`)
    .sort();
  if (changed.join() !== expected.join())
    throw new Error(`one edited value changed ${changed.join(", ") || "nothing"}, not ${expected.join(", ")}`);
  return elapsed;
}

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  /** The measurements that the value is made of. */
  readonly from: string;
}

function figures(rounds: readonly Round[]): Figure[] {
  const of = (key: keyof Round) => median(rounds.map((round) => round[key]));
  const seconds = (key: keyof Round) => `${key} ${(of(key) / 1000).toFixed(2)} s`;
  const least = `${seconds("floor")} + ${seconds("models")}`;
  const ratio = (name: string, limit: number, from: string, value: (round: Round) => number, unit = "×"): Figure => ({
    name,
    value: median(rounds.map(value)),
    limit,
    unit,
    from,
  });
  return [
    ratio("cold / helm template", 1, `${seconds("cold")}, ${seconds("helm")}`, ({ cold, helm }) => cold / helm),
    ratio("cold / (floor + models)", 1.5, least, ({ cold, floor, models }) => cold / (floor + models)),
    ratio("one-value edit / cold", 5, seconds("edit"), ({ edit, cold }) => (100 * edit) / cold, "%"),
    ratio("peak memory of cold", 500, "", ({ memory }) => memory, "MB"),
    ratio("cold of 2 N / of N", 2.2, seconds("double"), ({ double, cold }) => double / cold),
  ];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

interface Report {
  readonly services: number;
  readonly rounds: number;
  readonly load: readonly number[];
  readonly figures: readonly Figure[];
}

function table({ services, rounds, load, figures }: Report): string {
  const rows = figures.map(({ name, value, limit, unit, from }) => [
    name,
    `${value.toFixed(unit === "MB" ? 0 : 2)} ${unit}`,
    `≤ ${limit} ${unit}`,
    value <= limit ? "within" : "OVER",
    from,
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return [
    `${services} services × 3 environments, medians of ${rounds} rounds, load ${load.map((one) => one.toFixed(1)).join(" ")}`,
    ...rows.map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    ),
  ].join("\n");
}
