import { type Effect, graveEffects as grave } from "./argo.ts";
import type { ApplicationDiff, GroupDiff, ObjectDiff } from "./diff.ts";
import { countable, describeChange, describeField, isWeightChange } from "./words.ts";

/** A change in the words of people who run services, with all that it happens to. */
export interface Headline {
  /** `image 6.14.0 → 6.15.0` */
  readonly text: string;
  /** Names of objects or Applications, with the Application to look into. */
  readonly subjects: readonly { readonly name: string; readonly application: ApplicationDiff }[];
}

/** Most telling first; what is none of these is counted. */
const order = [
  "is refused",
  "starts empty",
  "removes",
  "traffic",
  "image",
  "chart",
  "new",
  "gone",
  "replicas",
  "grows",
  "restarts",
];

/** Effects that are said where nothing else says them. */
const plain: readonly Effect[] = ["grows the volume", "restarts pods"];

/** What a change does to a group: traffic, images, services that come and go, and the number of the other objects. */
export function headlines({ applications }: GroupDiff): Headline[] {
  const told = applications.flatMap(tell);
  const named = told.filter(({ text }) => text !== "");
  const ranked = named.toSorted((a, b) => rank(a.text) - rank(b.text));
  const lines = [...Map.groupBy(ranked, ({ text }) => text)].map(([text, own]) => ({
    text,
    // The routes inside the mesh and at the gateway may say the same of one name.
    subjects: [...new Map(own.map(({ name, application }) => [name, { name, application }])).values()],
  }));
  const rest = told.filter(({ text }) => text === "");
  if (rest.length === 0) return lines;
  const subjects = [...new Set(rest.map(({ application }) => application))].map((application) => ({
    name: application.name,
    application,
  }));
  return [...lines, { text: countable(rest.length, lines.length > 0 ? "other object" : "object"), subjects }];
}

const rank = (text: string) => order.findIndex((word) => text.startsWith(word));

interface Told {
  readonly text: string;
  readonly name: string;
  readonly application: ApplicationDiff;
}

/** A line for each telling change of an Application, and one without a text for each other object. */
function tell(application: ApplicationDiff): Told[] {
  const { name, objects } = application;
  const action = objects[0]?.action;
  if (isWhole(application)) {
    const effects = objects.flatMap((object) => object.effects.filter((effect) => grave.includes(effect)));
    return [action === "created" ? "new" : "gone", ...effects].map((text) => ({ text, name, application }));
  }
  return objects.flatMap((object) => {
    const lines = linesOf(object);
    return (lines.length > 0 ? lines : [""]).map((text) => ({ text, name: object.name, application }));
  });
}

/** Whether a service's folder comes or goes as a whole: every rendered workload has a ServiceAccount. */
function isWhole({ objects }: ApplicationDiff): boolean {
  const action = objects[0]?.action;
  const alike = action !== "changed" && objects.every((object) => object.action === action);
  return alike && objects.some(({ kind }) => kind === "ServiceAccount");
}

function linesOf(object: ObjectDiff): string[] {
  const told = fieldLines(object);
  const said = told.length > 0 ? grave : [...grave, ...plain];
  return [...told, ...object.effects.filter((effect) => said.includes(effect))];
}

function fieldLines({ kind, fields }: ObjectDiff): string[] {
  return fields.flatMap((field) => {
    const word = isWeightChange(field) ? "traffic" : wordOf(kind, field.path);
    if (!word) return [];
    const words = describeField(field);
    return [`${word} ${describeChange(words)}${/ \(.*\)$/.exec(words.path)?.[0] ?? ""}`];
  });
}

function wordOf(kind: string, path: string): string | undefined {
  if (path.endsWith(".image")) return "image";
  if (path === "spec.replicas") return "replicas";
  return kind === "Application" && /^spec\.sources?\b.*\.targetRevision$/.test(path) ? "chart" : undefined;
}

/** `backend, ml and 3 more` */
export function listSubjects(names: readonly string[], most: number): string {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(", ")} and ${more} more` : names.join(", ");
}
