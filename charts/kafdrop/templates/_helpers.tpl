{{/* What more than one template of this chart needs: labels, image, the parts of a pod. */}}

{{- define "kafdrop.selectorLabels" -}}
app.kubernetes.io/name: kafdrop
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "kafdrop.commonLabels" -}}
app.kubernetes.io/version: {{ .Values.imageTag | default .Chart.AppVersion | quote }}
app.kubernetes.io/component: operations
app.kubernetes.io/part-of: tapeline
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "kafdrop.labels" -}}
{{ include "kafdrop.selectorLabels" . }}
{{ include "kafdrop.commonLabels" . }}
{{- end }}

{{/* Pods of the helm test have a name of their own: no Service, budget or policy of the workload selects them. */}}
{{- define "kafdrop.testSelectorLabels" -}}
app.kubernetes.io/name: kafdrop-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* A digest says exactly what runs, so it wins over a tag. */}}
{{- define "kafdrop.image" -}}
{{- if .Values.imageDigest -}}
{{ .Values.imageRepository }}@{{ .Values.imageDigest }}
{{- else -}}
{{ .Values.imageRepository }}:{{ .Values.imageTag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "kafdrop.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "kafdrop.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "kafdrop.spread" -}}
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- topologyKey: {{ $key }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "kafdrop.selectorLabels" $ | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}

{{/* Nothing can be created or deleted, no JMX, and of the management addresses only the health. */}}
{{- define "kafdrop.env" -}}
- name: CMD_ARGS
  value: >-
    --topic.deleteEnabled=false --topic.createEnabled=false --spring.jmx.enabled=false
    --management.endpoints.web.exposure.include=health
- name: JVM_OPTS
  value: {{ .Values.jvmOptions | quote }}
- name: KAFKA_BROKERCONNECT
  value: {{ .Values.kafkaBrokers | quote }}
{{- if .Values.kafkaPropertiesSecret }}
- name: KAFKA_PROPERTIES_FILE
  value: /etc/kafdrop/kafka.properties
{{- end }}
- name: SERVER_PORT
  value: "9000"
{{- end }}

{{/* Files of the container: Kafka's properties and certificate authority, and a small /tmp, for its root is read-only. */}}
{{- define "kafdrop.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .Values.kafkaPropertiesSecret }}
- name: kafka-properties
  mountPath: /etc/kafdrop
  readOnly: true
{{- end }}
{{- if .Values.kafkaCaSecret }}
- name: kafka-ca
  mountPath: /etc/kafka-ca
  readOnly: true
{{- end }}
{{- end }}

{{- define "kafdrop.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- if .Values.kafkaPropertiesSecret }}
- name: kafka-properties
  secret:
    secretName: {{ .Values.kafkaPropertiesSecret }}
    defaultMode: 0440
    items:
      - key: kafka.properties
        path: kafka.properties
{{- end }}
{{- if .Values.kafkaCaSecret }}
- name: kafka-ca
  secret:
    secretName: {{ .Values.kafkaCaSecret }}
    defaultMode: 0440
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- end }}

{{/* The ports in .Values.kafkaBrokers, for the policy of that flow. */}}
{{- define "kafdrop.kafkaPorts" -}}
{{- $ports := list }}
{{- range splitList "," .Values.kafkaBrokers }}
{{- $ports = append $ports (splitList ":" . | last | trim) }}
{{- end }}
{{- range $ports | uniq | sortAlpha }}
- port: {{ . }}
  protocol: TCP
{{- end }}
{{- end }}
