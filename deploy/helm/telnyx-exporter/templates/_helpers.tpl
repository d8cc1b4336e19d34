{{/* A service's name begins with a letter and has no dots; a release's name may. */}}
{{- define "telnyx-exporter.fullname" -}}
{{- $name := .Values.fullnameOverride | default .Release.Name | replace "." "-" -}}
{{- if not (regexMatch "^[a-z]" $name) -}}
{{- $name = printf "telnyx-%s" $name -}}
{{- end -}}
{{- $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "telnyx-exporter.selectorLabels" -}}
app.kubernetes.io/name: telnyx-exporter
app.kubernetes.io/instance: {{ .Release.Name | quote }}
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

{{/* What the exporter's pods and the pod of `helm test` have in common: where they may run, and what their containers may do. */}}
{{- define "telnyx-exporter.podSettings" -}}
serviceAccountName: {{ include "telnyx-exporter.serviceAccountName" . | quote }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  # Lets the exporter read the secrets, which belong to this group.
  fsGroup: 65532
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "telnyx-exporter.containerSettings" -}}
image: {{ include "telnyx-exporter.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{/* The web configuration, and further volumes, whose files it may name. */}}
{{- define "telnyx-exporter.webMounts" -}}
{{- if .Values.webConfig.existingSecret }}
- {name: web, mountPath: /etc/telnyx_exporter/web, readOnly: true}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}
{{- define "telnyx-exporter.webVolumes" -}}
{{- with .Values.webConfig.existingSecret }}
- name: web
  secret:
    secretName: {{ . | quote }}
    defaultMode: 0440
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
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
The exporter's configuration. An account's rate limit is divided here among replicas, each of which polls every connection. Shards
take their part by themselves.
*/}}
{{- define "telnyx-exporter.config" -}}
{{- $replicas := ternary 1 (max 1 (int .Values.replicaCount)) .Values.sharding.enabled -}}
{{- $accounts := list -}}
{{- $names := list -}}
{{- range $account := .Values.accounts -}}
{{- $name := $account.name | default "default" -}}
{{- if has $name $names -}}
{{- fail (printf "accounts: two are named %s: give each another name" $name) -}}
{{- end -}}
{{- $names = append $names $name -}}
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
{{- if and (or .Values.webConfig.tls .Values.webConfig.clientCertificate) (eq .Values.webConfig.existingSecret "") -}}
{{- fail "webConfig.tls and webConfig.clientCertificate say what the secret webConfig.existingSecret contains: set that too" -}}
{{- end -}}
{{- if and .Values.webConfig.clientCertificate (not .Values.webConfig.tls) -}}
{{- fail "webConfig.clientCertificate needs webConfig.tls" -}}
{{- end -}}
{{- ternary "HTTPS" "HTTP" (and (ne .Values.webConfig.existingSecret "") .Values.webConfig.tls) -}}
{{- end -}}

{{/* A kubelet has no client certificate: where one is required it can only check that the port is open. */}}
{{- define "telnyx-exporter.probe" -}}
{{- if and .root.Values.webConfig.existingSecret .root.Values.webConfig.clientCertificate -}}
tcpSocket: {port: http}
{{- else -}}
httpGet: {path: {{ .path }}, port: http, scheme: {{ include "telnyx-exporter.scheme" .root }}}
{{- end }}
{{- end -}}
