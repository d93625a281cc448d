{{- /* Labels that a selector may use: they never change. */ -}}
{{- define "kafka.selectorLabels" -}}
app.kubernetes.io/name: kafka
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* The pod of the helm test has a name of its own: no Service and no policy of Kafka selects it. */ -}}
{{- define "kafka.testSelectorLabels" -}}
app.kubernetes.io/name: kafka-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "kafka.labels" -}}
{{ include "kafka.selectorLabels" . }}
{{ include "kafka.commonLabels" . }}
{{- end }}

{{- define "kafka.commonLabels" -}}
app.kubernetes.io/version: {{ .Values.kafkaVersion | quote }}
app.kubernetes.io/component: log
app.kubernetes.io/part-of: tapeline
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* Labels of what belongs to a Strimzi cluster. */ -}}
{{- define "kafka.strimziLabels" -}}
{{ include "kafka.labels" . }}
strimzi.io/cluster: {{ .Release.Name }}
{{- end }}

{{- define "kafka.image" -}}
{{ .Values.imageRepository }}{{ if .Values.imageDigest }}@{{ .Values.imageDigest }}{{ else }}:{{ .Values.imageTag }}{{ end }}
{{- end }}

{{- /* Replicas of a topic, and how many must have a record before it counts as written. */ -}}
{{- define "kafka.replicas" -}}
{{ min 3 (int .Values.brokers) }}
{{- end }}

{{- /* Pods of one client, for `from`. */ -}}
{{- define "kafka.clientPeer" -}}
namespaceSelector:
  matchLabels:
    kubernetes.io/metadata.name: {{ .namespace }}
podSelector:
  matchLabels:
    app.kubernetes.io/name: {{ .name }}
{{- end }}

{{- define "kafka.podSecurityContext" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "kafka.containerSecurityContext" -}}
allowPrivilegeEscalation: false
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}
