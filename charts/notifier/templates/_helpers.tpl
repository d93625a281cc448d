{{/* What more than one template of this chart needs: labels, image, the parts of a pod. */}}

{{- define "notifier.selectorLabels" -}}
app.kubernetes.io/name: notifier
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "notifier.commonLabels" -}}
app.kubernetes.io/version: {{ .Values.imageTag | default .Chart.AppVersion | quote }}
app.kubernetes.io/component: stream-processing
app.kubernetes.io/part-of: tapeline
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "notifier.labels" -}}
{{ include "notifier.selectorLabels" . }}
{{ include "notifier.commonLabels" . }}
{{- end }}

{{/* Pods of the helm test have a name of their own: no Service, budget or policy of the workload selects them. */}}
{{- define "notifier.testSelectorLabels" -}}
app.kubernetes.io/name: notifier-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* A digest says exactly what runs, so it wins over a tag. */}}
{{- define "notifier.image" -}}
{{- if .Values.imageDigest -}}
{{ .Values.imageRepository }}@{{ .Values.imageDigest }}
{{- else -}}
{{ .Values.imageRepository }}:{{ .Values.imageTag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "notifier.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "notifier.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "notifier.spread" -}}
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- topologyKey: {{ $key }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "notifier.selectorLabels" $ | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}

{{/* Settings by their names in the environment, sorted; a secret is only ever the path of a mounted file. */}}
{{- define "notifier.env" -}}
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
{{- if not (or .Values.mailTo .Values.webhookSecret .Values.alertRules) }}{{ fail "set mailTo, webhookSecret or alertRules: there is nothing to do without" }}{{ end -}}
{{- if .Values.mailTo }}
{{- if not (and .Values.smtpHost .Values.mailFrom) }}{{ fail "mailTo needs smtpHost and mailFrom" }}{{ end }}
{{- $_ := set $own "ALERT_MAIL_TO" .Values.mailTo }}
{{- $_ := set $own "ALERT_MAIL_FROM" .Values.mailFrom }}
{{- $_ := set $own "SMTP_HOST" .Values.smtpHost }}
{{- $_ := set $own "SMTP_PORT" (toString .Values.smtpPort) }}
{{- $_ := set $own "SMTP_SECURITY" .Values.smtpSecurity }}
{{- if .Values.smtpUserSecret }}{{- $_ := set $own "SMTP_PASSWORD_FILE" "/etc/tapeline/smtp-user/password" }}{{ end -}}
{{- if .Values.smtpCaSecret }}{{- $_ := set $own "SMTP_CA_FILE" "/etc/tapeline/smtp-ca/ca.crt" }}{{ end -}}
{{- end }}
{{- if .Values.webhookSecret }}
{{- $_ := set $own "ALERT_WEBHOOK_URL_FILE" "/etc/tapeline/webhook/url" }}
{{- $_ := set $own "ALERT_WEBHOOK_FORMAT" .Values.webhookFormat }}
{{- if .Values.webhookSigningKey }}{{- $_ := set $own "ALERT_WEBHOOK_SECRET_FILE" "/etc/tapeline/webhook/signing-key" }}{{ end -}}
{{- end }}
{{- if .Values.boardUrl }}{{- $_ := set $own "ALERT_BOARD_URL" .Values.boardUrl }}{{ end -}}
{{- if .Values.grafanaUrl }}{{- $_ := set $own "ALERT_GRAFANA_URL" .Values.grafanaUrl }}{{ end -}}
{{- if .Values.alertRules }}{{- $_ := set $own "ALERT_RULES_FILE" "/etc/tapeline/alert-rules/rules.yaml" }}{{ end -}}
{{- range $name, $value := .Values.settings }}
{{- if hasKey $own $name }}{{ fail (printf "settings.%s: this chart sets it from a value of its own; use that value" $name) }}{{ end }}
{{- $_ := set $own $name $value }}
{{- end }}
{{- range $name, $value := $own }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- if and .Values.mailTo .Values.smtpUserSecret }}
- name: SMTP_USERNAME
  valueFrom:
    secretKeyRef:
      name: {{ .Values.smtpUserSecret }}
      key: username
{{- end }}
{{- if .Values.cassandraUserSecret }}
- name: CASSANDRA_USERNAME
  valueFrom:
    secretKeyRef:
      name: {{ .Values.cassandraUserSecret }}
      key: username
{{- end }}
{{- end }}

{{/* Files of the container: its Secrets, the alert rules, and a small /tmp, for its root is read-only. */}}
{{- define "notifier.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if and .Values.mailTo .Values.smtpUserSecret }}
- name: smtp-user
  mountPath: /etc/tapeline/smtp-user
  readOnly: true
{{- end }}
{{- if and .Values.mailTo .Values.smtpCaSecret }}
- name: smtp-ca
  mountPath: /etc/tapeline/smtp-ca
  readOnly: true
{{- end }}
{{- if .Values.webhookSecret }}
- name: webhook
  mountPath: /etc/tapeline/webhook
  readOnly: true
{{- end }}
{{- if .Values.alertRules }}
- name: alert-rules
  mountPath: /etc/tapeline/alert-rules
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

{{- define "notifier.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 16Mi
{{- if and .Values.mailTo .Values.smtpUserSecret }}
- name: smtp-user
  secret:
    secretName: {{ .Values.smtpUserSecret }}
    defaultMode: 0440
    items:
      - key: password
        path: password
{{- end }}
{{- if and .Values.mailTo .Values.smtpCaSecret }}
- name: smtp-ca
  secret:
    secretName: {{ .Values.smtpCaSecret }}
    defaultMode: 0440
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- if .Values.webhookSecret }}
- name: webhook
  secret:
    secretName: {{ .Values.webhookSecret }}
    defaultMode: 0440
    items:
      - key: url
        path: url
      {{- if .Values.webhookSigningKey }}
      - key: {{ .Values.webhookSigningKey }}
        path: signing-key
      {{- end }}
{{- end }}
{{- if .Values.alertRules }}
- name: alert-rules
  configMap:
    name: {{ .Release.Name }}-rules
    items:
      - key: rules.yaml
        path: rules.yaml
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
{{- define "notifier.kafkaPorts" -}}
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
{{- define "notifier.cassandraPorts" -}}
{{- $ports := list }}
{{- range splitList "," .Values.cassandraContactPoints }}
{{- $ports = append $ports (contains ":" . | ternary (splitList ":" . | last) "9042" | trim) }}
{{- end }}
{{- range $ports | uniq | sortAlpha }}
- port: {{ . }}
  protocol: TCP
{{- end }}
{{- end }}
