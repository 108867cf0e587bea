import { basename } from "node:path";
import { createInterface } from "node:readline";
import { styleText } from "node:util";
import { main, type Option, rootOf, UserError } from "./lib/cli.ts";
import { openClone } from "./lib/clone.ts";
import { filesOf, nextCommands, originOf, writePlan } from "./lib/init/carry-out.ts";
import { type InitPlan, planInit, readPresent } from "./lib/init/plan.ts";
import {
  type Answers,
  answerAll,
  type Known,
  questionNames as names,
  type QuestionName,
  questions,
  toSettings,
} from "./lib/init/questions.ts";
import { undoInterrupted } from "./lib/pending.ts";
import { inTurn, takeTurn } from "./lib/turn.ts";

const flags = Object.fromEntries(
  names.map((name) => [name, { type: "string", value: questions[name].value, help: questions[name].help }]),
) as unknown as Readonly<Record<QuestionName, Option & { readonly type: "string" }>>;

await main({
  usage: "npm run init --",
  summary:
    "Makes this clone your own: your name, repository, environments and components in place of the platform that slipway ships with. Asks on a terminal what no option says. Can be repeated: it changes what the answers change, and nothing that you have edited.",
  examples: ["--name acme --environments qa,prod --repository https://github.com/acme/platform.git --yes --commit"],
  options: {
    ...flags,
    yes: { type: "boolean", help: "Ask nothing: what no option says is as it is, or its default." },
    commit: { type: "boolean", help: "Commit the result, as one commit." },
    force: { type: "boolean", help: "Overwrite inputs that were edited." },
    "dry-run": { type: "boolean", help: "Write nothing; print what would change." },
    json: { type: "boolean", help: "Print settings and files as JSON, and ask nothing." },
    root: { type: "string", value: "DIR", help: "The clone. Default: this repository." },
  },
  run: async ({
    yes,
    commit = false,
    force = false,
    "dry-run": dryRun = false,
    json = false,
    root: folder,
    ...given
  }) => {
    const root = rootOf(folder);
    const undone = await inTurn(root, () => undoInterrupted(root, dryRun));
    if (undone && !json) console.log(undone);
    const { head, url } = await originOf(root);
    const { settings: before } = readPresent(root);
    const known: Known = { folder: basename(root), ...(before && { settings: before }), ...(url && { origin: url }) };
    const isAsking = !yes && !json && process.stdin.isTTY && process.stdout.isTTY;
    const settings = toSettings(isAsking ? await askAll(given, known) : answerAll(given, known));
    const end = await takeTurn(root);
    try {
      const plan = planInit(readPresent(root), settings, head);
      if (plan.edited.length > 0 && !force)
        throw new UserError(`${plan.edited.join(", ")}: edited here, and would be overwritten; --force does that`);
      const files = [...filesOf(plan)].map(([path, text]) => ({ path, action: text === null ? "remove" : "write" }));
      if (!json) for (const line of describe(plan)) console.log(line);
      if (files.length === 0) return console.log(json ? JSON.stringify({ settings, files }, null, 2) : "nothing to do");
      const clone = await openClone(root);
      const made = dryRun ? undefined : await writePlan(clone, plan, commit);
      const next = nextCommands(plan, made !== undefined, url);
      if (json) return console.log(JSON.stringify({ settings, files, ...(made && { commit: made }), next }, null, 2));
      if (dryRun) return console.log("dry run: nothing was written");
      if (made) console.log(`committed ${made.slice(0, 8)} on ${clone.branch}`);
      console.log(["", "next:", ...next.map((command) => `  ${command}`)].join("\n"));
    } finally {
      if (!dryRun) await undoInterrupted(root);
      end();
    }
  },
});

/** What a plan does, for people: each file that somebody reads, and how many are rendered. */
function describe({ files, render: { tree }, notes }: InitPlan): string[] {
  const rendered = { "+": tree.create.length, "~": tree.change.length, "-": tree.remove.length };
  const counts = Object.entries(rendered).filter(([, count]) => count > 0);
  return [
    ...[...files].map(([path, text]) => `${text === null ? styleText("red", "-") : styleText("green", "✓")} ${path}`),
    ...(counts.length > 0 ? [`rendered: ${counts.map(([mark, count]) => mark + count).join(" ")} files`] : []),
    ...notes.map((note) => styleText("yellow", note)),
  ];
}

/** Asks what no option says, each until the answer is right. */
async function askAll(given: Answers, known: Known): Promise<Answers> {
  const answers: Answers = {};
  for (const name of names) {
    const { help, suggest, check, applies } = questions[name];
    if (applies && !applies(answers)) continue;
    if (given[name] === undefined) console.log(styleText("dim", help));
    for (let answer = given[name]; ; answer = undefined) {
      const suggested = suggest(answers, known);
      answer ??= (await ask(`${name} (${suggested}): `)).trim() || suggested;
      const fault = check(answer, answers);
      answers[name] = answer;
      if (!fault) break;
      console.log(styleText("red", `${name}: ${fault}`));
    }
  }
  return answers;
}

/** Asks on the terminal. @throws UserError where the answer is Ctrl-C or Ctrl-D, after which zx's `question` never ends */
function ask(text: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  return new Promise<string>((resolve, reject) => {
    terminal.once("close", () => reject(new UserError("\nnothing was changed")));
    terminal.question(text, resolve);
  }).finally(() => terminal.close());
}
