/** What scanners find in the rendered trees of all platforms: nothing without a reason, and no reason without a finding. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { $ } from "zx/core";
import { manifests, renderCopy } from "../cluster/cluster.ts";
import { platformFolders, temporaryFolder } from "../support.ts";
import { allowed } from "./allowed.ts";

/** One finding: the check, the object as `Kind namespace/name`, and the check's own words. */
interface Found {
  readonly check: string;
  readonly object: string;
  readonly words: string;
}

/** https://www.checkov.io/5.Policy%20Index/kubernetes.html */
async function checkov(tree: string): Promise<Found[]> {
  const flags = ["--framework", "kubernetes", "--directory", tree, "--output", "json", "--quiet", "--compact"];
  const { stdout } = await $({ quiet: true, nothrow: true })`checkov ${flags} --skip-download`;
  const { results, summary } = JSON.parse(stdout) as {
    results: { failed_checks: { check_id: string; check_name: string; resource: string }[] };
    summary: { resource_count: number; parsing_errors: number };
  };
  expect(summary.parsing_errors).toBe(0);
  expect(summary.resource_count).toBeGreaterThan(500);
  return results.failed_checks.map(({ check_id: check, check_name: words, resource }) => {
    const [kind = "", namespace = "", ...name] = resource.split(".");
    return { check, object: `${kind} ${namespace}/${name.join(".")}`, words };
  });
}

/** https://github.com/zegl/kube-score/blob/master/README_CHECKS.md. Of its grades, 10 is without a finding. */
async function kubeScore(tree: string): Promise<Found[]> {
  const files = await $({ quiet: true })`find ${tree} -name ${"*.yaml"}`;
  const flags = ["score", "--output-format", "json", "--kubernetes-version", "v1.35"];
  const { stdout } = await $({ quiet: true, nothrow: true })`kube-score ${flags} ${files.lines()}`;
  const scored = JSON.parse(stdout) as {
    type_meta: { kind: string };
    object_meta: { name: string; namespace?: string };
    checks: { check: { id: string }; grade: number; skipped: boolean; comments: { summary: string }[] | null }[] | null;
  }[];
  expect(scored.length).toBeGreaterThan(100);
  return scored.flatMap(({ type_meta: { kind }, object_meta: { name, namespace = "" }, checks }) =>
    (checks ?? [])
      .filter(({ grade, skipped }) => !skipped && grade < 10)
      .map(({ check: { id }, comments }) => ({
        check: id,
        object: `${kind} ${namespace}/${name}`,
        words: (comments ?? []).map(({ summary }) => summary).join("; "),
      })),
  );
}

const allows = (finding: Found) =>
  allowed.find(({ check, objects }) => check === finding.check && objects.test(finding.object));

test("every finding has a reason, and every reason a finding", async () => {
  const tree = temporaryFolder();
  for (const [name, folder] of Object.entries(platformFolders)) {
    const rendered = renderCopy(folder);
    for (const file of manifests(rendered)) cpSync(join(rendered, file), join(tree, name, file));
  }
  const found = [...(await checkov(tree)), ...(await kubeScore(tree))];
  expect(found.filter((finding) => !allows(finding))).toEqual([]);
  const used = new Set(found.map(allows));
  expect(allowed.filter((one) => !used.has(one))).toEqual([]);
});
