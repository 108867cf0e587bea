/** One thing that was tried on the live cluster. */
export interface Verdict {
  /** What must be true: `mutual TLS of prod/backend`. */
  readonly name: string;
  /** What was done to find out. */
  readonly did: string;
  /** What came of it. */
  readonly saw: string;
  /** `unknown` where it could not be checked: never a pass. */
  readonly result: "passed" | "failed" | "unknown";
}
