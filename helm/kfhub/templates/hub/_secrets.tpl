{{- /*
What the hub must keep from one upgrade to the next. Each value is, in this order: given by the admin, what the
Secret holds already, made now. `lookup` finds nothing in `helm template`: for tools that render that way give
all of them, or hub.existingSecret.
*/}}

{{- /* `dict "root" $ "key" "…" "given" "…" "new" "…"`; the value, encoded for a Secret. */}}
{{- define "kfhub.kept" -}}
{{- $found := (lookup "v1" "Secret" .root.Release.Namespace "hub" | default dict).data | default dict }}
{{- if .given }}
{{- .given | toString | b64enc }}
{{- else }}
{{- get $found .key | default (b64enc .new) }}
{{- end }}
{{- end }}

{{- define "kfhub.newHex" -}}
{{- randBytes 32 | b64dec | printf "%x" }}
{{- end }}
