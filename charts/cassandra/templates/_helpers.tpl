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
