import { UserError } from "./cli.ts";

/**
 * How long a remote, a forge, a hook or another command may take, ms: one that does not answer must not hang a command.
 * `SLIPWAY_TIMEOUT` sets it, in seconds.
 */
export function patience(): number {
  const seconds = process.env.SLIPWAY_TIMEOUT || "60";
  if (!/^\d{1,6}$/.test(seconds) || Number(seconds) === 0)
    throw new UserError(`SLIPWAY_TIMEOUT is ${seconds}, must be a number of seconds, such as 60`);
  return Number(seconds) * 1000;
}
