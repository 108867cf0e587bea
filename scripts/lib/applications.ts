import { parentProjectName } from "../../generators/argo/app-project.ts";
import { argocdNamespace } from "../../generators/argo/application.ts";
import { type LiveCluster, type LiveObject, list } from "./cluster.ts";

/** What Argo CD says of one Application. */
export interface ApplicationState {
  readonly name: string;
  readonly project: string;
  readonly wave: number;
  /** Whether Argo CD syncs it by itself; otherwise a person does. */
  readonly automated: boolean;
  /** Synced, OutOfSync or Unknown; `Missing` where there is no such Application. */
  readonly sync: string;
  /** Healthy, Progressing, Degraded, Suspended, Missing or Unknown. */
  readonly health: string;
  /** The commit that it was last compared with; for charts, that of their values. */
  readonly revision: string;
  /** Whether Argo CD has given a sync of it up, and begins none before another commit. */
  readonly givenUp: boolean;
  /** What is left to do there is only to delete these, which waits for a person to confirm it: `Namespace dev-orders`. */
  readonly unconfirmed: readonly string[];
  /** Why it is not Synced and Healthy, as far as Argo CD says; empty where it does not. */
  readonly message: string;
}

/** Every Application on the cluster. */
export async function readApplications(live: LiveCluster): Promise<ApplicationState[]> {
  return (await list(live, "applications.argoproj.io", argocdNamespace)).map(stateOf);
}

/** Whether nothing is left to do for Argo CD: what it syncs by itself is Synced and Healthy, what a person syncs was compared. */
export function isSettled({ automated, sync, health, unconfirmed }: ApplicationState): boolean {
  if (unconfirmed.length > 0) return true;
  return automated ? sync === "Synced" && health === "Healthy" : sync === "Synced" || sync === "OutOfSync";
}

/** Whether a person has yet to sync it. */
export function waitsForPerson({ automated, sync }: ApplicationState): boolean {
  return !automated && sync !== "Synced";
}

/** The environment that an Application belongs to, as its parent or as a child; `platform` for the others. */
export function environmentOf({ name, project }: ApplicationState): string {
  return project === parentProjectName(name) ? name : project;
}

/** What an Application waits for, in a few words. */
export function describeState({ name, sync, health, message }: ApplicationState): string {
  return `${name} ${sync} ${health}${message ? `: ${message}` : ""}`;
}

export function stateOf(object: LiveObject): ApplicationState {
  const { metadata, spec, operation: operationUnderWay, status = {} } = object as LiveApplication;
  const operation = status.operationState ?? {};
  const { conditions = [] } = status as { conditions?: { type: string; message: string }[] };
  const errors = conditions.filter(({ type }) => /Error|Warning/.test(type)).map(({ message }) => message);
  const failed =
    ["Failed", "Error", "Running"].includes(operation.phase) || operation.retryCount > 0 ? [operation.message] : [];
  const { resources = [] } = status as { resources?: LiveResource[] };
  const behind = resources.filter((resource) => resource.status === "OutOfSync");
  // Nothing is deleted before the confirmation, which is asked for some of what is to be deleted: by a sync that has nothing
  // else to do, or with the Application itself, and then of all that it has.
  const going = metadata.deletionTimestamp
    ? resources
    : behind.every(({ requiresPruning }) => requiresPruning)
      ? behind
      : [];
  const asked = going.filter(({ requiresDeletionConfirmation }) => requiresDeletionConfirmation);
  const synced = status.sync?.status === "Synced" && status.health?.status === "Healthy";
  return {
    name: metadata.name,
    project: spec.project,
    wave: Number(metadata.annotations?.["argocd.argoproj.io/sync-wave"] ?? 0),
    automated: spec.syncPolicy?.automated !== undefined,
    sync: status.sync?.status ?? "Unknown",
    health: status.health?.status ?? "Unknown",
    revision: status.sync?.revision ?? status.sync?.revisions?.at(-1) ?? "",
    givenUp: ["Failed", "Error"].includes(operation.phase) && !operationUnderWay && status.sync?.status !== "Synced",
    unconfirmed: asked.map(({ kind, name }) => `${kind} ${name}`),
    message: synced ? "" : oneLine([...errors, ...failed, status.health?.message].find(Boolean) ?? ""),
  };
}

interface LiveResource {
  readonly kind: string;
  readonly name: string;
  readonly status: string;
  readonly requiresPruning?: boolean;
  readonly requiresDeletionConfirmation?: boolean;
}

type LiveApplication = LiveObject & { readonly metadata: LiveMetadata; readonly operation?: object };

interface LiveMetadata {
  readonly name: string;
  readonly deletionTimestamp?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The first line of a message, cut to what fits beside a name. */
function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}
