import { milliseconds } from "../model/scalars.ts";
import { forEachService, type Rule } from "./rule.ts";

/** The timeout covers all tries: the ones that do not fit into it never happen. */
const tries = forEachService(function* ({ timeout, retries }) {
  if (!timeout || !retries?.perTryTimeout) return;
  const count = retries.attempts + 1;
  const needed = count * milliseconds(retries.perTryTimeout);
  if (needed <= milliseconds(timeout)) return;
  yield {
    path: ["retries"],
    atKey: true,
    message: `${count} tries of ${retries.perTryTimeout} take ${needed / 1000}s, more than the timeout of ${timeout}; lower attempts or perTryTimeout, or raise timeout`,
  };
});

/** Envoy refuses the whole listener, and with it every request, for a bucket that is filled more often than each 50 ms. */
const rateLimits = forEachService(function* ({ rateLimit }) {
  if (!rateLimit) return;
  const { requests, per, burst = requests } = rateLimit;
  if (milliseconds(per) < 50)
    yield {
      path: ["rateLimit", "per"],
      message: `is ${per}, must be at least 50ms; take a longer period with more requests`,
    };
  if (burst < requests)
    yield {
      path: ["rateLimit", "burst"],
      message: `is ${burst}, and no more than that get through in each ${per}; raise it to at least requests (${requests})`,
    };
});

export const timeouts: Rule = (subject) => [...tries(subject), ...rateLimits(subject)];
