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

{{- /* A KafkaUser: name, and its ACLs as a list. */ -}}
{{- define "kafka.user" -}}
apiVersion: kafka.strimzi.io/v1
kind: KafkaUser
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "kafka.strimziLabels" .root | nindent 4 }}
spec:
  authentication:
    type: scram-sha-512
  authorization:
    type: simple
    acls:
      {{- .acls | nindent 6 }}
{{- end }}

{{- /* One ACL of a topic. */ -}}
{{- define "kafka.topicAcl" -}}
- resource: {type: topic, name: {{ .topic }}, patternType: literal}
  operations: [{{ .operations }}]
{{- end }}
