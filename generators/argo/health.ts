/**
 * Health of an Application in the eyes of its parent, in Lua. Argo CD has none of its own since 1.8
 * (https://github.com/argoproj/argo-cd/issues/3781), so without it waves would not wait.
 *
 * Healthy health alone is not enough: since 3.4 an Application whose objects could not be applied calls itself Healthy
 * (https://github.com/argoproj/argo-cd/issues/27917), and after a change of its source the verdict is about the old one
 * (https://github.com/argoproj/argo-cd/issues/29649). An Application that a person syncs counts as healthy until then:
 * its parent would otherwise wait for that person in the middle of its own sync, and follow no further commit. The same
 * goes for one that waits for a person to confirm a deletion.
 */
export const applicationHealth = `local health = { status = "Progressing", message = "waiting for the first comparison" }
local status = obj.status
if status == nil or status.sync == nil or status.health == nil then
  return health
end

local automated = obj.spec.syncPolicy ~= nil and obj.spec.syncPolicy.automated ~= nil
local phase = ""
if status.operationState ~= nil and status.operationState.phase ~= nil then
  phase = status.operationState.phase
end

-- Nothing is deleted before the confirmation, which is asked for some of what is to be deleted.
local onlyDeletions, confirmation = true, false
for _, resource in ipairs(status.resources or {}) do
  if resource.status == "OutOfSync" then
    onlyDeletions = onlyDeletions and resource.requiresPruning == true
    confirmation = confirmation or resource.requiresDeletionConfirmation == true
  end
end
if onlyDeletions and confirmation then
  return { status = "Healthy", message = "OutOfSync: waiting for a person to confirm a deletion" }
end

if phase == "Running" then
  health.message = "a sync is running"
  return health
end

if not automated and status.sync.status == "OutOfSync" then
  return { status = "Healthy", message = "OutOfSync: waiting for a person to sync it" }
end

local compared = status.sync.comparedTo or {}
local was = compared.sources or { compared.source }
for i, source in ipairs(obj.spec.sources or { obj.spec.source }) do
  local before = was[i] or {}
  if before.repoURL ~= source.repoURL or before.path ~= source.path or before.chart ~= source.chart or before.targetRevision ~= source.targetRevision then
    health.message = "the comparison is about an earlier source"
    return health
  end
end

if automated and (phase == "Failed" or phase == "Error") and status.sync.status ~= "Synced" then
  return { status = "Degraded", message = "the last sync failed: " .. (status.operationState.message or "") }
end

if status.health.status == "Healthy" and status.sync.status ~= "Synced" then
  health.message = "not synced yet: " .. status.sync.status
  return health
end

health.status = status.health.status
health.message = status.health.message or ""
return health
`;

/**
 * Health of Flagger's Canary, in Lua. Argo CD's own calls one Unknown that is being set up or waits for approval
 * (https://github.com/argoproj/argo-cd/tree/v3.5.3/resource_customizations/flagger.app/Canary), and with it the whole
 * Application. What a person holds up is Suspended, and a release that was rolled back is Degraded with the reason, until
 * Git goes back to the release that serves: Flagger takes that for no change, and stays at Failed
 * (https://github.com/fluxcd/flagger/blob/v1.44.0/pkg/canary/spec.go).
 */
export const canaryHealth = `local status = obj.status
if status == nil or status.phase == nil or status.phase == "" then
  return { status = "Progressing", message = "waiting for Flagger" }
end

local message = status.phase
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Promoted" and condition.message ~= nil then
    message = condition.message
  end
end

local takenBack = status.lastAppliedSpec ~= nil and status.lastAppliedSpec == status.lastPromotedSpec
if status.phase == "Failed" and takenBack and (status.canaryWeight or 0) == 0 then
  return { status = "Healthy", message = "the release that failed was taken back" }
end

local health = {
  Initialized = "Healthy",
  Succeeded = "Healthy",
  Failed = "Degraded",
  Waiting = "Suspended",
  WaitingPromotion = "Suspended",
}
return { status = health[status.phase] or "Progressing", message = message }
`;

/**
 * Health of an Alertmanager, in Lua. Argo CD has none, so that one whose pods wait for a Secret would be called Healthy while
 * no alert leaves the cluster. Its operator says how it stands
 * (https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.Condition).
 */
export const alertmanagerHealth = `for _, condition in ipairs((obj.status or {}).conditions or {}) do
  if condition.type == "Available" then
    local status = condition.status == "True" and "Healthy" or "Progressing"
    return { status = status, message = condition.message or condition.reason or "" }
  end
end
return { status = "Progressing", message = "waiting for the operator" }
`;
