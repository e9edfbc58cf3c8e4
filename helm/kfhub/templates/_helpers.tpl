{{- /* Labels that select a part's pods; `dict "root" $ "component" "hub"`. Never to change: selectors can't. */}}
{{- define "kfhub.matchLabels" -}}
app.kubernetes.io/name: kfhub
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "kfhub.labels" -}}
{{ include "kfhub.matchLabels" . }}
app.kubernetes.io/part-of: kfhub
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* What RBAC objects carry: no component, and never a label that aggregates roles. */}}
{{- define "kfhub.rbacLabels" -}}
app.kubernetes.io/name: kfhub
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: kfhub
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "kfhub.image" -}}
{{ .name }}:{{ .tag | default .default }}
{{- end }}

{{- /* imagePullSecrets of a pod: those of the chart and those of its image; `dict "root" $ "image" …`. */}}
{{- define "kfhub.pullSecrets" -}}
{{- with concat (.root.Values.imagePullSecrets | default list) (.image.pullSecrets | default list) | uniq }}
imagePullSecrets:
  {{- range . }}
  - name: {{ if kindIs "map" . }}{{ .name }}{{ else }}{{ . }}{{ end }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "kfhub.baseUrl" -}}
{{ .Values.hub.baseUrl | trimSuffix "/" }}/
{{- end }}

{{- /* Environment from a map (name: text, or name: the rest of an entry) or a list of entries. */}}
{{- define "kfhub.extraEnv" -}}
{{- if kindIs "map" . }}
{{- range $name, $value := . }}
- name: {{ $name | quote }}
  {{- if kindIs "map" $value }}
  {{- $value | toYaml | nindent 2 }}
  {{- else }}
  value: {{ $value | toString | quote }}
  {{- end }}
{{- end }}
{{- else }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{- /* A probe on `path` and `port`: `dict "probe" .Values.… "path" … "port" … "scheme" …`. */}}
{{- define "kfhub.probe" -}}
{{- omit .probe "enabled" | toYaml }}
httpGet:
  path: {{ .path }}
  port: {{ .port }}
  {{- with .scheme }}
  scheme: {{ . }}
  {{- end }}
{{- end }}

{{- /* Where hub and proxy run, for scheduling.corePods. */}}
{{- define "kfhub.coreAffinity" -}}
{{- $purpose := .Values.scheduling.corePods.nodeAffinity.matchNodePurpose }}
{{- if ne $purpose "ignore" }}
affinity:
  nodeAffinity:
    {{- if eq $purpose "require" }}
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms:
        - matchExpressions:
            - {key: hub.jupyter.org/node-purpose, operator: In, values: [core]}
    {{- else }}
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        preference:
          matchExpressions:
            - {key: hub.jupyter.org/node-purpose, operator: In, values: [core]}
    {{- end }}
{{- end }}
{{- end }}

{{- /* The Secret with what the hub must keep: made by the chart, or the admin's own. */}}
{{- define "kfhub.secretName" -}}
{{ .Values.hub.existingSecret | default "hub" }}
{{- end }}

{{- define "kfhub.policyConfigMap" -}}
{{ .Values.policy.existingConfigMap | default "kfhub-policy" }}
{{- end }}

{{- /* Whether policies of admission hold: they belong to the cluster, and one namespace has no say in it. */}}
{{- define "kfhub.admission" -}}
{{- if and .Values.admission.enabled (not .Values.singleNamespace) }}true{{ end }}
{{- end }}
