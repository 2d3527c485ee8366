-- How Argo CD shows the health of the objects of pam-operator.io: of all four kinds, by their conditions.
-- Put it into the ConfigMap argocd-cm as docs/how-to/gitops-health.md says.
local status = obj.status or {}
local is = {}
local said = {}
for _, condition in ipairs(status.conditions or {}) do
  is[condition.type] = condition.status
  said[condition.type] = condition.message
end

-- The status speaks of an earlier spec, or the operator has not looked at the object yet.
if status.observedGeneration == nil or status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "Waiting for the operator to look at this object" }
end
if is.Suspended == "True" then
  return { status = "Suspended", message = said.Suspended }
end
if is.Stalled == "True" then
  return { status = "Degraded", message = said.Stalled }
end
if is.Ready ~= "True" then
  return { status = "Progressing", message = said.Ready }
end

-- What others did in the vault makes no application unhealthy, and is reported.
local message = said.Ready
for _, beside in ipairs({ "Drifted", "SharingIncomplete", "InventoryIncomplete", "VaultRestored", "DisablesHeld" }) do
  if is[beside] == "True" then
    message = beside .. ": " .. said[beside]
  end
end
return { status = "Healthy", message = message }
