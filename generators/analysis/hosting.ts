import { type Fault, nearMiss } from "../model/faults.ts";
import type { Rule } from "./rule.ts";

/** Files, clusters and environments must agree about who hosts whom. */
export const hosting: Rule = ({ platform: { clusters, environments } }) => {
  const faults: Fault[] = [];
  const names = environments.map(({ value }) => value.name);
  for (const { file, value } of [...clusters, ...environments]) {
    const expected = file.replace(/^.*\/|\.ya?ml$/g, "");
    if (value.name !== expected)
      faults.push({ file, path: ["name"], message: `is ${value.name}, must be ${expected}, the name of the file` });
  }
  if (clusters.length + environments.length === 0) {
    faults.push({ file: "clusters", path: [], message: "holds no cluster; write clusters/<name>.yaml" });
  }
  for (const inputs of [clusters, environments]) {
    for (const { file, value } of inputs) {
      const first = inputs.find((other) => other.value.name === value.name);
      if (first && first.file !== file)
        faults.push({
          file,
          path: ["name"],
          message: `${value.name} is described in ${first.file} too; remove one of the two`,
        });
    }
  }
  for (const { file, value } of environments) {
    // Without a namespace nothing is rendered, and Argo CD fails on a folder that is not there.
    const isEmpty = Object.keys({ ...value.services, ...value.dataStores }).length === 0;
    if (isEmpty && !value.gateway && value.namespaces.layout === "per-service")
      faults.push({
        file,
        path: [],
        message: "has no services, no data stores and no gateway; add one, or remove the file",
      });
    const cluster = clusters.find((candidate) => candidate.value.name === value.cluster);
    if (!cluster) {
      const known = clusters.map((candidate) => candidate.value.name);
      faults.push({
        file,
        path: ["cluster"],
        message: `there is no cluster ${value.cluster}; ${nearMiss(value.cluster, known) || `write clusters/${value.cluster}.yaml${known.length > 0 ? `, or name ${known.join(" or ")}` : ""}`}`,
      });
    } else if (!cluster.value.environments.includes(value.name)) {
      faults.push({
        file,
        path: ["cluster"],
        message: `${cluster.file} does not host ${value.name}; add it to environments there`,
      });
    }
  }
  for (const { file, value } of clusters) {
    for (const [index, name] of value.environments.entries()) {
      const path = ["environments", index];
      const environment = environments.find((candidate) => candidate.value.name === name);
      if (!environment)
        faults.push({
          file,
          path,
          message: `there is no environment ${name}; ${nearMiss(name, names) || `write envs/${name}.yaml`}`,
        });
      else if (environment.value.cluster !== value.name)
        faults.push({
          file,
          path,
          message: `${name} runs on ${environment.value.cluster} (${environment.file}); remove it here, or name ${value.name} there`,
        });
      if (value.environments.indexOf(name) !== index)
        faults.push({ file, path, message: `${name} stands here twice; remove one` });
    }
  }
  return faults;
};
