import { ValidatingAdmissionPolicy } from "kubernetes-models/admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy";
import { ValidatingAdmissionPolicyBinding } from "kubernetes-models/admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding";
import { syncWave, waves } from "../argo/waves.ts";
import type { KubernetesObject } from "../render/output.ts";

/** A policy of the API server, in CEL (https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/). */
export interface Policy {
  /** Name of the policy and its binding, after `slipway-`. */
  readonly name: string;
  readonly apiGroup: string;
  readonly resource: string;
  readonly operations?: readonly ("CREATE" | "UPDATE" | "DELETE")[];
  /** Namespace of the objects. Default: any. */
  readonly namespace?: string;
  /** Which requests it is about. */
  readonly when: string;
  /** Expressions that the rules use as `variables.<name>`. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What must hold, by the message of a refusal. */
  readonly rules: Readonly<Record<string, string>>;
}

/** The objects of a policy: it refuses what breaks a rule, and whatever it fails on. */
export function admissionPolicy(policy: Policy): KubernetesObject[] {
  const { apiGroup, resource, namespace, variables, operations = ["CREATE", "UPDATE"] } = policy;
  const name = `slipway-${policy.name}`;
  const metadata = { name, annotations: syncWave(waves.root.projects) };
  return [
    new ValidatingAdmissionPolicy({
      metadata,
      spec: {
        failurePolicy: "Fail",
        matchConstraints: {
          ...(namespace && { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } }),
          resourceRules: [
            {
              apiGroups: [apiGroup],
              apiVersions: ["*"],
              operations: [...operations],
              resources: [resource],
              scope: "*",
            },
          ],
        },
        matchConditions: [{ name: "when", expression: policy.when }],
        variables: variables && Object.entries(variables).map(([name, expression]) => ({ name, expression })),
        validations: Object.entries(policy.rules).map(([message, expression]) => ({ expression, message })),
      },
    }),
    new ValidatingAdmissionPolicyBinding({ metadata, spec: { policyName: name, validationActions: ["Deny"] } }),
  ];
}

/** A string of CEL. */
export const text = (value: string) => `'${value.replace(/[\\']/g, "\\$&")}'`;

/** A list of strings of CEL. */
export const texts = (values: readonly string[]) => `[${values.map(text).join(", ")}]`;

/** A map of CEL from strings to expressions. */
export const map = (entries: readonly (readonly [string, string])[]) =>
  `{${entries.map(([key, value]) => `${text(key)}: ${value}`).join(", ")}}`;
