{{/* What more than one template of this chart needs: labels, image, the parts of a pod. */}}

{{- define "stream-processor.selectorLabels" -}}
app.kubernetes.io/name: stream-processor
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "stream-processor.commonLabels" -}}
app.kubernetes.io/version: {{ .Values.imageTag | default .Chart.AppVersion | quote }}
app.kubernetes.io/component: stream-processing
app.kubernetes.io/part-of: tapeline
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "stream-processor.labels" -}}
{{ include "stream-processor.selectorLabels" . }}
{{ include "stream-processor.commonLabels" . }}
{{- end }}

{{/* Pods of the helm test have a name of their own: no Service, budget or policy of the workload selects them. */}}
{{- define "stream-processor.testSelectorLabels" -}}
app.kubernetes.io/name: stream-processor-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* A digest says exactly what runs, so it wins over a tag. */}}
{{- define "stream-processor.image" -}}
{{- if .Values.imageDigest -}}
{{ .Values.imageRepository }}@{{ .Values.imageDigest }}
{{- else -}}
{{ .Values.imageRepository }}:{{ .Values.imageTag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "stream-processor.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "stream-processor.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "stream-processor.spread" -}}
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- topologyKey: {{ $key }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "stream-processor.selectorLabels" $ | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}

{{/* Settings by their names in the environment, sorted; a secret is only ever the path of a mounted file. */}}
{{- define "stream-processor.env" -}}
{{- $own := dict "LOG_LEVEL" .Values.logLevel "HTTP_HOST" "0.0.0.0" "HTTP_PORT" "8080" "KAFKA_BROKERS" .Values.kafkaBrokers "CASSANDRA_CONTACT_POINTS" .Values.cassandraContactPoints "PROCESSOR_PEER_PORT" (.Values.peerPort | toString) -}}
{{- if .Values.kafkaTls }}{{- $_ := set $own "KAFKA_TLS" "true" }}{{ end -}}
{{- if .Values.kafkaCaSecret }}{{- $_ := set $own "KAFKA_CA_FILE" "/etc/tapeline/kafka-ca/ca.crt" }}{{ end -}}
{{- if .Values.kafkaUserSecret }}
{{- $_ := set $own "KAFKA_SASL_MECHANISM" .Values.kafkaSaslMechanism }}
{{- $_ := set $own "KAFKA_USERNAME" .Values.kafkaUser }}
{{- $_ := set $own "KAFKA_PASSWORD_FILE" "/etc/tapeline/kafka-user/password" }}
{{- end }}
{{- if .Values.cassandraTls }}{{- $_ := set $own "CASSANDRA_TLS" "true" }}{{ end -}}
{{- if .Values.cassandraCaSecret }}{{- $_ := set $own "CASSANDRA_CA_FILE" "/etc/tapeline/cassandra-ca/ca.crt" }}{{ end -}}
{{- if .Values.cassandraUserSecret }}{{- $_ := set $own "CASSANDRA_PASSWORD_FILE" "/etc/tapeline/cassandra-user/password" }}{{ end -}}
{{- if .Values.traceEndpoint }}{{- $_ := set $own "OTEL_EXPORTER_OTLP_ENDPOINT" .Values.traceEndpoint }}{{ end -}}
{{- if .Values.traceHeadersSecret }}{{- $_ := set $own "OTEL_EXPORTER_OTLP_HEADERS_FILE" "/etc/tapeline/trace-headers/headers" }}{{ end -}}
{{- range $name, $value := .Values.settings }}
{{- if or (hasKey $own $name) (eq $name "PROCESSOR_PEER_HOST") }}{{ fail (printf "settings.%s: this chart sets it from a value of its own; use that value" $name) }}{{ end }}
{{- $_ := set $own $name $value }}
{{- end }}
{{- range $name, $value := $own }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
- name: PROCESSOR_PEER_HOST
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
{{- if .Values.cassandraUserSecret }}
- name: CASSANDRA_USERNAME
  valueFrom:
    secretKeyRef:
      name: {{ .Values.cassandraUserSecret }}
      key: username
{{- end }}
{{- end }}

{{/* Files of the container: its Secrets, and a small /tmp, for its root is read-only. */}}
{{- define "stream-processor.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .Values.traceHeadersSecret }}
- name: trace-headers
  mountPath: /etc/tapeline/trace-headers
  readOnly: true
{{- end }}
{{- if .Values.kafkaCaSecret }}
- name: kafka-ca
  mountPath: /etc/tapeline/kafka-ca
  readOnly: true
{{- end }}
{{- if .Values.kafkaUserSecret }}
- name: kafka-user
  mountPath: /etc/tapeline/kafka-user
  readOnly: true
{{- end }}
{{- if .Values.cassandraCaSecret }}
- name: cassandra-ca
  mountPath: /etc/tapeline/cassandra-ca
  readOnly: true
{{- end }}
{{- if .Values.cassandraUserSecret }}
- name: cassandra-user
  mountPath: /etc/tapeline/cassandra-user
  readOnly: true
{{- end }}
{{- end }}

{{- define "stream-processor.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 16Mi
{{- if .Values.traceHeadersSecret }}
- name: trace-headers
  secret:
    secretName: {{ .Values.traceHeadersSecret }}
    defaultMode: 0440
    items:
      - key: headers
        path: headers
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
{{- if .Values.kafkaUserSecret }}
- name: kafka-user
  secret:
    secretName: {{ .Values.kafkaUserSecret }}
    defaultMode: 0440
    items:
      - key: password
        path: password
{{- end }}
{{- if .Values.cassandraCaSecret }}
- name: cassandra-ca
  secret:
    secretName: {{ .Values.cassandraCaSecret }}
    defaultMode: 0440
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- if .Values.cassandraUserSecret }}
- name: cassandra-user
  secret:
    secretName: {{ .Values.cassandraUserSecret }}
    defaultMode: 0440
    items:
      - key: password
        path: password
{{- end }}
{{- end }}

{{/* The ports in .Values.kafkaBrokers, for the policy of that flow. */}}
{{- define "stream-processor.kafkaPorts" -}}
{{- $ports := list }}
{{- range splitList "," .Values.kafkaBrokers }}
{{- $ports = append $ports (splitList ":" . | last | trim) }}
{{- end }}
{{- range $ports | uniq | sortAlpha }}
- port: {{ . }}
  protocol: TCP
{{- end }}
{{- end }}

{{/* The ports in .Values.cassandraContactPoints, for the policy of that flow. */}}
{{- define "stream-processor.cassandraPorts" -}}
{{- $ports := list }}
{{- range splitList "," .Values.cassandraContactPoints }}
{{- $ports = append $ports (contains ":" . | ternary (splitList ":" . | last) "9042" | trim) }}
{{- end }}
{{- range $ports | uniq | sortAlpha }}
- port: {{ . }}
  protocol: TCP
{{- end }}
{{- end }}

{{/* The mechanism in KEDA's words. */}}
{{- define "stream-processor.kedaSasl" -}}
{{- get (dict "scram-sha-512" "scram_sha512" "scram-sha-256" "scram_sha256" "plain" "plaintext") .Values.kafkaSaslMechanism -}}
{{- end }}

{{/* The port in .Values.traceEndpoint, for the policy of that flow. */}}
{{- define "stream-processor.tracePort" -}}
{{- $port := regexFind ":[0-9]+" (urlParse .Values.traceEndpoint).host | trimPrefix ":" -}}
{{- $port | default (hasPrefix "https:" .Values.traceEndpoint | ternary "443" "80") -}}
{{- end }}
