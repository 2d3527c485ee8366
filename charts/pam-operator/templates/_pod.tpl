{{/* Those of the values `names` that are set: the chart's own, else those of `global`. `false` and 0 are set, too. */}}
{{- define "pam-operator.fields" -}}
{{- $fields := dict -}}
{{- range $name := .names -}}
{{- range list $.root.Values $.root.Values.global -}}
{{- $value := index . $name -}}
{{- if and (not (hasKey $fields $name)) (or $value (has (kindOf $value) (list "bool" "float64" "int64"))) -}}
{{- $_ := set $fields $name $value -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $fields -}}
{{- toYaml $fields -}}
{{- end -}}
{{- end -}}

{{- define "pam-operator.podFields" -}}
{{- $names := list "affinity" "dnsConfig" "dnsPolicy" "hostAliases" "hostUsers" "nodeSelector" "priorityClassName" "resourceClaims" "runtimeClassName" "schedulerName" "tolerations" -}}
{{- include "pam-operator.fields" (dict "root" . "names" $names) -}}
{{- end -}}

{{/* Not all labels: a Pod is not to be replaced because the chart's version is another. */}}
{{- define "pam-operator.podLabels" -}}
{{- $own := include "pam-operator.selectorLabels" . | fromYaml -}}
{{- merge $own (.Values.podLabels | default dict) (include "pam-operator.commonLabels" . | fromYaml) | toYaml -}}
{{- end -}}

{{- define "pam-operator.pullSecrets" -}}
{{- range concat (.Values.imagePullSecrets | default list) (.Values.global.imagePullSecrets | default list) | uniq }}
- name: {{ if kindIs "map" . }}{{ .name }}{{ else }}{{ . }}{{ end }}
{{- end -}}
{{- end -}}

{{- define "pam-operator.spread" -}}
{{- $selector := dict "labelSelector" (dict "matchLabels" (include "pam-operator.selectorLabels" . | fromYaml)) -}}
{{- range .Values.topologySpreadConstraints | default .Values.global.topologySpreadConstraints }}
- {{ hasKey . "labelSelector" | ternary . (merge (deepCopy .) $selector) | toYaml | indent 2 | trim }}
{{- end -}}
{{- end -}}

{{/* OpenShift gives each namespace users of its own, and refuses the default; another number is somebody's wish. */}}
{{- define "pam-operator.podSecurityContext" -}}
{{- $context := deepCopy (.Values.podSecurityContext | default dict) -}}
{{- $isOpenShift := .Capabilities.APIVersions.Has "security.openshift.io/v1" -}}
{{- $user := int64 (.Values.runAsUser | default 0) -}}
{{- if and $user (not (and $isOpenShift (eq $user 65532))) -}}
{{- $context = merge $context (dict "runAsUser" $user "runAsGroup" $user) -}}
{{- end -}}
{{- toYaml $context -}}
{{- end -}}

{{/* A probe of the path, with what the values add. */}}
{{- define "pam-operator.probe" -}}
{{- merge (deepCopy .probe) (dict "httpGet" (dict "path" .path "port" "http")) | toYaml -}}
{{- end -}}

{{- define "pam-operator.strategy" -}}
{{- if .Values.updateStrategy -}}
{{- toYaml .Values.updateStrategy -}}
{{- else if .Values.leaderElection.enabled -}}
# The new Pod waits for the lease, and is ready while it waits; the old one gives it up when it is told to stop.
type: RollingUpdate
rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
{{- else -}}
type: Recreate
{{- end -}}
{{- end -}}

{{- define "pam-operator.args" -}}
{{- $v := .Values -}}
- {{ printf "--listen-address=%s" $v.listenAddress | quote }}
- --log-format={{ $v.log.format }}
- {{ printf "--log-filter=%s" $v.log.filter | quote }}
- --max-concurrent-reconciles={{ $v.maxConcurrentReconciles }}
- --leader-election={{ $v.leaderElection.enabled }}
- --lease-duration={{ $v.leaderElection.leaseDurationSeconds }}
{{- if $v.planOnly }}
- --plan-only=true
{{- end }}
{{- with $v.clusterName }}
- --cluster-name={{ . }}
{{- end }}
{{- with $v.formerClusterNames }}
- --former-cluster-names={{ join "," . }}
{{- end }}
{{- with $v.watchNamespaces }}
- --watch-namespaces={{ join "," . }}
{{- end }}
{{- with $v.connectionSelector }}
- {{ printf "--connection-selector=%s" . | quote }}
{{- end }}
{{- with $v.allowedHosts }}
- {{ printf "--allowed-hosts=%s" (join "," .) | quote }}
{{- end }}
{{- with $v.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The layout that the kubelet would mount by itself, asked for here alone. */}}
{{- define "pam-operator.tokenVolume" -}}
- name: kube-api-access
  projected:
    # 0444, in decimal since parsers disagree about octal numbers.
    defaultMode: 292
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3600
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
      - downwardAPI:
          items:
            - path: namespace
              fieldRef:
                fieldPath: metadata.namespace
{{- end -}}
