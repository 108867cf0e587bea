/**
 * What commands print comes from inputs, Git, forges and clusters too: a branch name, a commit's subject, a pod's message.
 * None of it may reach a terminal or a pipeline's log as anything but text.
 */

const esc = "\u001b";
/** Colours and styles of chalk and `styleText`. */
const colour = `${esc}\\[(?:0|1|2|3|4|22|23|24|3[0-7]|39|9[0-7])m`;
/** Moves of the cursor in `traffic` and `status --watch`. */
const cursor = new RegExp(`^(?:\\r${esc}\\[K|${esc}\\[2J${esc}\\[H)`);
/** Characters that are not seen, or change how others are seen. */
const unseen = /(?![\t\n]|\r\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
/** Commands of GitHub Actions (`::error::`, `##[group]`), Azure Pipelines (`##vso[`) and TeamCity to their runners. */
const command = /(?<=^[^\S\n]*:):(?=[\w-]+[^\n]*::)|(?<=#)#(?=\w*\[)/m;

const special = new RegExp(`${colour}|${unseen.source}|${command.source}`, "gmu");

/**
 * Text that shows what it holds: characters that are not seen become `\u…`, which JSON reads as the same, and commands to
 * a pipeline's runner are none any more.
 *
 * @param colours whether the colours of commands stay; else they are taken out
 */
export function showText(text: string, colours = false): string {
  return text.replace(special, (found) => {
    if (found.length > 2) return colours ? found : "";
    return Array.from({ length: found.length }, (_, at) => escaped(found.charCodeAt(at))).join("");
  });
}

const escaped = (code: number) => `\\u${code.toString(16).padStart(4, "0")}`;

/** Lets through `showText` all that this process prints from here on. */
export function guardOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
    const colours = process.env.NO_COLOR ? false : stream.isTTY || !/^(|0|false)$/.test(process.env.FORCE_COLOR ?? "");
    stream.write = (chunk: unknown, ...rest: unknown[]) => {
      if (typeof chunk !== "string") return write(chunk, ...rest);
      const [moves = ""] = (stream.isTTY && cursor.exec(chunk)) || [];
      return write(moves + showText(chunk.slice(moves.length), colours), ...rest);
    };
  }
}
