// Modules that are read for their CustomResourceDefinitions, and not built. They
// stand apart, so that their dependencies are not those of the release command.
module github.com/sequential-questioning/sequential-questioning/gitops/release/testdata/modules

go 1.26.3

require (
	github.com/bitnami-labs/sealed-secrets v0.40.0
	github.com/cert-manager/cert-manager v1.21.2
	github.com/cloudnative-pg/cloudnative-pg v1.30.0
	github.com/cloudnative-pg/plugin-barman-cloud v0.13.0
	github.com/prometheus-community/helm-charts v0.0.0-20260828105119-ed5d7d9b5933 // prometheus-operator v0.93.1
	knative.dev/operator v0.50.0
)
