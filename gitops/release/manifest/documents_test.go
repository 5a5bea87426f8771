package manifest_test

const (
	service = `
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: ask
  namespace: dev
spec:
  template:
    metadata:
      annotations:
        autoscaling.knative.dev/min-scale: "0"
        autoscaling.knative.dev/max-scale: "10"
    spec:
      containerConcurrency: 100
      containers:
        - image: example.com/ask@sha256:0000000000000000000000000000000000000000000000000000000000000000
          resources:
            requests:
              cpu: 50m
`
	job = `
apiVersion: batch/v1
kind: Job
metadata:
  name: migrations
  namespace: dev
spec:
  backoffLimit: 2
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: migrate
          image: migrate
          resources:
            requests:
              cpu: 50m
            limits:
              cpu: 1
`
	networkPolicy = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: database
  namespace: dev
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to:
        - ipBlock: {cidr: 10.0.0.0/8}
      ports:
        - port: 5432
`
	role = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: reader
  namespace: dev
rules:
  - apiGroups: [""]
    resources: [pods]
    verbs: [get]
`
	configMap = `
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: dev
data:
  key: value
`
	admissionPolicy = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: names
spec:
  matchConstraints:
    resourceRules:
      - apiGroups: [""]
        apiVersions: [v1]
        resources: [pods]
        operations: [CREATE]
  validations:
    - expression: object.metadata.name != "default"
      message: name it
`
	application = `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: dev
  namespace: argocd
spec:
  project: default
  source:
    repoURL: https://example.com/a.git
    targetRevision: main
    path: dev
  destination: {server: https://kubernetes.default.svc}
`
	project = `
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: a
  namespace: argocd
spec:
  sourceRepos: ["*"]
  destinations: []
  roles:
    - name: reader
      policies:
        - p, proj:a:reader, applications, get, a/*, allow
`
)
