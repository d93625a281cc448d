{{/* What more than one template of this chart needs: labels, image, the parts of a pod. */}}

{{- define "live-board.selectorLabels" -}}
app.kubernetes.io/name: live-board
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "live-board.commonLabels" -}}
app.kubernetes.io/version: {{ .Values.imageTag | default .Chart.AppVersion | quote }}
app.kubernetes.io/component: visualization
app.kubernetes.io/part-of: tapeline
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "live-board.labels" -}}
{{ include "live-board.selectorLabels" . }}
{{ include "live-board.commonLabels" . }}
{{- end }}

{{/* Pods of the helm test have a name of their own: no Service, budget or policy of the workload selects them. */}}
{{- define "live-board.testSelectorLabels" -}}
app.kubernetes.io/name: live-board-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* A digest says exactly what runs, so it wins over a tag. */}}
{{- define "live-board.image" -}}
{{- if .Values.imageDigest -}}
{{ .Values.imageRepository }}@{{ .Values.imageDigest }}
{{- else -}}
{{ .Values.imageRepository }}:{{ .Values.imageTag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "live-board.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "live-board.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "live-board.spread" -}}
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- topologyKey: {{ $key }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "live-board.selectorLabels" $ | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}

{{/* Settings by their names in the environment, sorted; a secret is only ever the path of a mounted file. */}}
{{- define "live-board.env" -}}
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
{{- if .Values.tokenSecret }}{{- $_ := set $own "HTTP_TOKEN_FILE" "/etc/tapeline/board-token/token" }}{{ end -}}
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
{{- if .Values.cassandraUserSecret }}
- name: CASSANDRA_USERNAME
  valueFrom:
    secretKeyRef:
      name: {{ .Values.cassandraUserSecret }}
      key: username
{{- end }}
{{- end }}

{{/* Files of the container: its Secrets, and a small /tmp, for its root is read-only. */}}
{{- define "live-board.volumeMounts" -}}
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
{{- if .Values.tokenSecret }}
- name: board-token
  mountPath: /etc/tapeline/board-token
  readOnly: true
{{- end }}
{{- end }}

{{- define "live-board.volumes" -}}
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
{{- if .Values.tokenSecret }}
- name: board-token
  secret:
    secretName: {{ .Values.tokenSecret }}
    defaultMode: 0440
    items:
      - key: token
        path: token
{{- end }}
{{- end }}

{{/* The ports in .Values.kafkaBrokers, for the policy of that flow. */}}
{{- define "live-board.kafkaPorts" -}}
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
{{- define "live-board.cassandraPorts" -}}
{{- $ports := list }}
{{- range splitList "," .Values.cassandraContactPoints }}
{{- $ports = append $ports (contains ":" . | ternary (splitList ":" . | last) "9042" | trim) }}
{{- end }}
{{- range $ports | uniq | sortAlpha }}
- port: {{ . }}
  protocol: TCP
{{- end }}
{{- end }}

{{/* The port that people come in by: the login's where there is one, else the board's own. */}}
{{- define "live-board.frontPort" -}}
{{- if eq .Values.loginProxy "oauth2-proxy" }}login{{ else }}http{{ end -}}
{{- end }}

{{/* What the values ask for together must make sense: no way in from outside without a login, unless that is said. */}}
{{- define "live-board.validate" -}}
{{- if ne .Values.ingressKind "none" }}
{{- if not .Values.ingressHost }}{{ fail "ingressKind needs ingressHost, the name that people type" }}{{ end }}
{{- if and (eq .Values.loginProxy "none") (not .Values.tokenSecret) (not .Values.ingressWithoutLogin) }}
{{- fail "an ingress without a login shows the board to everyone: set loginProxy or tokenSecret, or ingressWithoutLogin to true" }}
{{- end }}
{{- if and (eq .Values.ingressKind "ingress") (not .Values.ingressTlsSecret) }}{{ fail "ingressKind ingress needs ingressTlsSecret, a Secret with tls.crt and tls.key" }}{{ end }}
{{- if and (eq .Values.ingressKind "gateway") (not .Values.gatewayName) }}{{ fail "ingressKind gateway needs gatewayName, the Gateway to attach to" }}{{ end }}
{{- end }}
{{- if and (eq .Values.loginProxy "oauth2-proxy") .Values.tokenSecret }}{{ fail "one login is enough: set loginProxy or tokenSecret, not both" }}{{ end }}
{{- if and (eq .Values.loginProxy "oauth2-proxy") (not .Values.loginProxySecret) }}{{ fail "loginProxy oauth2-proxy needs loginProxySecret, a Secret with its configuration (key oauth2-proxy.cfg)" }}{{ end }}
{{- end }}

{{/* The port in .Values.traceEndpoint, for the policy of that flow. */}}
{{- define "live-board.tracePort" -}}
{{- $port := regexFind ":[0-9]+" (urlParse .Values.traceEndpoint).host | trimPrefix ":" -}}
{{- $port | default (hasPrefix "https:" .Values.traceEndpoint | ternary "443" "80") -}}
{{- end }}
