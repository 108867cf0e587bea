import jStat from "jstat";

/** How often each version answered, and how often it should have. */
export interface Share {
  readonly version: string;
  readonly observed: number;
  /** Share of the traffic that is declared for it, 0 to 1. */
  readonly declared: number;
}

export interface SplitTest {
  readonly test: "exact binomial" | "chi-squared" | "certain" | "none";
  /** Probability of a split at least this far from the declared one, if the declared one is true. */
  readonly p: number;
}

/** Below it the observed split is not the declared one: of a thousand runs on a sound platform one is accused. */
export const significance = 0.001;

/**
 * Whether the observed split may come from the declared one.
 *
 * Two versions get the exact binomial test, two-sided by the method of small p-values: every outcome that is no more likely
 * than the observed one counts. More get the chi-squared test of fit, which needs five expected answers a version.
 *
 * @returns p = 0 where a version answered that should get nothing; test "none" where there are too few answers
 */
export function testSplit(shares: readonly Share[]): SplitTest {
  const total = shares.reduce((sum, { observed }) => sum + observed, 0);
  if (total === 0) return { test: "none", p: Number.NaN };
  if (shares.some(({ observed, declared }) => declared === 0 && observed > 0)) return { test: "certain", p: 0 };
  const possible = shares.filter(({ declared }) => declared > 0);
  const [first] = possible;
  if (!first || possible.length === 1) return { test: "certain", p: 1 };
  if (possible.length === 2) return { test: "exact binomial", p: binomialTest(first.observed, total, first.declared) };
  if (possible.some(({ declared }) => declared * total < 5)) return { test: "none", p: Number.NaN };
  const statistic = possible.reduce(
    (sum, { observed, declared }) => sum + (observed - declared * total) ** 2 / (declared * total),
    0,
  );
  return { test: "chi-squared", p: 1 - jStat.chisquare.cdf(statistic, possible.length - 1) };
}

function binomialTest(successes: number, trials: number, probability: number): number {
  // By logarithms: the factors themselves leave the range of numbers at a thousand trials.
  const likelihood = (outcome: number) =>
    Math.exp(
      jStat.combinationln(trials, outcome) +
        outcome * Math.log(probability) +
        (trials - outcome) * Math.log1p(-probability),
    );
  // Outcomes that are equally likely differ in the last digits: the slack that R's binom.test allows.
  const limit = likelihood(successes) * (1 + 1e-7);
  let p = 0;
  for (let outcome = 0; outcome <= trials; outcome++) {
    const other = likelihood(outcome);
    if (other <= limit) p += other;
  }
  return Math.min(1, p);
}
