{{/* What more than one template of this chart needs: labels, image, the parts of a pod. */}}

{{- define "migrations.selectorLabels" -}}
app.kubernetes.io/name: migrations
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "migrations.commonLabels" -}}
app.kubernetes.io/version: {{ .Values.imageTag | default .Chart.AppVersion | quote }}
app.kubernetes.io/component: database
app.kubernetes.io/part-of: tapeline
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "migrations.labels" -}}
{{ include "migrations.selectorLabels" . }}
{{ include "migrations.commonLabels" . }}
{{- end }}

{{/* A digest says exactly what runs, so it wins over a tag. */}}
{{- define "migrations.image" -}}
{{- if .Values.imageDigest -}}
{{ .Values.imageRepository }}@{{ .Values.imageDigest }}
{{- else -}}
{{ .Values.imageRepository }}:{{ .Values.imageTag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "migrations.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "migrations.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Settings by their names in the environment, sorted; a secret is only ever the path of a mounted file. */}}
{{- define "migrations.env" -}}
{{- $own := dict "LOG_LEVEL" .Values.logLevel "CASSANDRA_CONTACT_POINTS" .Values.cassandraContactPoints -}}
{{- if .Values.cassandraTls }}{{- $_ := set $own "CASSANDRA_TLS" "true" }}{{ end -}}
{{- if .Values.cassandraCaSecret }}{{- $_ := set $own "CASSANDRA_CA_FILE" "/etc/tapeline/cassandra-ca/ca.crt" }}{{ end -}}
{{- if .Values.cassandraUserSecret }}{{- $_ := set $own "CASSANDRA_PASSWORD_FILE" "/etc/tapeline/cassandra-user/password" }}{{ end -}}
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
{{- define "migrations.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
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

{{- define "migrations.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 16Mi
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

{{/* The ports in .Values.cassandraContactPoints, for the policy of that flow. */}}
{{- define "migrations.cassandraPorts" -}}
{{- $ports := list }}
{{- range splitList "," .Values.cassandraContactPoints }}
{{- $ports = append $ports (contains ":" . | ternary (splitList ":" . | last) "9042" | trim) }}
{{- end }}
{{- range $ports | uniq | sortAlpha }}
- port: {{ . }}
  protocol: TCP
{{- end }}
{{- end }}

{{/* The pod; a hash of it is part of the Job's name, because a Job cannot be changed once it is there. */}}
{{- define "migrations.podTemplate" -}}
metadata:
  labels:
    {{- include "migrations.labels" . | nindent 4 }}
  {{- with .Values.run }}
  annotations:
    tapeline/run: {{ . | quote }}
  {{- end }}
spec:
  restartPolicy: OnFailure
  serviceAccountName: {{ .Release.Name }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  securityContext:
    {{- include "migrations.podSecurityContext" . | nindent 4 }}
  containers:
    - name: migrations
      image: {{ include "migrations.image" . }}
      imagePullPolicy: {{ .Values.imagePullPolicy }}
      securityContext:
        {{- include "migrations.containerSecurityContext" . | nindent 8 }}
      args: [migrate{{ if .Values.spareGeneration }}, --spare{{ end }}]
      env:
        {{- include "migrations.env" . | trim | nindent 8 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        {{- include "migrations.volumeMounts" . | nindent 8 }}
  volumes:
    {{- include "migrations.volumes" . | nindent 4 }}
{{- end }}
