{{- define "telnyx-exporter.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "telnyx-exporter.selectorLabels" -}}
app.kubernetes.io/name: telnyx-exporter
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "telnyx-exporter.labels" -}}
{{ include "telnyx-exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "telnyx-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "telnyx-exporter.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "telnyx-exporter.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The secret and the key in it that hold an account's API key. */}}
{{- define "telnyx-exporter.keySecret" -}}
{{- if .account.existingSecret -}}
{{ .account.existingSecret }}
{{- else if .account.apiKey -}}
{{ include "telnyx-exporter.fullname" .root }}-api-keys
{{- else -}}
{{- fail (printf "accounts: %s needs existingSecret or apiKey" (.account.name | default "default")) -}}
{{- end -}}
{{- end -}}
{{- define "telnyx-exporter.keyName" -}}
{{- if .account.existingSecret -}}
{{ .account.secretKey | default "api_key" }}
{{- else -}}
{{ .account.name | default "default" }}
{{- end -}}
{{- end -}}

{{/*
The exporter's configuration. An account's rate limit is divided here among replicas that all poll every connection; among shards
the exporter divides it itself.
*/}}
{{- define "telnyx-exporter.config" -}}
{{- $replicas := ternary 1 (int .Values.replicaCount) .Values.sharding.enabled -}}
{{- $accounts := list -}}
{{- range $account := .Values.accounts -}}
{{- $name := $account.name | default "default" -}}
{{- $limit := $account.rate_limit | default dict -}}
{{- $rate := $limit.requests_per_second | default 10.0 -}}
{{- $burst := $limit.burst | default 20 -}}
{{- $entry := omit $account "existingSecret" "secretKey" "apiKey" "rate_limit" -}}
{{- $_ := set $entry "name" $name -}}
{{- $_ := set $entry "api_key_file" (printf "/run/secrets/telnyx/%s" $name) -}}
{{- $_ := set $entry "rate_limit" (dict "requests_per_second" (divf $rate $replicas) "burst" (max 1 (div (int $burst) $replicas))) -}}
{{- $accounts = append $accounts $entry -}}
{{- end -}}
{{- toYaml (set (deepCopy .Values.config) "accounts" $accounts) -}}
{{- end -}}

{{- define "telnyx-exporter.scheme" -}}
{{- ternary "HTTPS" "HTTP" (and (ne .Values.webConfig.existingSecret "") .Values.webConfig.tls) -}}
{{- end -}}

{{/* A kubelet has no client certificate: where one is required it can only see that the port is open. */}}
{{- define "telnyx-exporter.probe" -}}
{{- if and .root.Values.webConfig.existingSecret .root.Values.webConfig.clientCertificate -}}
tcpSocket: {port: http}
{{- else -}}
httpGet: {path: {{ .path }}, port: http, scheme: {{ include "telnyx-exporter.scheme" .root }}}
{{- end }}
{{- end -}}
