{{/* What more than one template of this chart needs: labels, image, the parts of a pod. */}}

{{- define "simulator.selectorLabels" -}}
app.kubernetes.io/name: simulator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "simulator.commonLabels" -}}
app.kubernetes.io/version: {{ .Values.imageTag | default .Chart.AppVersion | quote }}
app.kubernetes.io/component: simulation
app.kubernetes.io/part-of: tapeline
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "simulator.labels" -}}
{{ include "simulator.selectorLabels" . }}
{{ include "simulator.commonLabels" . }}
{{- end }}

{{/* Pods of the helm test have a name of their own: no Service, budget or policy of the workload selects them. */}}
{{- define "simulator.testSelectorLabels" -}}
app.kubernetes.io/name: simulator-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* A digest says exactly what runs, so it wins over a tag. */}}
{{- define "simulator.image" -}}
{{- if .Values.imageDigest -}}
{{ .Values.imageRepository }}@{{ .Values.imageDigest }}
{{- else -}}
{{ .Values.imageRepository }}:{{ .Values.imageTag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "simulator.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "simulator.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "simulator.spread" -}}
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- topologyKey: {{ $key }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "simulator.selectorLabels" $ | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}

{{/* Settings by their names in the environment, sorted; a secret is only ever the path of a mounted file. */}}
{{- define "simulator.env" -}}
{{- $own := dict "LOG_LEVEL" .Values.logLevel -}}
{{- range $name, $value := .Values.settings }}
{{- if hasKey $own $name }}{{ fail (printf "settings.%s: this chart sets it from a value of its own; use that value" $name) }}{{ end }}
{{- $_ := set $own $name $value }}
{{- end }}
{{- range $name, $value := $own }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* Files of the container: its Secrets, and a small /tmp, for its root is read-only. */}}
{{- define "simulator.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- end }}

{{- define "simulator.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 16Mi
{{- end }}
