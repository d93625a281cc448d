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
