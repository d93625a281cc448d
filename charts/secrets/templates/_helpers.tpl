{{- define "secrets.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: secrets
app.kubernetes.io/part-of: tapeline
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* Before each name in the secret manager. */ -}}
{{- define "secrets.prefix" -}}
{{- .Values.prefix | default (ternary "tapeline/" "tapeline-" (eq .Values.provider "aws")) -}}
{{- end }}
