/** The functions of jstat that are used here; the package has no types of its own. */
declare module "jstat" {
  const jStat: {
    combinationln(of: number, chosen: number): number;
    readonly chisquare: { cdf(statistic: number, degreesOfFreedom: number): number };
  };
  export default jStat;
}
