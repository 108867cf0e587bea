/** What is read of Flagger's Canary, as `kubectl get canary -o json` gives it. */
export interface LiveCanary {
  readonly status?: {
    readonly phase?: string;
    readonly canaryWeight?: number;
    readonly failedChecks?: number;
    /** Hashes of the target's pod template: as it is, and as it was promoted last. */
    readonly lastAppliedSpec?: string;
    readonly lastPromotedSpec?: string;
    readonly conditions?: readonly { readonly type: string; readonly message?: string }[];
  };
}

/** What is read of a Deployment. */
export interface LiveDeployment {
  readonly spec: {
    readonly template: {
      readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly { readonly name: string; readonly image: string }[] };
    };
  };
}

/** How far the release in Git is. Only `serving` means that it is what all requests get, and may be promoted. */
export interface RolloutState {
  readonly state: "serving" | "pending" | "analysing" | "waiting" | "failed";
  /** Share of the traffic that the new release gets, %. */
  readonly weight: number;
  readonly failedChecks: number;
  /** For a person: Flagger's own words where it has some. */
  readonly message: string;
}

/** Flagger's phases (https://github.com/fluxcd/flagger/blob/v1.44.0/pkg/apis/flagger/v1beta1/status.go). */
const states: Readonly<Record<string, RolloutState["state"]>> = {
  Initialized: "serving",
  Succeeded: "serving",
  Waiting: "waiting",
  Progressing: "analysing",
  WaitingPromotion: "waiting",
  Promoting: "analysing",
  Finalising: "analysing",
  Failed: "failed",
};

/**
 * The state of a service that Flagger rolls out.
 *
 * @param canary the service's Canary
 * @param target the Deployment in Git, `<service>-<version>`
 * @param primary the one that serves, `<service>-<version>-primary`; undefined until Flagger has made it
 */
export function rolloutState(
  { status = {} }: LiveCanary,
  target: LiveDeployment,
  primary: LiveDeployment | undefined,
): RolloutState {
  const { phase = "", canaryWeight: weight = 0, failedChecks = 0, conditions = [] } = status;
  // Git has gone back to the release that serves, which Flagger takes for no change (../../generators/argo/health.ts).
  const { lastAppliedSpec, lastPromotedSpec } = status;
  const isTakenBack = phase === "Failed" && weight === 0 && lastAppliedSpec && lastAppliedSpec === lastPromotedSpec;
  const state = isTakenBack ? "serving" : (states[phase] ?? "pending");
  const message = conditions.find(({ type }) => type === "Promoted")?.message ?? phase;
  // Between the sync of a release and Flagger's next look, the phase is still about the release before.
  if (state === "serving" && (!primary || whatRuns(target) !== whatRuns(primary)))
    return { state: "pending", weight: 0, failedChecks: 0, message: "Flagger has not looked at the new release yet" };
  return { state, weight, failedChecks, message: message || "waiting for Flagger" };
}

/** Images and configuration of a Deployment's pods: what Flagger copies from the target to the primary. */
function whatRuns({ spec: { template } }: LiveDeployment): string {
  const images = template.spec.containers.map(({ name, image }) => `${name}=${image}`);
  return [...images, template.metadata?.annotations?.["slipway.dev/config-checksum"] ?? ""].join("\n");
}
