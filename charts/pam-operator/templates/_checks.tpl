{{/* What no schema can refuse: values that contradict each other, and a cluster that cannot take the chart now. */}}
{{- define "pam-operator.checks" -}}
{{- include "pam-operator.checkSwitch" . -}}
{{- include "pam-operator.checkReplicas" . -}}
{{- include "pam-operator.checkBudget" . -}}
{{- end -}}

{{- define "pam-operator.checkSwitch" -}}
{{- if not .Values.enabled -}}
{{- fail "enabled: false is for a parent chart: name `condition: pam-operator.enabled` in its dependencies; to remove a release of this chart alone, run helm uninstall" -}}
{{- end -}}
{{- end -}}

{{- define "pam-operator.checkReplicas" -}}
{{- $v := .Values -}}
{{- if not $v.leaderElection.enabled -}}
{{- if gt (int $v.replicas) 1 -}}
{{- fail "replicas: more than one needs leaderElection.enabled: true; without it two replicas would both write to the PAM" -}}
{{- end -}}
{{- if ne ($v.updateStrategy.type | default "Recreate") "Recreate" -}}
{{- fail "updateStrategy: RollingUpdate needs leaderElection.enabled: true; without it the old Pod and the new one would both write to the PAM" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "pam-operator.checkBudget" -}}
{{- $budget := .Values.podDisruptionBudget -}}
{{- if not (or (kindIs "invalid" $budget.minAvailable) (kindIs "invalid" $budget.maxUnavailable)) -}}
{{- fail "podDisruptionBudget: set minAvailable or maxUnavailable, not both" -}}
{{- end -}}
{{- end -}}

{{/*
A CRD that is being deleted takes an upgrade like any other, and is gone a moment later: helm would report success. Only
where the chart brings the CRDs, as others may not be allowed to look at them; `helm template` sees no cluster.
*/}}
{{- define "pam-operator.checkDefinition" -}}
{{- $found := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" .name -}}
{{- if and $found $found.metadata.deletionTimestamp -}}
{{- printf "CustomResourceDefinition %s is being deleted, and every object of its kind with it; what is installed now would have no kind to serve. Nothing was changed. Wait until `kubectl get crd %s` says NotFound, and run helm again. If it does not go, look for objects that a finalizer holds: `kubectl get %s -A`; README.md of this chart, \"A CRD that does not go\", says how to release them" .name .name .name | fail -}}
{{- end -}}
{{- end -}}

{{/*
Helm 3 takes over what a hook made as it is: the first change of it would be lost, and reported as done. `helm template`
sees no Secrets, not even an empty list of them.
*/}}
{{- define "pam-operator.checkConnections" -}}
{{- if and .Values.connections (semverCompare "<4.0.0-0" .Capabilities.HelmVersion.Version) (lookup "v1" "Secret" .Release.Namespace "") -}}
{{- fail "connections: Helm 3 cannot make them together with the CRDs; install without `connections` first and set them by an upgrade, or use Helm 4" -}}
{{- end -}}
{{- end -}}
