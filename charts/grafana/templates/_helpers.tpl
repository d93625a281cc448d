{{/* What more than one template of this chart needs: labels, image, the parts of a pod. */}}

{{- define "grafana.selectorLabels" -}}
app.kubernetes.io/name: grafana
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "grafana.commonLabels" -}}
app.kubernetes.io/version: {{ .Values.imageTag | default .Chart.AppVersion | quote }}
app.kubernetes.io/component: visualization
app.kubernetes.io/part-of: tapeline
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "grafana.labels" -}}
{{ include "grafana.selectorLabels" . }}
{{ include "grafana.commonLabels" . }}
{{- end }}

{{/* The pod of the helm test has a name of its own: no Service and no policy of Grafana selects it. */}}
{{- define "grafana.testSelectorLabels" -}}
app.kubernetes.io/name: grafana-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* A digest says exactly what runs, so it wins over a tag. */}}
{{- define "grafana.image" -}}
{{- if .Values.imageDigest -}}
{{ .Values.imageRepository }}@{{ .Values.imageDigest }}
{{- else -}}
{{ .Values.imageRepository }}:{{ .Values.imageTag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "grafana.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "grafana.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* The plug-in separates addresses by semicolons. */}}
{{- define "grafana.contactPoints" -}}
{{ .Values.cassandraContactPoints | replace " " "" | replace "," ";" }}
{{- end }}

{{- define "grafana.address" -}}
{{- if eq .Values.ingressKind "none" }}http://localhost:3000{{ else }}https://{{ .Values.ingressHost }}{{ end -}}
{{- end }}

{{- define "grafana.checks" -}}
{{- if and (ne .Values.ingressKind "none") (not .Values.ingressHost) }}{{ fail "ingressKind needs ingressHost, the name that people type" }}{{ end -}}
{{- if and (eq .Values.ingressKind "ingress") (not .Values.ingressTlsSecret) }}{{ fail "ingressKind ingress needs ingressTlsSecret: passwords are typed" }}{{ end -}}
{{- if and (eq .Values.ingressKind "gateway") (not .Values.gatewayName) }}{{ fail "ingressKind gateway needs gatewayName" }}{{ end -}}
{{- end }}

{{/* What is wrong with the values of alerts, before anything is made of them. */}}
{{- define "grafana.alertChecks" -}}
{{- if and .Values.alertRules (not (or .Values.alertEmail .Values.alertWebhookUrl .Values.alertContactPointSecret)) }}{{ fail "alertRules needs somebody to tell: alertEmail, alertWebhookUrl or alertContactPointSecret" }}{{ end -}}
{{- if and .Values.alertContactPointSecret (or .Values.alertEmail .Values.alertWebhookUrl) }}{{ fail "alertContactPointSecret takes the place of alertEmail and alertWebhookUrl: give one or the others" }}{{ end -}}
{{- if and .Values.alertEmail (not (and .Values.smtpHost .Values.smtpFrom)) }}{{ fail "alertEmail needs smtpHost and smtpFrom" }}{{ end -}}
{{- end }}

{{/*
Rules and contact point as Grafana's file provisioning reads them; JSON is YAML. The thresholds are those of the values, 0 leaves a rule out, and so does
a Prometheus that is not there. Settings of a contact point are taken as they stand: no variable of the environment is put in.
*/}}
{{- define "grafana.alerting" -}}
{{- $group := .Files.Get "alerting/rules.json" | fromJson }}
{{- $above := dict "tapeline-stale-feed" (mul 1000 .Values.alertStaleSeconds) "tapeline-behind" .Values.alertLagSeconds "tapeline-errors" .Values.alertRefusedPerMinute }}
{{- $rules := list }}
{{- range $group.rules }}
{{- $threshold := index $above .uid | int64 }}
{{- if and $threshold (or $.Values.prometheusUrl (ne (index .data 0).datasourceUid "prometheus")) }}
{{- $_ := set (index (index .data 2).model.conditions 0).evaluator "params" (list $threshold) }}
{{- $rules = append $rules . }}
{{- end }}
{{- end }}
{{- $receivers := list }}
{{- with .Values.alertEmail }}
{{- $receivers = append $receivers (dict "uid" "tapeline-mail" "type" "email" "settings" (dict "addresses" . "singleEmail" false)) }}
{{- end }}
{{- with .Values.alertWebhookUrl }}
{{- $receivers = append $receivers (dict "uid" "tapeline-webhook" "type" "webhook" "settings" (dict "url" . "httpMethod" "POST")) }}
{{- end }}
{{- $file := dict "apiVersion" 1 "groups" (list (set $group "rules" $rules)) }}
{{- if $receivers }}{{ $_ := set $file "contactPoints" (list (dict "orgId" 1 "name" "Tapeline" "receivers" $receivers)) }}{{ end }}
{{- $file | toPrettyJson }}
{{- end }}

{{/* The ports in .Values.cassandraContactPoints, for the policy of that flow. */}}
{{- define "grafana.cassandraPorts" -}}
{{- $ports := list }}
{{- range splitList "," .Values.cassandraContactPoints }}
{{- $ports = append $ports (contains ":" . | ternary (splitList ":" . | last) "9042" | trim) }}
{{- end }}
{{- range $ports | uniq | sortAlpha }}
- port: {{ . }}
  protocol: TCP
{{- end }}
{{- end }}
