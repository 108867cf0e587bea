import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { $ } from "zx/core";
import type { Rule, RuleFile } from "./rules.ts";

/** A result of a query: labels and the last value. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
  readonly values: readonly (readonly [number, number])[];
}

export interface Prometheus {
  /** Samples of an expression over the last half hour. */
  readonly range: (expr: string) => Promise<Sample[]>;
  readonly instant: (expr: string) => Promise<Sample[]>;
  readonly labelValues: (label: string, selector: string) => Promise<string[]>;
  readonly stop: () => Promise<void>;
}

/** Values at each moment, counted in steps of half a minute from the first. */
export type Series = Readonly<Record<string, (step: number) => number>>;

/** Seconds of the samples: three hours, so that all of them lie in the past and fill whole blocks. */
const step = 30;
const steps = 360;

/**
 * A Prometheus that holds the samples and all that the rules record from them, as if it had run for three hours.
 *
 * @param folder where it keeps its files; empty
 */
export async function prometheusWith(folder: string, series: Series, files: readonly RuleFile[]): Promise<Prometheus> {
  const end = Math.floor(Date.now() / 1000 / step) * step;
  const start = end - steps * step;
  const lines = Object.entries(series).flatMap(([name, value]) =>
    Array.from({ length: steps + 1 }, (_, index) => `${name} ${value(index)} ${start + index * step}`),
  );
  const blocks = join(folder, "data");
  writeFileSync(join(folder, "series.txt"), `${lines.join("\n")}\n# EOF\n`);
  await $({
    quiet: true,
  })`promtool tsdb create-blocks-from openmetrics --quiet ${join(folder, "series.txt")} ${blocks}`;
  // Backfilled rules see only what is in blocks already, so those that read others come in a later round.
  for (const [level, rules] of levels(files).entries()) {
    const file = join(folder, `level-${level}.json`);
    writeFileSync(file, JSON.stringify({ groups: [{ name: "level", interval: `${step}s`, rules }] }));
    const { url, stop } = await startPrometheus(folder);
    await $({
      quiet: true,
    })`promtool tsdb create-blocks-from rules --url=${url} --start=${start} --end=${end} --eval-interval=${step}s --output-dir=${blocks} ${file}`;
    await stop();
  }
  const { url, stop } = await startPrometheus(folder);
  const ask = async (path: string, parameters: Record<string, string>) => {
    const response = await fetch(`${url}/api/v1/${path}`, { method: "POST", body: new URLSearchParams(parameters) });
    const answer = (await response.json()) as any;
    if (answer.status !== "success") throw new Error(`${answer.error}\n${parameters.query}`);
    return answer.data;
  };
  const samples = ({ result }: any): Sample[] =>
    result.map(({ metric, value, values = [value] }: any) => ({
      metric,
      value: Number(values.at(-1)[1]),
      values: values.map(([at, text]: [number, string]) => [at, Number(text)]),
    }));
  return {
    range: async (query) =>
      samples(await ask("query_range", { query, start: `${end - 1800}`, end: `${end}`, step: `${step}` })),
    instant: async (query) => samples(await ask("query", { query, time: `${end}` })),
    labelValues: async (label, selector) => {
      const response = await fetch(
        `${url}/api/v1/label/${label}/values?${new URLSearchParams({ "match[]": selector })}`,
      );
      return ((await response.json()) as any).data;
    },
    stop,
  };
}

/** The recording rules, each behind those that it reads. */
function levels(files: readonly RuleFile[]): Rule[][] {
  const rules = files.flatMap(({ groups }) => groups.flatMap((group) => group.rules)).filter(({ record }) => record);
  const records = [...new Set(rules.map(({ record = "" }) => record))];
  const level = (record: string): number => {
    const text = rules.map((rule) => (rule.record === record ? rule.expr : "")).join("\n");
    const read = records.filter((other) => other !== record && new RegExp(`${other}(?![\\w:])`).test(text));
    return 1 + Math.max(-1, ...read.map(level));
  };
  const byLevel: Rule[][] = [];
  for (const rule of rules) {
    const at = level(rule.record ?? "");
    byLevel[at] = [...(byLevel[at] ?? []), rule];
  }
  return byLevel;
}

async function startPrometheus(folder: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const address = `127.0.0.1:${await freePort()}`;
  writeFileSync(join(folder, "prometheus.yaml"), "{}\n");
  const child: ChildProcess = spawn(
    "prometheus",
    [
      `--config.file=${join(folder, "prometheus.yaml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=${address}`,
      "--log.level=error",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let log = "";
  child.stderr?.on("data", (text) => {
    log += text;
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = `http://${address}`;
  for (const limit = Date.now() + 30_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    if (
      await fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      break;
    if (Date.now() > limit || child.exitCode !== null) {
      child.kill("SIGKILL");
      throw new Error(`Prometheus is not ready after 30 seconds\n${log}`);
    }
  }
  return {
    url,
    stop: async () => {
      child.kill("SIGTERM");
      await gone;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
