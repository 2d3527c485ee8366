{{/* Name of the chart, or what a parent chart calls it. */}}
{{- define "pam-operator.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{/* Name of what lives in the operator's namespace. */}}
{{- define "pam-operator.fullname" -}}
{{- $name := include "pam-operator.name" . -}}
{{- $made := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- .Values.fullnameOverride | default $made | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "pam-operator.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace -}}
{{- end -}}

{{/*
Name of what lives elsewhere: cluster-scoped, or in the namespaces of others. Several releases can meet there, so it
says whose it is; ':' is in no namespace's and no release's name, so that no two spell the same.
*/}}
{{- define "pam-operator.foreignName" -}}
{{- printf "%s:%s" (include "pam-operator.namespace" .) (include "pam-operator.fullname" .) -}}
{{- end -}}

{{/*
The same for kinds that take no ':' in a name. A namespace's name has no '.', so that no two releases spell the same.
*/}}
{{- define "pam-operator.dottedName" -}}
{{- printf "%s.%s" (include "pam-operator.namespace" .) (include "pam-operator.fullname" .) -}}
{{- end -}}

{{- define "pam-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "pam-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of an object: the chart's own, then those of `labels`, then those that every object gets. */}}
{{- define "pam-operator.labelsWith" -}}
{{- $root := .root -}}
{{- $own := include "pam-operator.selectorLabels" $root | fromYaml -}}
{{- $chart := printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" -}}
{{- $_ := set $own "app.kubernetes.io/version" $root.Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" $root.Release.Service -}}
{{- $_ := set $own "helm.sh/chart" $chart -}}
{{- merge $own (.labels | default dict) (include "pam-operator.commonLabels" $root | fromYaml) | toYaml -}}
{{- end -}}

{{- define "pam-operator.labels" -}}
{{- include "pam-operator.labelsWith" (dict "root" .) -}}
{{- end -}}

{{- define "pam-operator.commonLabels" -}}
{{- merge dict (.Values.commonLabels | default dict) (.Values.global.commonLabels | default dict) | toYaml -}}
{{- end -}}

{{- define "pam-operator.serviceAccount" -}}
{{- $made := .Values.serviceAccount.create | ternary (include "pam-operator.fullname" .) "default" -}}
{{- .Values.serviceAccount.name | default $made -}}
{{- end -}}

{{- define "pam-operator.subjects" -}}
- kind: ServiceAccount
  name: {{ include "pam-operator.serviceAccount" . }}
  namespace: {{ include "pam-operator.namespace" . }}
{{- end -}}

{{/* A registry is what Docker takes for one: a first part with '.' or ':', or `localhost`. */}}
{{- define "pam-operator.image" -}}
{{- $image := .Values.image -}}
{{- $repository := $image.repository -}}
{{- with .Values.global.imageRegistry -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (regexReplaceAll "^([^/]*[.:][^/]*|localhost)/" $repository "") -}}
{{- end -}}
{{- $tagged := printf "%s:%s" $repository ($image.tag | default .Chart.AppVersion) -}}
{{- if $image.digest -}}{{- printf "%s@%s" $repository $image.digest -}}{{- else -}}{{- $tagged -}}{{- end -}}
{{- end -}}

{{- define "pam-operator.port" -}}
{{- .Values.listenAddress | splitList ":" | last -}}
{{- end -}}
