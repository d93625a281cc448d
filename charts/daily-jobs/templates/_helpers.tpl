{{/* What more than one template of this chart needs: labels, image, the parts of a pod. */}}

{{- define "daily-jobs.selectorLabels" -}}
app.kubernetes.io/name: daily-jobs
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "daily-jobs.commonLabels" -}}
app.kubernetes.io/version: {{ .Values.imageTag | default .Chart.AppVersion | quote }}
app.kubernetes.io/component: ingestion
app.kubernetes.io/part-of: tapeline
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "daily-jobs.labels" -}}
{{ include "daily-jobs.selectorLabels" . }}
{{ include "daily-jobs.commonLabels" . }}
{{- end }}

{{/* A digest says exactly what runs, so it wins over a tag. */}}
{{- define "daily-jobs.image" -}}
{{- if .Values.imageDigest -}}
{{ .Values.imageRepository }}@{{ .Values.imageDigest }}
{{- else -}}
{{ .Values.imageRepository }}:{{ .Values.imageTag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "daily-jobs.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "daily-jobs.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Settings by their names in the environment, sorted; a secret is only ever the path of a mounted file. */}}
{{- define "daily-jobs.env" -}}
{{- $own := dict "LOG_LEVEL" .Values.logLevel "HTTP_HOST" "0.0.0.0" "HTTP_PORT" "8080" "KAFKA_BROKERS" .Values.kafkaBrokers "CASSANDRA_CONTACT_POINTS" .Values.cassandraContactPoints -}}
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
{{- if not .Values.apiKeySecret }}{{ fail "set apiKeySecret to a Secret with the vendor's key (key apiKey)" }}{{ end -}}
{{- $_ := set $own "TWELVE_DATA_API_KEY_FILE" "/etc/tapeline/api-key/apiKey" }}
{{- if .Values.symbolsConfigMap }}{{- $_ := set $own "SYMBOLS_FILE" "/etc/tapeline/symbols/symbols" }}{{ end -}}
{{- range $name, $value := .Values.settings }}
{{- if hasKey $own $name }}{{ fail (printf "settings.%s: this chart sets it from a value of its own; use that value" $name) }}{{ end }}
{{- $_ := set $own $name $value }}
{{- end }}
{{- range $name, $value := $own }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- if .Values.cassandraUserSecret }}
- name: CASSANDRA_USERNAME
  valueFrom:
    secretKeyRef:
      name: {{ .Values.cassandraUserSecret }}
      key: username
{{- end }}
{{- end }}

{{/* Files of the container: its Secrets, and a small /tmp, for its root is read-only. */}}
{{- define "daily-jobs.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
- name: api-key
  mountPath: /etc/tapeline/api-key
  readOnly: true
{{- if .Values.symbolsConfigMap }}
- name: symbols
  mountPath: /etc/tapeline/symbols
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

{{- define "daily-jobs.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 16Mi
- name: api-key
  secret:
    secretName: {{ .Values.apiKeySecret }}
    defaultMode: 0440
    items:
      - key: apiKey
        path: apiKey
{{- if .Values.symbolsConfigMap }}
- name: symbols
  configMap:
    name: {{ .Values.symbolsConfigMap }}
    items:
      - key: symbols
        path: symbols
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
{{- define "daily-jobs.kafkaPorts" -}}
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
{{- define "daily-jobs.cassandraPorts" -}}
{{- $ports := list }}
{{- range splitList "," .Values.cassandraContactPoints }}
{{- $ports = append $ports (contains ":" . | ternary (splitList ":" . | last) "9042" | trim) }}
{{- end }}
{{- range $ports | uniq | sortAlpha }}
- port: {{ . }}
  protocol: TCP
{{- end }}
{{- end }}

{{/* A CronJob; job: its name, schedule and command. A run that was killed is gone on with, so a pod that fails is started again. */}}
{{- define "daily-jobs.cronJob" -}}
{{- $root := .root -}}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ $root.Release.Name }}-{{ .name }}
  labels:
    {{- include "daily-jobs.labels" $root | nindent 4 }}
spec:
  schedule: {{ .schedule | quote }}
  timeZone: Etc/UTC
  # Its queue has one worker.
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 3600
  successfulJobsHistoryLimit: 1
  failedJobsHistoryLimit: 2
  jobTemplate:
    metadata:
      labels:
        {{- include "daily-jobs.labels" $root | nindent 8 }}
    spec:
      backoffLimit: {{ $root.Values.retries }}
      activeDeadlineSeconds: {{ $root.Values.deadlineSeconds }}
      template:
        metadata:
          labels:
            {{- include "daily-jobs.labels" $root | nindent 12 }}
        spec:
          restartPolicy: OnFailure
          serviceAccountName: {{ $root.Release.Name }}
          automountServiceAccountToken: false
          enableServiceLinks: false
          terminationGracePeriodSeconds: {{ $root.Values.terminationGracePeriodSeconds }}
          securityContext:
            {{- include "daily-jobs.podSecurityContext" $root | nindent 12 }}
          containers:
            - name: {{ .name }}
              image: {{ include "daily-jobs.image" $root }}
              imagePullPolicy: {{ $root.Values.imagePullPolicy }}
              securityContext:
                {{- include "daily-jobs.containerSecurityContext" $root | nindent 16 }}
              command:
                {{- toYaml .command | nindent 16 }}
              env:
                {{- include "daily-jobs.env" $root | trim | nindent 16 }}
              ports:
                - name: http
                  containerPort: 8080
                  protocol: TCP
              startupProbe:
                httpGet:
                  path: /livez
                  port: http
                periodSeconds: 2
                failureThreshold: 60
              livenessProbe:
                httpGet:
                  path: /livez
                  port: http
                periodSeconds: 10
                timeoutSeconds: 5
                failureThreshold: 3
              readinessProbe:
                httpGet:
                  path: /readyz
                  port: http
                periodSeconds: 5
                timeoutSeconds: 5
                failureThreshold: 2
              resources:
                {{- toYaml $root.Values.resources | nindent 16 }}
              volumeMounts:
                {{- include "daily-jobs.volumeMounts" $root | nindent 16 }}
          volumes:
            {{- include "daily-jobs.volumes" $root | nindent 12 }}
{{- end }}
