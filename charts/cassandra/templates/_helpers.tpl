{{- /* Labels that a selector may use: they never change. */ -}}
{{- define "cassandra.selectorLabels" -}}
app.kubernetes.io/name: cassandra
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* The pod of the helm test has a name of its own: no Service and no policy of Cassandra selects it. */ -}}
{{- define "cassandra.testSelectorLabels" -}}
app.kubernetes.io/name: cassandra-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "cassandra.commonLabels" -}}
app.kubernetes.io/version: {{ .Values.cassandraVersion | quote }}
app.kubernetes.io/component: store
app.kubernetes.io/part-of: tapeline
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "cassandra.labels" -}}
{{ include "cassandra.selectorLabels" . }}
{{ include "cassandra.commonLabels" . }}
{{- end }}

{{- /* The node's pods: our own, or those that the operator makes and labels. */ -}}
{{- define "cassandra.podLabels" -}}
{{- if eq .Values.profile "tiny" -}}
{{ include "cassandra.selectorLabels" . }}
{{- else -}}
cassandra.datastax.com/cluster: {{ .Release.Name }}
{{- end }}
{{- end }}

{{- define "cassandra.image" -}}
{{ .Values.imageRepository }}{{ if .Values.imageDigest }}@{{ .Values.imageDigest }}{{ else }}:{{ .Values.imageTag }}{{ end }}
{{- end }}

{{- define "cassandra.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* Settings that both profiles share; the processes count on them. */ -}}
{{- define "cassandra.settings" -}}
# Several hundred rows of one partition in a batch are meant; a batch over many partitions stays well below.
batch_size_warn_threshold: 64KiB
batch_size_fail_threshold: 640KiB
commitlog_sync: periodic
commitlog_sync_period: 1000ms
# Cassandra 5's own formats, off by default for the sake of upgrades from 4.
storage_compatibility_mode: NONE
sstable: {selected_format: bti}
memtable: {configurations: {default: {class_name: TrieMemtable}}}
memtable_allocation_type: offheap_objects
{{- end }}

{{- /* Not empty where clients' connections are encrypted. */ -}}
{{- define "cassandra.hasTls" -}}
{{- if or .Values.ownAuthority .Values.certificateIssuer }}true{{ end -}}
{{- end }}

{{- /* Not empty where clients get a copy of the authority's certificate. */ -}}
{{- define "cassandra.sharesAuthority" -}}
{{- if and (eq .Values.profile "operator") .Values.ownAuthority }}true{{ end -}}
{{- end }}

{{- /* The Job that makes the roles has a name of its own: no Service and no policy of Cassandra selects it. */ -}}
{{- define "cassandra.rolesSelectorLabels" -}}
app.kubernetes.io/name: cassandra-roles
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "cassandra.rolesImage" -}}
{{ .Values.rolesImageRepository }}{{ if .Values.rolesImageDigest }}@{{ .Values.rolesImageDigest }}{{ else }}:{{ .Values.rolesImageTag | default .Chart.Version }}{{ end }}
{{- end }}

{{- /* The pod of that Job; a hash of it is part of the Job's name, because a Job cannot be changed once it is there. */ -}}
{{- define "cassandra.rolesPod" -}}
metadata:
  labels:
    {{- include "cassandra.rolesSelectorLabels" . | nindent 4 }}
    {{- include "cassandra.commonLabels" . | nindent 4 }}
  {{- with .Values.rolesRun }}
  annotations:
    tapeline/run: {{ . | quote }}
  {{- end }}
spec:
  restartPolicy: OnFailure
  serviceAccountName: {{ .Release.Name }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: 30
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: roles
      image: {{ include "cassandra.rolesImage" . }}
      imagePullPolicy: {{ .Values.imagePullPolicy }}
      securityContext:
        {{- include "cassandra.containerSecurityContext" . | nindent 8 }}
      args:
        - roles
        {{- range .Values.logins }}
        - --{{ .role }}=/etc/tapeline/logins/{{ .secret }}
        {{- end }}
      env:
        - {name: CASSANDRA_CONTACT_POINTS, value: {{ printf "%s-datacenter1-service.%s:9042" .Release.Name .Release.Namespace | quote }}}
        - {name: CASSANDRA_LOCAL_DATACENTER, value: datacenter1}
        - {name: CASSANDRA_KEYSPACE, value: {{ .Values.keyspace }}}
        - name: CASSANDRA_USERNAME
          valueFrom:
            secretKeyRef: {name: {{ .Values.superuserSecret }}, key: username}
        - {name: CASSANDRA_PASSWORD_FILE, value: /etc/tapeline/superuser/password}
        {{- if include "cassandra.hasTls" . }}
        - {name: CASSANDRA_TLS, value: "true"}
        - {name: CASSANDRA_CA_FILE, value: /etc/tapeline/cassandra-ca/ca.crt}
        {{- end }}
      resources:
        {{- toYaml .Values.rolesResources | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        - {name: superuser, mountPath: /etc/tapeline/superuser, readOnly: true}
        {{- range .Values.logins }}
        - {name: {{ .secret }}, mountPath: /etc/tapeline/logins/{{ .secret }}, readOnly: true}
        {{- end }}
        {{- if include "cassandra.hasTls" . }}
        - {name: cassandra-ca, mountPath: /etc/tapeline/cassandra-ca, readOnly: true}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: {sizeLimit: 16Mi}
    - name: superuser
      secret:
        secretName: {{ .Values.superuserSecret }}
        defaultMode: 0440
        items:
          - {key: password, path: password}
    {{- range .Values.logins }}
    # The operator makes the login; its password is no affair of the Job.
    - name: {{ .secret }}
      secret:
        secretName: {{ .secret }}
        defaultMode: 0440
        items:
          - {key: username, path: username}
    {{- end }}
    {{- if include "cassandra.hasTls" . }}
    - name: cassandra-ca
      secret:
        secretName: {{ .Release.Name }}-tls
        defaultMode: 0440
        items:
          - {key: ca.crt, path: ca.crt}
    {{- end }}
{{- end }}
