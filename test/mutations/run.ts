/**
 * `npm run test:mutations`: makes one line of the generators wrong after the other, and shows which invariant notices. Fails
 * where less than nine in ten are noticed, or where a line is not there any more.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { main, UserError } from "../../scripts/lib/cli.ts";
import { mutations } from "./mutations.ts";

const repository = join(import.meta.dirname, "../..");
const wanted = 0.9;
/** The files of the repository that the invariants are worked out from. */
const needed = [
  "generators",
  "scripts",
  "test/fixtures",
  "test/invariants",
  "test/mutations",
  "test/support.ts",
  "package.json",
];

interface Task {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** What notices a mutation; none where nothing does. @throws where the code does not even load, so that it shows nothing */
async function judge(copy: string, { file, from, to }: Task): Promise<string | undefined> {
  const path = join(copy, file);
  const text = readFileSync(path, "utf8");
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [join(copy, "test/mutations/judge.ts")]);
    return stdout.trim() || undefined;
  } finally {
    writeFileSync(path, text);
  }
}

await main({
  usage: "npm run test:mutations --",
  summary: "Makes lines of the generators wrong, one at a time, and shows which invariant notices.",
  options: {},
  run: async () => {
    const tasks = Object.entries(mutations).flatMap(([file, own]) =>
      own.map(([from, to]): Task => ({ file, from, to })),
    );
    const stale = tasks.filter(
      ({ file, from }) => readFileSync(join(repository, file), "utf8").split(from).length !== 2,
    );
    if (stale.length > 0)
      throw new UserError(
        stale
          .map(
            ({ file, from }) =>
              `${file} has ${JSON.stringify(from)} not exactly once; mend test/mutations/mutations.ts`,
          )
          .join("\n"),
      );
    const folder = mkdtempSync(join(tmpdir(), "slipway-mutations-"));
    const survivors: string[] = [];
    const queue = [...tasks];
    const work = async (_: unknown, index: number) => {
      const copy = join(folder, String(index));
      for (const path of needed) cpSync(join(repository, path), join(copy, path), { recursive: true });
      symlinkSync(join(repository, "node_modules"), join(copy, "node_modules"));
      for (let task = queue.shift(); task; task = queue.shift()) {
        const noticed = await judge(copy, task);
        const line = `${task.file}: ${JSON.stringify(task.from)} → ${JSON.stringify(task.to)}`;
        console.log(`${noticed ? "killed  " : "SURVIVED"} ${line}${noticed ? `\n         ${noticed}` : ""}`);
        if (!noticed) survivors.push(line);
      }
    };
    try {
      await Promise.all(Array.from({ length: availableParallelism() }, work));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    const killed = tasks.length - survivors.length;
    console.log(
      `\n${killed} of ${tasks.length} mutations are noticed`,
      ...survivors.map((line) => `\nnot noticed: ${line}`),
    );
    if (killed < wanted * tasks.length) throw new UserError(`less than ${wanted * 100} % are noticed`);
  },
});
