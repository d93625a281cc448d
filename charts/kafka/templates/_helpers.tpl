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

{{- /* The pipelines that share this Kafka, as JSON: the usual one, whose topics have no prefix, first. */ -}}
{{- define "kafka.pipelines" -}}
{{- $group := .Values.consumerGroup }}
{{- $pipelines := list (dict "prefix" "" "feedPartitions" .Values.feedPartitions "consumerGroup" $group) }}
{{- $prefixes := list }}
{{- range .Values.furtherPipelines }}
{{- if has .prefix $prefixes }}{{ fail (printf "furtherPipelines: the prefix %s stands there twice, expected once: leave one of the two out" .prefix) }}{{ end }}
{{- $prefixes = append $prefixes .prefix }}
{{- $pipelines = append $pipelines (merge (dict) . (dict "consumerGroup" $group)) }}
{{- end }}
{{- $pipelines | toJson }}
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

{{- /*
The template of Strimzi's pods, given `root` and the `role` that is spread over zones. A node pool that has a template of its own takes nothing
of the Kafka's, so both are made of this one.
*/ -}}
{{- define "kafka.nodeTemplate" -}}
pod:
  enableServiceLinks: false
  terminationGracePeriodSeconds: 120
  tmpDirSizeLimit: 64Mi
  securityContext:
    {{- include "kafka.podSecurityContext" .root | nindent 4 }}
  {{- if .root.Values.zoneSpread }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: topology.kubernetes.io/zone
      whenUnsatisfiable: DoNotSchedule
      labelSelector:
        matchLabels:
          strimzi.io/cluster: {{ .root.Release.Name }}
          strimzi.io/{{ .role }}-role: "true"
  {{- end }}
kafkaContainer:
  securityContext:
    {{- include "kafka.containerSecurityContext" .root | nindent 4 }}
# It asks the node for its zone.
initContainer:
  securityContext:
    {{- include "kafka.containerSecurityContext" .root | nindent 4 }}
{{- end }}
