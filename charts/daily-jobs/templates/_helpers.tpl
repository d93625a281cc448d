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

{{/* Pods of the jobs that ask the vendor, and of the one that exports: each has flows of its own. */}}
{{- define "daily-jobs.ingestionLabels" -}}
{{ include "daily-jobs.selectorLabels" . }}
app.kubernetes.io/component: ingestion
{{- end }}

{{- define "daily-jobs.exportLabels" -}}
{{ include "daily-jobs.selectorLabels" . }}
app.kubernetes.io/component: visualization
{{- end }}

{{/* A digest says exactly what runs, so it wins over a tag. */}}
{{- define "daily-jobs.image" -}}
{{- if .Values.imageDigest -}}
{{ .Values.imageRepository }}@{{ .Values.imageDigest }}
{{- else -}}
{{ .Values.imageRepository }}:{{ .Values.imageTag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "daily-jobs.exportImage" -}}
{{- if .Values.exportImageDigest -}}
{{ .Values.exportImageRepository }}@{{ .Values.exportImageDigest }}
{{- else -}}
{{ .Values.exportImageRepository }}:{{ .Values.imageTag | default .Chart.AppVersion }}
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

{{/* Settings by their names in the environment, sorted; a secret is only ever the path of a mounted file. export: of the job that exports. */}}
{{- define "daily-jobs.env" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $own := dict "LOG_LEVEL" $values.logLevel "HTTP_HOST" "0.0.0.0" "HTTP_PORT" "8080" "CASSANDRA_CONTACT_POINTS" $values.cassandraContactPoints -}}
{{- if $values.cassandraTls }}{{- $_ := set $own "CASSANDRA_TLS" "true" }}{{ end -}}
{{- if $values.cassandraCaSecret }}{{- $_ := set $own "CASSANDRA_CA_FILE" "/etc/tapeline/cassandra-ca/ca.crt" }}{{ end -}}
{{- if $values.cassandraUserSecret }}{{- $_ := set $own "CASSANDRA_PASSWORD_FILE" "/etc/tapeline/cassandra-user/password" }}{{ end -}}
{{- if .export -}}
{{- $_ := merge $own (include "daily-jobs.exportEnv" $root | fromJson) -}}
{{- else -}}
{{- $_ := merge $own (include "daily-jobs.vendorEnv" $root | fromJson) -}}
{{- end -}}
{{- $ownElsewhere := merge (dict) (include "daily-jobs.exportEnv" $root | fromJson) (include "daily-jobs.vendorEnv" $root | fromJson) -}}
{{- range $name, $value := $values.settings }}
{{- if or (hasKey $own $name) (hasKey $ownElsewhere $name) (has $name (list "EXPORT_BUCKET" "EXPORT_PREFIX" "EXPORT_ENDPOINT" "EXPORT_REGION")) }}{{ fail (printf "settings.%s: this chart sets it from a value of its own; use that value" $name) }}{{ end }}
{{- $_ := set $own $name $value }}
{{- end }}
{{- range $name, $value := $own }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- if $values.cassandraUserSecret }}
- name: CASSANDRA_USERNAME
  valueFrom:
    secretKeyRef:
      name: {{ $values.cassandraUserSecret }}
      key: username
{{- end }}
{{- end }}

{{/* What the jobs have that ask the vendor, as JSON. */}}
{{- define "daily-jobs.vendorEnv" -}}
{{- $own := dict "KAFKA_BROKERS" .Values.kafkaBrokers -}}
{{- if .Values.kafkaTls }}{{- $_ := set $own "KAFKA_TLS" "true" }}{{ end -}}
{{- if .Values.kafkaCaSecret }}{{- $_ := set $own "KAFKA_CA_FILE" "/etc/tapeline/kafka-ca/ca.crt" }}{{ end -}}
{{- if .Values.kafkaUserSecret }}
{{- $_ := set $own "KAFKA_SASL_MECHANISM" .Values.kafkaSaslMechanism }}
{{- $_ := set $own "KAFKA_USERNAME" .Values.kafkaUser }}
{{- $_ := set $own "KAFKA_PASSWORD_FILE" "/etc/tapeline/kafka-user/password" }}
{{- end }}
{{- if not .Values.apiKeySecret }}{{ fail "set apiKeySecret to a Secret with the vendor's key (key apiKey)" }}{{ end -}}
{{- $_ := set $own "TWELVE_DATA_API_KEY_FILE" "/etc/tapeline/api-key/apiKey" }}
{{- if .Values.symbolsConfigMap }}{{- $_ := set $own "SYMBOLS_FILE" "/etc/tapeline/symbols/symbols" }}{{ end -}}
{{- $own | toJson -}}
{{- end }}

{{/* What the job has that exports, as JSON. */}}
{{- define "daily-jobs.exportEnv" -}}
{{- $own := dict -}}
{{- if .Values.exportBucket -}}
{{- if not .Values.exportKeySecret }}{{ fail "exportBucket needs exportKeySecret: a Secret with a key for the bucket (keys accessKeyId, secretAccessKey)" }}{{ end -}}
{{- $_ := set $own "EXPORT_BUCKET" .Values.exportBucket -}}
{{- $_ := set $own "EXPORT_REGION" .Values.exportRegion -}}
{{- if .Values.exportPrefix }}{{- $_ := set $own "EXPORT_PREFIX" .Values.exportPrefix }}{{ end -}}
{{- if .Values.exportEndpoint }}{{- $_ := set $own "EXPORT_ENDPOINT" .Values.exportEndpoint }}{{ end -}}
{{- $_ := set $own "EXPORT_ACCESS_KEY_FILE" "/etc/tapeline/export-key/accessKeyId" -}}
{{- $_ := set $own "EXPORT_SECRET_KEY_FILE" "/etc/tapeline/export-key/secretAccessKey" -}}
{{- end -}}
{{- $own | toJson -}}
{{- end }}

{{/* Files of the container: its Secrets, and a small /tmp, for its root is read-only. export: of the job that exports. */}}
{{- define "daily-jobs.volumeMounts" -}}
{{- $values := .root.Values -}}
- name: tmp
  mountPath: /tmp
{{- if .export }}
- name: export-key
  mountPath: /etc/tapeline/export-key
  readOnly: true
{{- else }}
- name: api-key
  mountPath: /etc/tapeline/api-key
  readOnly: true
{{- if $values.symbolsConfigMap }}
- name: symbols
  mountPath: /etc/tapeline/symbols
  readOnly: true
{{- end }}
{{- if $values.kafkaCaSecret }}
- name: kafka-ca
  mountPath: /etc/tapeline/kafka-ca
  readOnly: true
{{- end }}
{{- if $values.kafkaUserSecret }}
- name: kafka-user
  mountPath: /etc/tapeline/kafka-user
  readOnly: true
{{- end }}
{{- end }}
{{- if $values.cassandraCaSecret }}
- name: cassandra-ca
  mountPath: /etc/tapeline/cassandra-ca
  readOnly: true
{{- end }}
{{- if $values.cassandraUserSecret }}
- name: cassandra-user
  mountPath: /etc/tapeline/cassandra-user
  readOnly: true
{{- end }}
{{- end }}

{{- define "daily-jobs.volumes" -}}
{{- $values := .root.Values -}}
- name: tmp
  emptyDir:
    sizeLimit: {{ .export | ternary $values.exportTemporarySize "16Mi" }}
{{- if .export }}
- name: export-key
  secret:
    secretName: {{ $values.exportKeySecret }}
    defaultMode: 0440
    items:
      - key: accessKeyId
        path: accessKeyId
      - key: secretAccessKey
        path: secretAccessKey
{{- else }}
- name: api-key
  secret:
    secretName: {{ $values.apiKeySecret }}
    defaultMode: 0440
    items:
      - key: apiKey
        path: apiKey
{{- if $values.symbolsConfigMap }}
- name: symbols
  configMap:
    name: {{ $values.symbolsConfigMap }}
    items:
      - key: symbols
        path: symbols
{{- end }}
{{- if $values.kafkaCaSecret }}
- name: kafka-ca
  secret:
    secretName: {{ $values.kafkaCaSecret }}
    defaultMode: 0440
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- if $values.kafkaUserSecret }}
- name: kafka-user
  secret:
    secretName: {{ $values.kafkaUserSecret }}
    defaultMode: 0440
    items:
      - key: password
        path: password
{{- end }}
{{- end }}
{{- if $values.cassandraCaSecret }}
- name: cassandra-ca
  secret:
    secretName: {{ $values.cassandraCaSecret }}
    defaultMode: 0440
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- if $values.cassandraUserSecret }}
- name: cassandra-user
  secret:
    secretName: {{ $values.cassandraUserSecret }}
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

{{/* The port of the object store, for the policy of that flow. */}}
{{- define "daily-jobs.exportPort" -}}
{{- $url := urlParse (.Values.exportEndpoint | default "https://aws") -}}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" -}}
{{- $port | default (eq $url.scheme "http" | ternary "80" "443") -}}
{{- end }}

{{/* A CronJob; job: its name, schedule, command, and whether it exports. A run that was killed is gone on with, so a pod that fails is started again. */}}
{{- define "daily-jobs.cronJob" -}}
{{- $root := .root -}}
{{- $export := .export | default false -}}
{{- $files := dict "root" $root "export" $export -}}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ $root.Release.Name }}-{{ .name }}
  labels:
    {{- include "daily-jobs.labels" $root | nindent 4 }}
spec:
  schedule: {{ .schedule | quote }}
  timeZone: Etc/UTC
  # What it does has one worker.
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
            {{- include ($export | ternary "daily-jobs.exportLabels" "daily-jobs.ingestionLabels") $root | nindent 12 }}
            app.kubernetes.io/version: {{ $root.Values.imageTag | default $root.Chart.AppVersion | quote }}
            app.kubernetes.io/part-of: tapeline
            app.kubernetes.io/managed-by: {{ $root.Release.Service }}
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
              image: {{ include ($export | ternary "daily-jobs.exportImage" "daily-jobs.image") $root }}
              imagePullPolicy: {{ $root.Values.imagePullPolicy }}
              securityContext:
                {{- include "daily-jobs.containerSecurityContext" $root | nindent 16 }}
              command:
                {{- toYaml .command | nindent 16 }}
              env:
                {{- include "daily-jobs.env" $files | trim | nindent 16 }}
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
                {{- toYaml ($export | ternary $root.Values.exportResources $root.Values.resources) | nindent 16 }}
              volumeMounts:
                {{- include "daily-jobs.volumeMounts" $files | trim | nindent 16 }}
          volumes:
            {{- include "daily-jobs.volumes" $files | trim | nindent 12 }}
{{- end }}
