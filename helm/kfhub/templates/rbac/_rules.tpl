{{- /*
Every right that kfhub hands out, once. docs/rbac.md explains each in the same order; tests/cluster/test_rbac.py
holds the table of what follows from them.
*/}}

{{- define "kfhub.read" }}[get, list, watch]{{ end }}
{{- define "kfhub.write" }}[create, delete, deletecollection, get, list, patch, update, watch]{{ end }}

{{- /* `default-editor`: what people may do from their notebooks, in the namespace of these only. */}}
{{- define "kfhub.rules.edit" -}}
# Start, look at and remove workloads and what they need. Secrets too: they hold what belongs to this namespace,
# and whoever may start a pod could read them anyway.
- apiGroups: [""]
  resources: [pods, configmaps, persistentvolumeclaims, secrets, serviceaccounts, services]
  verbs: {{ include "kfhub.write" . }}
# Get into running pods: a shell, a port, their web pages.
- apiGroups: [""]
  resources: [pods/attach, pods/exec, pods/portforward]
  verbs: [create, get]
- apiGroups: [""]
  resources: [pods/proxy]
  verbs: [create, delete, get, patch, update]
# `kubectl debug`. The images of such containers are held to the list as all others.
- apiGroups: [""]
  resources: [pods/ephemeralcontainers]
  verbs: [get, patch, update]
- apiGroups: [apps]
  resources: [daemonsets, deployments, replicasets, statefulsets]
  verbs: {{ include "kfhub.write" . }}
# `kubectl scale`; no more than changing the workload itself.
- apiGroups: [apps]
  resources: [deployments/scale, replicasets/scale, statefulsets/scale]
  verbs: [get, patch, update]
- apiGroups: [batch]
  resources: [cronjobs, jobs]
  verbs: {{ include "kfhub.write" . }}
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: {{ include "kfhub.write" . }}
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: {{ include "kfhub.write" . }}
{{ include "kfhub.rules.kubeflow" (include "kfhub.write" .) }}
{{ include "kfhub.rules.readonly" . }}
{{- if .Values.rbac.writeIngresses }}
# rbac.writeIngresses: publish a Service under a host name, which may be that of somebody else.
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [create, delete, deletecollection, patch, update]
{{- end }}
{{- if .Values.rbac.writeNetworkPolicies }}
# rbac.writeNetworkPolicies: open what the hub has closed, such as a notebook to the pods of other namespaces.
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [create, delete, deletecollection, patch, update]
{{- end }}
{{- end }}

{{- /* Training, tuning and serving, where these operators are installed; their parts that live in a namespace. */}}
{{- define "kfhub.rules.kubeflow" -}}
# Katib, and the jobs of the training operator.
- apiGroups: [kubeflow.org]
  resources: [experiments, suggestions, trials, jaxjobs, mpijobs, paddlejobs, pytorchjobs, tfjobs, xgboostjobs]
  verbs: {{ . }}
# Kubeflow Trainer.
- apiGroups: [trainer.kubeflow.org]
  resources: [trainingruntimes, trainjobs]
  verbs: {{ . }}
# KServe.
- apiGroups: [serving.kserve.io]
  resources: [inferencegraphs, inferenceservices, servingruntimes, trainedmodels]
  verbs: {{ . }}
{{- end }}

{{- /* What editors and viewers may look at and neither may change. */}}
{{- define "kfhub.rules.readonly" -}}
# Why something does not run, and what it printed.
- apiGroups: [""]
  resources: [events, pods/log]
  verbs: {{ include "kfhub.read" . }}
# Where a Service leads.
- apiGroups: [""]
  resources: [endpoints]
  verbs: {{ include "kfhub.read" . }}
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: {{ include "kfhub.read" . }}
# How much the namespace may use: changed by the admin and the hub only.
- apiGroups: [""]
  resources: [limitranges, resourcequotas]
  verbs: {{ include "kfhub.read" . }}
# Who reaches what.
- apiGroups: [networking.k8s.io]
  resources: [ingresses, networkpolicies]
  verbs: {{ include "kfhub.read" . }}
# Its own namespace; a RoleBinding gives no other.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
{{- end }}

{{- /* `default-viewer`: everything that may be looked at without getting at a secret or into a pod. */}}
{{- define "kfhub.rules.view" -}}
# No secrets. No pods/attach, exec, portforward or proxy and no services/proxy: each leads into a running notebook.
- apiGroups: [""]
  resources: [pods, configmaps, persistentvolumeclaims, serviceaccounts, services]
  verbs: {{ include "kfhub.read" . }}
- apiGroups: [apps]
  resources: [daemonsets, deployments, replicasets, statefulsets]
  verbs: {{ include "kfhub.read" . }}
- apiGroups: [batch]
  resources: [cronjobs, jobs]
  verbs: {{ include "kfhub.read" . }}
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: {{ include "kfhub.read" . }}
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: {{ include "kfhub.read" . }}
{{ include "kfhub.rules.kubeflow" (include "kfhub.read" .) }}
{{ include "kfhub.rules.readonly" . }}
{{- end }}

{{- /* The hub, everywhere: watches of all namespaces at once, instead of two for each. */}}
{{- define "kfhub.rules.hubReads" -}}
# Its notebooks, what happens to them, who has which volume and how much of the quota is used.
- apiGroups: [""]
  resources: [pods, events, persistentvolumeclaims, resourcequotas]
  verbs: {{ include "kfhub.read" . }}
# Kubeflow's PodDefaults, offered as configurations where there are some.
- apiGroups: [kubeflow.org]
  resources: [poddefaults]
  verbs: {{ include "kfhub.read" . }}
{{- end }}
{{- define "kfhub.rules.hub" -}}
{{ include "kfhub.rules.hubReads" . }}
# How much is free, to say why a notebook waits.
- apiGroups: [""]
  resources: [nodes]
  verbs: {{ include "kfhub.read" . }}
# Which classes there are, and which can grow a volume.
- apiGroups: [storage.k8s.io]
  resources: [storageclasses]
  verbs: {{ include "kfhub.read" . }}
# Makes the namespaces of users and teams, and keeps their labels. Never deletes one: volumes are in them.
# Which it may make and change is held by the admission policy `kfhub-hub`.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [create, get, list, patch, watch]
# Binds accounts in those namespaces, to the three roles of the next rule only.
- apiGroups: [rbac.authorization.k8s.io]
  resources: [rolebindings]
  verbs: [create, get, patch]
# Without this nobody may give rights that they don't have themselves. By name: no other role can be bound.
- apiGroups: [rbac.authorization.k8s.io]
  resources: [clusterroles]
  resourceNames: [kfhub-edit, kfhub-view, kfhub-hub-namespace]
  verbs: [bind]
{{- end }}

{{- /* The hub, in a namespace that it has bound itself in. */}}
{{- define "kfhub.rules.hubNamespace" -}}
# Starts and stops notebooks.
- apiGroups: [""]
  resources: [pods]
  verbs: [create, delete, patch]
# The token of each notebook, and its Service where there is one. No list: the secrets of people are not its business.
- apiGroups: [""]
  resources: [secrets, services]
  verbs: [create, delete, get, patch]
# Makes volumes and lets them grow. Never deletes one.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [create, patch]
# default-editor and default-viewer, and how much the namespace may use by the policy.
- apiGroups: [""]
  resources: [limitranges, resourcequotas, serviceaccounts]
  verbs: [create, get, patch]
# Keeps the pods of other namespaces away from notebooks.
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [create, get, patch]
# The end of a notebook's log, to say why it does not start.
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
{{- end }}
