/** What a change does to the volumes of data stores. */

import { amount } from "../../../generators/model/quantity.ts";
import type { Manifest } from "./argo.ts";
import type { FieldChange } from "./compare.ts";
import type { Changed, Consequence } from "./consequence.ts";

const sizeOf = ({ path }: FieldChange) => path === "spec.resources.requests.storage";

/** A claim that grows or shrinks. */
export function* claimEffects({ after, fields, place }: Changed): Iterable<Consequence> {
  const size = after?.kind === "PersistentVolumeClaim" ? fields.find(sizeOf) : undefined;
  if (!size) return;
  if (amount(String(size.after)) < amount(String(size.before)))
    yield {
      effect: "is refused",
      note: `Kubernetes makes no volume smaller, and each sync of ${place.application} fails until then, and prunes nothing; see the runbook "A volume changes its class or shrinks"`,
    };
  else
    yield {
      effect: "grows the volume",
      note: 'its StorageClass must have allowVolumeExpansion: true, else this is refused: see the runbook "A volume grows"',
    };
}

/** A volume that is mounted elsewhere, or read by another program. */
export function* mountEffects({ after, fields }: Changed): Iterable<Consequence> {
  if (after?.kind !== "StatefulSet") return;
  const mount = /^spec\.template\.spec\.containers\[[^\]]*\]\.volumeMounts\[(.*)$/;
  const moved = fields.some(({ path, before, after: now }) => {
    const [, label] = mount.exec(path) ?? [];
    // A mount is labelled by its volume's name, or by its path where a volume is mounted twice.
    return label === "data].mountPath" || (label !== undefined && [before, now].some((one) => nameOf(one) === "data"));
  });
  if (moved)
    yield { effect: "starts empty", note: "the volume is mounted elsewhere, where the program may not find its files" };
  const image = fields.find(({ path }) => path.endsWith(".image"));
  if (image && repositoryOf(image.before) !== repositoryOf(image.after))
    yield { note: "another image starts on the same volume; it must be able to read what is there" };
}

const nameOf = (mount: unknown) => (mount as { name?: unknown } | undefined)?.name;
const repositoryOf = (image: unknown) =>
  String(image)
    .replace(/@.*$/, "")
    .replace(/:[^:/]*$/, "");

/** A namespace takes its claims along. */
export function* namespaceNotes({ before }: Changed): Iterable<Consequence> {
  if (before?.kind === "Namespace")
    yield { note: "with everything in it when a person confirms, volumes and Secrets too" };
}

/** A data store that comes: whether it is one that goes, under another name or in another namespace. */
export function moveOf(created: Manifest, removed: readonly Manifest[]): Consequence[] {
  if (created.kind !== "StatefulSet") return [];
  const { name, namespace } = created.metadata ?? {};
  const others = removed.filter(({ kind }) => kind === "StatefulSet");
  const from =
    others.find(({ metadata }) => metadata?.name === name) ?? others.find((one) => imageOf(one) === imageOf(created));
  if (!from?.metadata) return [];
  const where = `${from.metadata.namespace}/data-${from.metadata.name}-0`;
  const note = `a new volume in namespace ${namespace}; what ${from.metadata.name} holds stays in the claim ${where}: see the runbook "A data store moves"`;
  return [{ effect: "starts empty", note }];
}

function imageOf({ spec }: Manifest): string {
  const template = spec?.template as { spec?: { containers?: { image?: string }[] } } | undefined;
  return repositoryOf(template?.spec?.containers?.[0]?.image);
}
