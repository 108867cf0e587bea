/** Action on an Application that confirms a deletion or prune which waits for it. */
export const confirmDeletion = "confirm-deletion";

/**
 * Argo CD's own button needs the right to update the Application, its source included. An action needs the right to that
 * action alone (https://argo-cd.readthedocs.io/en/stable/operator-manual/resource_actions/). It is found on the Application
 * in the tree of its parent.
 */
export const applicationActions = `mergeBuiltinActions: true
discovery.lua: |
  actions = {}
  local waits = obj.metadata.deletionTimestamp ~= nil
  for _, resource in ipairs((obj.status or {}).resources or {}) do
    waits = waits or (resource.requiresPruning == true and resource.requiresDeletionConfirmation == true)
  end
  actions["${confirmDeletion}"] = { displayName = "Confirm deletion", disabled = not waits }
  return actions
definitions:
- name: ${confirmDeletion}
  action.lua: |
    local os = require("os")
    obj.metadata.annotations = obj.metadata.annotations or {}
    obj.metadata.annotations["argocd.argoproj.io/deletion-approved"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
    return obj
`;
