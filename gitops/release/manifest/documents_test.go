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
	domainMapping = `
apiVersion: serving.knative.dev/v1beta1
kind: DomainMapping
metadata:
  name: questions.example.com
  namespace: dev
spec:
  ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: gateway}
`
	domainClaim = `
apiVersion: networking.internal.knative.dev/v1alpha1
kind: ClusterDomainClaim
metadata:
  name: questions.example.com
spec:
  namespace: dev
`
	broker = `
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata:
  name: default
  namespace: dev
spec:
  delivery:
    retry: 5
    backoffPolicy: exponential
    backoffDelay: PT1S
`
	trigger = `
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata:
  name: indexer
  namespace: dev
spec:
  broker: default
  filter:
    attributes: {type: answered}
  subscriber:
    ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: indexer}
`
	pingSource = `
apiVersion: sources.knative.dev/v1
kind: PingSource
metadata:
  name: sweep
  namespace: dev
spec:
  schedule: "* * * * *"
  sink:
    ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: relay}
`
	sinkBinding = `
apiVersion: sources.knative.dev/v1
kind: SinkBinding
metadata:
  name: relay
  namespace: dev
spec:
  subject: {apiVersion: serving.knative.dev/v1, kind: Service, name: relay}
  sink:
    ref: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: default}
`
	cluster = `
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata:
  name: postgres
  namespace: dev
spec:
  instances: 3
  storage: {size: 1Gi}
`
	objectStore = `
apiVersion: barmancloud.cnpg.io/v1
kind: ObjectStore
metadata:
  name: backups
  namespace: dev
spec:
  configuration:
    destinationPath: s3://backups/
    s3Credentials:
      inheritFromIAMRole: true
`
	knativeServing = `
apiVersion: operator.knative.dev/v1beta1
kind: KnativeServing
metadata:
  name: knative-serving
  namespace: knative-serving
spec:
  ingress:
    kourier: {enabled: true}
`
	issuer = `
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata:
  name: acme
spec:
  acme:
    server: https://acme.example.com/directory
    privateKeySecretRef: {name: acme}
`
	prometheusRule = `
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: alerts
  namespace: dev
spec:
  groups:
    - name: a
      rules:
        - alert: Always
          expr: vector(1)
`
	sealedSecret = `
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: database
  namespace: dev
spec:
  encryptedData: {url: AgA}
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
