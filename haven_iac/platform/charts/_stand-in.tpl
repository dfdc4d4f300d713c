{{/* What the stand-ins share: objects of the kinds that the real charts make, marked as what they are. */}}

{{- define "stand-in.labels" -}}
app.kubernetes.io/name: {{ .app | default .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/managed-by: Helm
haven-iac/stand-in: "true"
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/* A workload. root, name; app, component, kind, replicas, image, command, args, env, ports, podLabels,
podAnnotations, volumes, mounts, claims, sidecars, privileged, namespace, account. */}}
{{- define "stand-in.workload" -}}
{{- $kind := .kind | default "Deployment" }}
apiVersion: apps/v1
kind: {{ $kind }}
metadata:
  name: {{ .name }}
  namespace: {{ .namespace | default .root.Release.Namespace }}
  labels: {{- include "stand-in.labels" . | nindent 4 }}
spec:
  {{- if ne $kind "DaemonSet" }}
  replicas: {{ .replicas | default 1 }}
  {{- end }}
  {{- if eq $kind "StatefulSet" }}
  serviceName: {{ .name }}
  {{- end }}
  selector:
    matchLabels: {{- include "stand-in.labels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "stand-in.labels" . | nindent 8 }}
        {{- with .podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .podAnnotations }}
      annotations: {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ .account | default .name }}
      {{- with .priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with .tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .topologySpreadConstraints }}
      topologySpreadConstraints: {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- if .podSecurityContext }}
        {{- toYaml .podSecurityContext | nindent 8 }}
        {{- else if not .privileged }}
        runAsNonRoot: true
        runAsUser: 65532
        seccompProfile: {type: RuntimeDefault}
        {{- end }}
      {{- with .initContainers }}
      initContainers: {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .name }}
          image: {{ .image }}
          {{- with .command }}
          command: {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with .args }}
          args: {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with .env }}
          env: {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with .envFrom }}
          envFrom: {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with .ports }}
          ports:
            {{- range $name, $port := . }}
            - {name: {{ $name }}, containerPort: {{ $port }}}
            {{- end }}
          {{- end }}
          {{- with .resources }}
          resources: {{- toYaml . | nindent 12 }}
          {{- end }}
          securityContext:
            {{- if .privileged }}
            runAsUser: 0
            {{- end }}
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          {{- with .mounts }}
          volumeMounts: {{- toYaml . | nindent 12 }}
          {{- end }}
        {{- with .sidecars }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .volumes }}
      volumes: {{- toYaml . | nindent 8 }}
      {{- end }}
  {{- with .claims }}
  volumeClaimTemplates:
    {{- range $name, $claim := . }}
    - metadata: {name: {{ $name }}}
      spec:
        accessModes: [ReadWriteOnce]
        {{- with $claim.storageClass }}
        storageClassName: {{ . }}
        {{- end }}
        resources: {requests: {storage: {{ $claim.size }}}}
    {{- end }}
  {{- end }}
{{- end }}

{{/* A Service. root, name, ports (name: port); app, component, spec. */}}
{{- define "stand-in.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  namespace: {{ .namespace | default .root.Release.Namespace }}
  labels: {{- include "stand-in.labels" . | nindent 4 }}
spec:
  {{- with .spec }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  selector: {{- include "stand-in.labels" . | nindent 4 }}
  ports:
    {{- range $name, $port := .ports }}
    - {name: {{ $name }}, port: {{ $port }}, targetPort: {{ $port }}, protocol: TCP}
    {{- end }}
{{- end }}

{{/* A ServiceAccount. root, name. */}}
{{- define "stand-in.account" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  namespace: {{ .namespace | default .root.Release.Namespace }}
  labels: {{- include "stand-in.labels" . | nindent 4 }}
{{- end }}

{{/* A ClusterRole and its binding to the account of the same name. root, name, rules. */}}
{{- define "stand-in.rights" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ .name }}
  labels: {{- include "stand-in.labels" . | nindent 4 }}
rules: {{- toYaml .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ .name }}
  labels: {{- include "stand-in.labels" . | nindent 4 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {{ .role | default .name }}}
subjects:
  - {kind: ServiceAccount, name: {{ .account | default .name }}, namespace: {{ .root.Release.Namespace }}}
{{- end }}

{{/* A PodDisruptionBudget. root, name; app, component. */}}
{{- define "stand-in.budget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "stand-in.labels" . | nindent 4 }}
spec:
  maxUnavailable: {{ .maxUnavailable | default 1 }}
  selector:
    matchLabels: {{- include "stand-in.labels" . | nindent 6 }}
{{- end }}

{{/* CRDs that take anything. root, group, version, kinds (plural: [Kind, scope]); annotations; whole when the status is
no resource of its own. */}}
{{- define "stand-in.crds" -}}
{{- $ := . }}
{{- range $plural, $kind := .kinds }}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {{ $plural }}.{{ $.group }}
  labels: {{- include "stand-in.labels" $ | nindent 4 }}
  annotations:
    api-approved.kubernetes.io: unapproved, stand-in
    {{- with $.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  group: {{ $.group }}
  scope: {{ index $kind 1 }}
  names: {plural: {{ $plural }}, singular: {{ index $kind 0 | lower }}, kind: {{ index $kind 0 }}}
  versions:
    - name: {{ $.version }}
      served: true
      storage: true
      {{- if not $.whole }}
      subresources: {status: {}}
      {{- end }}
      schema:
        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
{{- end }}
{{- end }}

{{/* A ServiceMonitor for a Service of the same name. root, name, port; app, component. */}}
{{- define "stand-in.monitor" -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "stand-in.labels" . | nindent 4 }}
spec:
  selector:
    matchLabels: {{- include "stand-in.labels" . | nindent 6 }}
  endpoints:
    - port: {{ .port }}
{{- end }}
