{{/* Metadata of an object that Prometheus or Grafana looks for, in its namespace or the operator's. */}}
{{- define "pam-operator.metricsMetadata" -}}
name: {{ .of.namespace | empty | ternary (include "pam-operator.fullname" .root) (include "pam-operator.dottedName" .root) }}
namespace: {{ .of.namespace | default (include "pam-operator.namespace" .root) }}
labels:
  {{- include "pam-operator.labelsWith" (dict "root" .root "labels" .of.labels) | nindent 2 }}
{{- with .of.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What a ServiceMonitor and a PodMonitor have alike: which objects they look at, and where. */}}
{{- define "pam-operator.metricsSelector" -}}
{{- if .of.namespace }}
namespaceSelector:
  matchNames: [{{ include "pam-operator.namespace" .root }}]
{{- end }}
selector:
  matchLabels:
    {{- include "pam-operator.selectorLabels" .root | nindent 4 }}
{{- end -}}

{{- define "pam-operator.metricsEndpoint" -}}
{{- $endpoint := merge (deepCopy .endpoint) (dict "port" "http" "path" "/metrics") -}}
{{- with .interval -}}{{- $_ := set $endpoint "interval" . -}}{{- end -}}
{{- with .scrapeTimeout -}}{{- $_ := set $endpoint "scrapeTimeout" . -}}{{- end -}}
{{- toYaml $endpoint -}}
{{- end -}}
