{{/* Name of what lives in the release's namespace. */}}
{{- define "pam-operator.fullname" -}}
{{- if contains "pam-operator" .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-pam-operator" .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/*
Name of what lives elsewhere: cluster-scoped, or in the namespaces of others. Several releases can meet there, so it
says whose it is; ':' is in no namespace's and no release's name, so that no two spell the same.
*/}}
{{- define "pam-operator.foreignName" -}}
{{- printf "%s:%s" .Release.Namespace (include "pam-operator.fullname" .) -}}
{{- end -}}

{{- define "pam-operator.selectorLabels" -}}
app.kubernetes.io/name: pam-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "pam-operator.labels" -}}
{{ include "pam-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "pam-operator.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "pam-operator.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "pam-operator.subjects" -}}
- kind: ServiceAccount
  name: {{ include "pam-operator.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}

{{- define "pam-operator.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "pam-operator.port" -}}
{{- .Values.listenAddress | splitList ":" | last -}}
{{- end -}}

{{/*
Name of a cluster-scoped object whose kind takes no ':' in a name. A namespace's name has no '.', so that no two releases
spell the same.
*/}}
{{- define "pam-operator.dottedName" -}}
{{- printf "%s.%s" .Release.Namespace (include "pam-operator.fullname" .) -}}
{{- end -}}

{{/*
What the operator does where PamCredentials and PamConnections are: read them and their Secrets, write their status,
tell of it. The comment above each rule, here and in every role, is the reason that docs/operations.md gives for it.
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
