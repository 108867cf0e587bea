import { milliseconds } from "../model/scalars.ts";
import { forEachService } from "./rule.ts";

/** The timeout covers all tries: the ones that do not fit into it never happen. */
export const timeouts = forEachService(function* ({ timeout, retries }) {
  if (!timeout || !retries?.perTryTimeout) return;
  const tries = retries.attempts + 1;
  const needed = tries * milliseconds(retries.perTryTimeout);
  if (needed <= milliseconds(timeout)) return;
  yield {
    path: ["retries"],
    atKey: true,
    message: `${tries} tries of ${retries.perTryTimeout} take ${needed / 1000}s, more than the timeout of ${timeout}; lower attempts or perTryTimeout, or raise timeout`,
  };
});
