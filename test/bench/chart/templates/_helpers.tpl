{{- /* Labels of every object of a service; argument: root, name, version (or none) */ -}}
{{- define "labels" -}}
app: {{ .name }}
{{- with .version }}
version: {{ . }}
{{- end }}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/part-of: {{ .root.Values.name }}
app.kubernetes.io/managed-by: slipway
{{- end }}

{{- /* Labels of what belongs to the environment as a whole */ -}}
{{- define "environmentLabels" -}}
app.kubernetes.io/part-of: {{ .Values.name }}
app.kubernetes.io/managed-by: slipway
{{- end }}

{{- /* name and namespace of an object of a service; argument: root, name, version (or none) */ -}}
{{- define "metadata" -}}
name: {{ .name }}{{ with .version }}-{{ . }}{{ end }}
namespace: {{ .root.Values.name }}-{{ .name }}
labels:
  {{- include "labels" . | nindent 2 }}
{{- end }}

{{- /* The port of a service, which all of its versions agree about */ -}}
{{- define "port" -}}
{{ .versions.stable.release.ports.http.port }}
{{- end }}

{{- /* Everything that says how a request to a service is treated; argument: the service */ -}}
{{- define "policy" -}}
timeout: {{ .timeout }}
retries:
  attempts: {{ .retries.attempts }}
  perTryTimeout: {{ .retries.perTryTimeout }}
  retryOn: connect-failure,refused-stream,unavailable,cancelled
{{- end }}

{{- /* Header routes, then weights; argument: root, name, service, uris (or none) */ -}}
{{- define "httpRoutes" -}}
{{- $host := printf "%s.%s-%s.svc.cluster.local" .name .root.Values.name .name -}}
{{- $port := include "port" .service -}}
{{- $uris := .uris -}}
{{- $policy := include "policy" .service -}}
{{- range $route := .service.headerRoutes }}
- match:
    {{- range $uris | default (list "") }}
    - headers:
        {{- range $header, $value := $route.headers }}
        {{ $header }}:
          exact: {{ $value | quote }}
        {{- end }}
      {{- with . }}
      uri: {{ . }}
      {{- end }}
    {{- end }}
  route:
    - destination:
        host: {{ $host }}
        subset: {{ .version }}
        port:
          number: {{ $port }}
  {{- $policy | nindent 2 }}
{{- end }}
- {{ with $uris }}match:
    {{- range . }}
    - uri: {{ . }}
    {{- end }}
  {{ end }}route:
    {{- range list "stable" "canary" }}
    - destination:
        host: {{ $host }}
        subset: {{ . }}
        port:
          number: {{ $port }}
      weight: {{ (index $.service.versions .).weight }}
    {{- end }}
  {{- $policy | nindent 2 }}
{{- end }}
