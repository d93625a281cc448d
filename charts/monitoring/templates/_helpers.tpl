{{- define "monitoring.labels" -}}
app.kubernetes.io/name: monitoring
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: monitoring
app.kubernetes.io/part-of: tapeline
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.selectorLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Labels of an alert: how urgent it is, and those of the routes. */ -}}
{{- define "monitoring.alertLabels" -}}
severity: {{ .severity }}
{{- with .root.Values.alertLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}
