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

{{/* What the operator does where PamCredentials and PamConnections are: read them and their Secrets, write their status, tell of it. */}}
{{- define "pam-operator.watchRules" -}}
- apiGroups: [pam-operator.io]
  resources: [pamcredentials, pamconnections]
  verbs: [get, list, watch]
- apiGroups: [pam-operator.io]
  resources: [pamcredentials/status, pamconnections/status]
  verbs: [patch]
- apiGroups: [""]
  # The CA bundle of a PamConnection may be in a ConfigMap.
  resources: [secrets{{ if .Values.allowedHosts }}, configmaps{{ end }}]
  verbs: [get, list, watch]
{{ include "pam-operator.eventRules" . }}
{{- end -}}

{{- define "pam-operator.eventRules" -}}
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
