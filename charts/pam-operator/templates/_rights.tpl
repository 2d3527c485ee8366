{{/*
What the operator does where PamCredentials and PamConnections are: read them and their Secrets, write their status,
tell of it. The comment above each rule, here and in every role, is the reason that docs/reference/permissions.md gives for it.
*/}}
{{- define "pam-operator.watchRules" -}}
# to serve them
- apiGroups: [pam-operator.io]
  resources: [pamcredentials, mysafepasswords, pamconnections]
  verbs: [get, list, watch]
# to say how they are
- apiGroups: [pam-operator.io]
  resources: [pamcredentials/status, mysafepasswords/status, pamconnections/status]
  verbs: [patch]
# the values; a watch of metadata needs the same right as one of values
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch]
{{- if .Values.allowedHosts }}
# the CA bundle of a PamConnection may be in a ConfigMap; only with `allowedHosts`
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, watch]
{{- end }}
{{ include "pam-operator.eventRules" . }}
{{- end -}}

{{- define "pam-operator.eventRules" -}}
# to tell of transitions; events of cluster-scoped objects are in `default`
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
