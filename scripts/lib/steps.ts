import { chalk } from "zx/core";
import { UserError } from "./cli.ts";

/** One thing that must be true on the way, and what makes it so. */
export interface Step {
  readonly name: string;
  /** What it will do, as commands that a person could type: the text of `--dry-run`. */
  readonly commands: readonly string[];
  /** Looks whether it is true already. @returns what is there, or `undefined` where something must be done */
  readonly look: () => Promise<string | undefined>;
  /** Makes it true; safe to repeat, also after it was interrupted. @returns what was done */
  readonly ensure: (say: (line: string) => void) => Promise<string>;
}

/**
 * Takes the steps one after the other, skipping what is true already.
 *
 * @returns the names of the steps that changed something
 * @throws UserError of the step that failed, with its name
 */
export async function takeSteps(steps: readonly Step[]): Promise<string[]> {
  const changed: string[] = [];
  for (const [index, step] of steps.entries()) {
    const started = Date.now();
    const title = `${chalk.bold(`${index + 1}/${steps.length} ${step.name}`)}`;
    try {
      const there = await step.look();
      if (there !== undefined) {
        console.log(`${title}  ${chalk.dim(there)}`);
        continue;
      }
      console.log(title);
      const done = await step.ensure((line) => console.log(`    ${line}`));
      changed.push(step.name);
      console.log(`    ${chalk.green("✓")} ${done}  ${chalk.dim(`${Math.round((Date.now() - started) / 1000)} s`)}`);
    } catch (error) {
      if (error instanceof UserError) throw new UserError(`${step.name}: ${error.message}`);
      throw error;
    }
  }
  return changed;
}

/** The text of `--dry-run`. */
export function renderSteps(steps: readonly Step[]): string {
  return steps
    .flatMap(({ name, commands }, index) => [
      ...(index > 0 ? [""] : []),
      `# ${index + 1}. ${name}`,
      ...(commands.length > 0 ? commands : ["# nothing to type: it only looks"]),
    ])
    .join("\n");
}
