{{/* What more than one template of this chart needs: labels, image, the parts of a pod. */}}

{{- define "ingester.selectorLabels" -}}
app.kubernetes.io/name: ingester
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ingester.commonLabels" -}}
app.kubernetes.io/version: {{ .Values.imageTag | default .Chart.AppVersion | quote }}
app.kubernetes.io/component: ingestion
app.kubernetes.io/part-of: tapeline
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "ingester.labels" -}}
{{ include "ingester.selectorLabels" . }}
{{ include "ingester.commonLabels" . }}
{{- end }}

{{/* Pods of the helm test have a name of their own: no Service, budget or policy of the workload selects them. */}}
{{- define "ingester.testSelectorLabels" -}}
app.kubernetes.io/name: ingester-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* A digest says exactly what runs, so it wins over a tag. */}}
{{- define "ingester.image" -}}
{{- if .Values.imageDigest -}}
{{ .Values.imageRepository }}@{{ .Values.imageDigest }}
{{- else -}}
{{ .Values.imageRepository }}:{{ .Values.imageTag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "ingester.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "ingester.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "ingester.spread" -}}
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- topologyKey: {{ $key }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "ingester.selectorLabels" $ | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}

{{/* Settings by their names in the environment, sorted; a secret is only ever the path of a mounted file. */}}
{{- define "ingester.env" -}}
{{- $own := dict "LOG_LEVEL" .Values.logLevel "HTTP_HOST" "0.0.0.0" "HTTP_PORT" "8080" "KAFKA_BROKERS" .Values.kafkaBrokers -}}
{{- if .Values.kafkaTls }}{{- $_ := set $own "KAFKA_TLS" "true" }}{{ end -}}
{{- if .Values.kafkaCaSecret }}{{- $_ := set $own "KAFKA_CA_FILE" "/etc/tapeline/kafka-ca/ca.crt" }}{{ end -}}
{{- if .Values.kafkaUserSecret }}
{{- $_ := set $own "KAFKA_SASL_MECHANISM" .Values.kafkaSaslMechanism }}
{{- $_ := set $own "KAFKA_USERNAME" .Values.kafkaUser }}
{{- $_ := set $own "KAFKA_PASSWORD_FILE" "/etc/tapeline/kafka-user/password" }}
{{- end }}
{{- $_ := set $own "INGESTER_LEASE" .Release.Name }}
{{- if .Values.feedUrl }}{{- $_ := set $own "TWELVE_DATA_URL" .Values.feedUrl }}{{ end -}}
{{- if .Values.apiKeySecret }}{{- $_ := set $own "TWELVE_DATA_API_KEY_FILE" "/etc/tapeline/api-key/apiKey" }}{{ end -}}
{{- if .Values.finnhubKeySecret }}{{- $_ := set $own "FINNHUB_API_KEY_FILE" "/etc/tapeline/finnhub-key/apiKey" }}{{ end -}}
{{- if .Values.symbolsConfigMap }}{{- $_ := set $own "SYMBOLS_FILE" "/etc/tapeline/symbols/symbols" }}{{ end -}}
{{- if .Values.finnhubSymbolsConfigMap }}{{- $_ := set $own "FINNHUB_SYMBOLS_FILE" "/etc/tapeline/finnhub-symbols/symbols" }}{{ end -}}
{{- if .Values.yahooSymbolsConfigMap }}{{- $_ := set $own "YAHOO_SYMBOLS_FILE" "/etc/tapeline/yahoo-symbols/symbols" }}{{ end -}}
{{- $feeds := .Values.settings.FEEDS | default "twelve-data" -}}
{{- if and (contains "twelve-data" $feeds) (not (or .Values.apiKeySecret .Values.feedUrl)) }}{{ fail "set apiKeySecret to a Secret with the vendor's key (key apiKey), or feedUrl to a simulator" }}{{ end -}}
{{- if .Values.traceEndpoint }}{{- $_ := set $own "OTEL_EXPORTER_OTLP_ENDPOINT" .Values.traceEndpoint }}{{ end -}}
{{- if .Values.traceHeadersSecret }}{{- $_ := set $own "OTEL_EXPORTER_OTLP_HEADERS_FILE" "/etc/tapeline/trace-headers/headers" }}{{ end -}}
{{- range $name, $value := .Values.settings }}
{{- if hasKey $own $name }}{{ fail (printf "settings.%s: this chart sets it from a value of its own; use that value" $name) }}{{ end }}
{{- $_ := set $own $name $value }}
{{- end }}
{{- range $name, $value := $own }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
{{- end }}

{{/* Files of the container: its Secrets, its symbols, and a small /tmp, for its root is read-only. */}}
{{- define "ingester.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .Values.apiKeySecret }}
- name: api-key
  mountPath: /etc/tapeline/api-key
  readOnly: true
{{- end }}
{{- if .Values.finnhubKeySecret }}
- name: finnhub-key
  mountPath: /etc/tapeline/finnhub-key
  readOnly: true
{{- end }}
{{- if .Values.symbolsConfigMap }}
- name: symbols
  mountPath: /etc/tapeline/symbols
  readOnly: true
{{- end }}
{{- if .Values.finnhubSymbolsConfigMap }}
- name: finnhub-symbols
  mountPath: /etc/tapeline/finnhub-symbols
  readOnly: true
{{- end }}
{{- if .Values.yahooSymbolsConfigMap }}
- name: yahoo-symbols
  mountPath: /etc/tapeline/yahoo-symbols
  readOnly: true
{{- end }}
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
{{- end }}

{{- define "ingester.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 16Mi
{{- if .Values.apiKeySecret }}
- name: api-key
  secret:
    secretName: {{ .Values.apiKeySecret }}
    defaultMode: 0440
    items:
      - key: apiKey
        path: apiKey
{{- end }}
{{- if .Values.finnhubKeySecret }}
- name: finnhub-key
  secret:
    secretName: {{ .Values.finnhubKeySecret }}
    defaultMode: 0440
    items:
      - key: apiKey
        path: apiKey
{{- end }}
{{- if .Values.symbolsConfigMap }}
- name: symbols
  configMap:
    name: {{ .Values.symbolsConfigMap }}
    items:
      - key: symbols
        path: symbols
{{- end }}
{{- if .Values.finnhubSymbolsConfigMap }}
- name: finnhub-symbols
  configMap:
    name: {{ .Values.finnhubSymbolsConfigMap }}
    items:
      - key: symbols
        path: symbols
{{- end }}
{{- if .Values.yahooSymbolsConfigMap }}
- name: yahoo-symbols
  configMap:
    name: {{ .Values.yahooSymbolsConfigMap }}
    items:
      - key: symbols
        path: symbols
{{- end }}
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
{{- end }}

{{/* The ports in .Values.kafkaBrokers, for the policy of that flow. */}}
{{- define "ingester.kafkaPorts" -}}
{{- $ports := list }}
{{- range splitList "," .Values.kafkaBrokers }}
{{- $ports = append $ports (splitList ":" . | last | trim) }}
{{- end }}
{{- range $ports | uniq | sortAlpha }}
- port: {{ . }}
  protocol: TCP
{{- end }}
{{- end }}

{{/* Whether feedUrl names a simulator in the cluster: a host without dots, in this namespace, or below svc. */}}
{{- define "ingester.feedIsInside" -}}
{{- $host := (urlParse .Values.feedUrl).host | splitList ":" | first -}}
{{- $labels := splitList "." $host -}}
{{- if and $host (or (eq (len $labels) 1) (eq (index $labels 1) .Release.Namespace) (has "svc" $labels)) }}true{{ end -}}
{{- end }}

{{- define "ingester.feedPort" -}}
{{- $url := urlParse .Values.feedUrl -}}
{{- $parts := splitList ":" $url.host -}}
{{- if gt (len $parts) 1 }}{{ last $parts }}{{ else if eq $url.scheme "ws" }}80{{ else }}443{{ end -}}
{{- end }}

{{/* The port in .Values.traceEndpoint, for the policy of that flow. */}}
{{- define "ingester.tracePort" -}}
{{- $port := regexFind ":[0-9]+" (urlParse .Values.traceEndpoint).host | trimPrefix ":" -}}
{{- $port | default (hasPrefix "https:" .Values.traceEndpoint | ternary "443" "80") -}}
{{- end }}
