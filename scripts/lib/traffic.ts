import type { Answer } from "./gateway.ts";
import { type Share, type SplitTest, testSplit } from "./split.ts";

/** What one version answered. */
export interface VersionTraffic extends Share {
  /** Answers with status 500 or above. */
  readonly errors: number;
  /** Latency, ms; `undefined` where nothing was answered. */
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
}

export interface TrafficReport {
  readonly sent: number;
  readonly versions: readonly VersionTraffic[];
  /** Requests that no pod of the service answered: the gateway's own errors, and none at all. By status; 0 is no answer. */
  readonly unanswered: Readonly<Record<string, number>>;
  readonly split: SplitTest;
}

/**
 * Counts answers by the version of the pod that gave them.
 *
 * @param declared share of each version, 0 to 1
 */
export function countTraffic(declared: ReadonlyMap<string, number>) {
  const answers = new Map<string, { latencies: number[]; errors: number }>();
  const unanswered = new Map<number, number>();
  let sent = 0;

  const add = (
    version: string | undefined,
    { status, milliseconds }: Pick<Answer, "status" | "milliseconds">,
  ): void => {
    sent++;
    if (version === undefined) {
      unanswered.set(status, (unanswered.get(status) ?? 0) + 1);
      return;
    }
    const count = answers.get(version) ?? { latencies: [], errors: 0 };
    count.latencies.push(milliseconds);
    if (status >= 500) count.errors++;
    answers.set(version, count);
  };

  /** How it stands, without what takes time: for a line each second. */
  const shares = (): { readonly sent: number; readonly versions: Share[] } => {
    const names = [...new Set([...declared.keys(), ...answers.keys()])];
    const versions = names.map((version) => ({
      version,
      observed: answers.get(version)?.latencies.length ?? 0,
      declared: declared.get(version) ?? 0,
    }));
    return { sent, versions };
  };

  const report = (): TrafficReport => {
    const versions = shares().versions.map((share): VersionTraffic => {
      const { latencies = [], errors = 0 } = answers.get(share.version) ?? {};
      const sorted = Float64Array.from(latencies).sort();
      return {
        ...share,
        errors,
        p50: percentile(sorted, 50),
        p95: percentile(sorted, 95),
        p99: percentile(sorted, 99),
      };
    });
    return { sent, versions, unanswered: Object.fromEntries(unanswered), split: testSplit(versions) };
  };

  return { add, shares, report };
}

/** The smallest value that at least `share` % of the values do not exceed. */
function percentile(sorted: Float64Array, share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil((share / 100) * sorted.length) - 1)];
}
