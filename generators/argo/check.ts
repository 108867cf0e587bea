import type { KubernetesObject, Unit } from "../render/output.ts";
import { paths } from "../render/paths.ts";
import { destinationRefusal, objectRefusal, type ProjectSpec, sourceRefusal } from "./permission.ts";

interface Source {
  readonly repoURL: string;
  readonly path?: string;
  readonly directory?: object;
}

interface ApplicationObject extends KubernetesObject {
  readonly spec: {
    readonly project: string;
    readonly destination: { readonly namespace: string };
    readonly source?: Source;
    readonly sources?: readonly Source[];
  };
}

interface ProjectObject extends KubernetesObject {
  readonly spec: ProjectSpec;
}

/** The Applications of a cluster by the folder that they read, and the projects by name. */
interface Applications {
  readonly byFolder: ReadonlyMap<string, ApplicationObject>;
  readonly projects: ReadonlyMap<string, ProjectSpec>;
}

/**
 * The units of a cluster, whose objects are checked when they are generated: each lies in the folder of an Application whose
 * project allows it. Argo CD would find out at the sync, which is long after the review.
 *
 * @throws when a unit is generated whose object could not be synced: the generators contradict each other
 */
export function checkPermissions(cluster: string, units: readonly Unit[]): Unit[] {
  let known: Applications | undefined;
  const applications = () => {
    known ??= readApplications(cluster, units);
    return known;
  };
  return units.map((unit) => ({
    ...unit,
    generate: () => {
      const outputs = unit.generate();
      for (const output of outputs) if ("kind" in output) checkObject(cluster, unit.folder, output, applications());
      return outputs;
    },
  }));
}

function readApplications(cluster: string, units: readonly Unit[]): Applications {
  const folders = [paths.root(cluster), paths.component(cluster, "argocd")];
  const objects = units
    .filter(({ folder }) => folders.some((top) => folder === top || folder.startsWith(`${top}/`)))
    .flatMap((unit) => unit.generate().flatMap((output) => ("kind" in output ? [output] : [])));
  const applications = unique(objects.filter(({ kind }) => kind === "Application") as ApplicationObject[]);
  const projects = unique(objects.filter(({ kind }) => kind === "AppProject") as ProjectObject[]);
  const byFolder = [...applications.values()].flatMap((application) => {
    const { path } = application.spec.source ?? {};
    return path === undefined ? [] : [[path, application] as const];
  });
  const specs = new Map([...projects].map(([name, { spec }]) => [name, spec]));
  for (const application of applications.values()) checkApplication(application, specs);
  return { byFolder: new Map(byFolder), projects: specs };
}

/** Objects of one kind and namespace by name. @throws where two have one name */
function unique<O extends KubernetesObject>(objects: readonly O[]): Map<string, O> {
  const byName = new Map<string, O>();
  for (const object of objects) {
    const { name = "" } = object.metadata ?? {};
    if (byName.has(name)) throw new Error(`two ${object.kind}s ${name} would replace each other`);
    byName.set(name, object);
  }
  return byName;
}

/** An Application whose repository or destination its project refuses is not even compared. */
function checkApplication({ metadata, spec }: ApplicationObject, projects: ReadonlyMap<string, ProjectSpec>): void {
  const project = projects.get(spec.project);
  if (!project)
    throw new Error(`Application ${metadata?.name} names the AppProject ${spec.project}, which is not rendered`);
  const refusal =
    (spec.sources ?? (spec.source ? [spec.source] : []))
      .map(({ repoURL }) => sourceRefusal(project, repoURL))
      .find((why) => why !== undefined) ?? destinationRefusal(project, spec.destination.namespace);
  if (refusal) throw new Error(`Application ${metadata?.name}: AppProject ${spec.project} allows ${refusal}`);
}

function checkObject(
  cluster: string,
  folder: string,
  object: KubernetesObject,
  { byFolder, projects }: Applications,
): void {
  // bootstrap applies the root; everything else follows from it.
  if (folder === paths.root(cluster)) return;
  const named = `${folder}: ${object.kind} ${object.metadata?.name}`;
  const application = applicationOf(folder, byFolder);
  if (!application) throw new Error(`${named} lies in the folder of no Application, so nothing would deploy it`);
  const { project, destination, source } = application.spec;
  // A kustomization gives its objects the namespace that they do not name.
  const given = source?.directory === undefined && object.kind !== "Namespace" ? destination.namespace : undefined;
  const refusal = objectRefusal(projects.get(project) ?? {}, object, object.metadata?.namespace ?? given);
  if (refusal)
    throw new Error(
      `${named}: Argo CD would refuse it, because AppProject ${project} allows ${refusal}; see generators/argo/app-project.ts`,
    );
}

/** The Application that reads a folder, or one above it. */
function applicationOf(folder: string, byFolder: Applications["byFolder"]): ApplicationObject | undefined {
  const parent = folder.slice(0, Math.max(0, folder.lastIndexOf("/")));
  return byFolder.get(folder) ?? (parent === "" ? undefined : applicationOf(parent, byFolder));
}
