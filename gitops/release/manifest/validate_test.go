package manifest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest/manifesttest"
)

func TestAValidObjectIsAccepted(t *testing.T) {
	for name, document := range map[string]string{
		"Knative service":   service,
		"domain mapping":    domainMapping,
		"broker":            broker,
		"broker by default": "apiVersion: eventing.knative.dev/v1\nkind: Broker\nmetadata: {name: default, namespace: dev}",
		"trigger":           trigger,
		"trigger, anywhere": strings.Replace(trigger, "  namespace: dev\n", "", 1),
		"ping source":       pingSource,
		"sink binding":      sinkBinding,
		"database cluster":  cluster,
		"Knative":           knativeServing,
		"issuer":            issuer,
		"alert":             prometheusRule,
		"sealed secret":     sealedSecret,
		"object store":      objectStore,
		"job":               job,
		"network policy":    networkPolicy,
		"role":              role,
		"config map":        configMap,
		"application":       application,
		"project":           project,
		"admission policy":  admissionPolicy,
		"no namespace yet":  strings.Replace(job, "  namespace: dev\n", "", 1),
		"service account":   "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, namespace: dev}",
		"headless service":  "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: dev}\nspec: {clusterIP: None, selector: {app: a}, ports: [{port: 80}]}",
		"domain claim":      domainClaim,
		"namespace":         "apiVersion: v1\nkind: Namespace\nmetadata: {name: dev}",
		"disruption budget": "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: a, namespace: dev}\nspec: {minAvailable: 1}",
	} {
		t.Run(name, func(t *testing.T) {
			assert.NoError(t, manifest.Validate(read(t, document), manifesttest.Schemas(t)))
		})
	}
}

func TestAnInvalidObjectIsRefusedWithItsField(t *testing.T) {
	for name, wrong := range map[string]struct {
		document, old, new string
		want               []string
	}{
		"misspelt field of a Knative service": {service, "containerConcurrency", "containerConcurency",
			[]string{"Service dev/ask", `unknown field "spec.template.spec.containerConcurency"`}},
		"wrong type in a Knative service": {service, "containerConcurrency: 100", `containerConcurrency: "100"`,
			[]string{"Service dev/ask", "containerConcurrency"}},
		"feature that Knative disables": {service, "containers:", "nodeSelector: {disk: ssd}\n      containers:",
			[]string{"Service dev/ask", "must not set the field(s): spec.template.spec.nodeSelector"}},
		"autoscaling annotation in the wrong place": {service, "  namespace: dev", "  namespace: dev\n  annotations: {autoscaling.knative.dev/max-scale: \"3\"}",
			[]string{"Service dev/ask", "autoscaling annotations must be put under"}},
		"minimum scale above the maximum": {service, `min-scale: "0"`, `min-scale: "20"`,
			[]string{"Service dev/ask", "max-scale=10 is less than min-scale=20"}},
		"invalid domain": {domainMapping, "questions.example.com", "questions",
			[]string{"DomainMapping dev/questions", "metadata.name"}},
		"domain mapped to nothing": {domainMapping, "name: gateway", "",
			[]string{"DomainMapping dev/questions.example.com", "spec.ref.name"}},
		"misspelt field of a domain claim": {domainClaim, "namespace: dev", "namespaces: dev",
			[]string{"ClusterDomainClaim questions.example.com", `unknown field "spec.namespaces"`}},
		"misspelt field of a broker": {broker, "backoffDelay", "backOffDelay",
			[]string{"Broker dev/default", `unknown field "spec.delivery.backOffDelay"`}},
		"malformed duration": {broker, "PT1S", "1s",
			[]string{"Broker dev/default", "spec.delivery.backoffDelay"}},
		"trigger without a broker": {trigger, "broker: default", `broker: ""`,
			[]string{"Trigger dev/indexer", "spec.broker"}},
		"filter on an invalid attribute name": {trigger, "{type:", "{Type:",
			[]string{"Trigger dev/indexer", "spec.filter.attributes"}},
		"feature that Eventing disables": {trigger, "  subscriber:", "  delivery: {retryAfterMax: PT5M}\n  subscriber:",
			[]string{"Trigger dev/indexer", "must not set the field(s): spec.delivery.retryAfterMax"}},
		"ping source with a malformed schedule": {pingSource, "* * * * *", "* * *",
			[]string{"PingSource dev/sweep", "spec.schedule"}},
		"sink binding without a subject": {sinkBinding, "kind: Service, name: relay", "kind: Service",
			[]string{"SinkBinding dev/relay", "spec.subject"}},
		"sink binding without a sink": {sinkBinding, "ref: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: default}", "{}",
			[]string{"SinkBinding dev/relay", "spec.sink"}},
		"misspelt field of a database cluster": {cluster, "instances", "instance",
			[]string{"Cluster dev/postgres", `unknown field "spec.instance"`}},
		"database cluster whose storage shrinks to nothing": {cluster, "instances: 3", "instances: 0",
			[]string{"Cluster dev/postgres", "spec.instances"}},
		"misspelt field of Knative": {knativeServing, "kourier: {enabled", "kourier: {enable",
			[]string{"KnativeServing knative-serving/knative-serving", `unknown field "spec.ingress.kourier.enable"`}},
		"issuer without a server": {issuer, "server: https://acme.example.com/directory", "email: a@example.com",
			[]string{"ClusterIssuer acme", "spec.acme.server"}},
		"alert without an expression": {prometheusRule, "expr: vector(1)", "for: 5m",
			[]string{"PrometheusRule dev/alerts", "spec.groups[0].rules[0].expr"}},
		"sealed secret that is not encrypted": {sealedSecret, "encryptedData", "data",
			[]string{"SealedSecret dev/database", "spec.encryptedData"}},
		"object store without a bucket": {objectStore, "destinationPath: s3://backups/", "serverName: postgres",
			[]string{"ObjectStore dev/backups", "spec.configuration.destinationPath"}},
		"malformed quantity": {service, "cpu: 50m", "cpu: 50 milli",
			[]string{"Service dev/ask", `spec.template.spec.containers[0].resources.requests.cpu: "50 milli" is not a quantity`}},
		"quantity that is not canonical": {service, "cpu: 50m", `cpu: "0.05"`,
			[]string{"Service dev/ask", `requests.cpu: "0.05" is stored as "50m"`}},
		"misspelt field of a job": {job, "backoffLimit", "backOffLimit",
			[]string{"Job dev/migrations", `unknown field "spec.backOffLimit"`}},
		"wrong type in a job": {job, "backoffLimit: 2", "backoffLimit: two",
			[]string{"Job dev/migrations", "backoffLimit"}},
		"restart policy that a job cannot have": {job, "Never", "Always",
			[]string{"Job dev/migrations", "spec.template.spec.restartPolicy"}},
		"limit below the request": {job, "cpu: 1", "cpu: 10m",
			[]string{"Job dev/migrations", `spec.template.spec.containers[0].resources.limits.cpu: "10m" is less than the request, "50m"`}},
		"network policy with an impossible port": {networkPolicy, "5432", "65536",
			[]string{"NetworkPolicy dev/database", "spec.egress[0].ports[0].port"}},
		"network policy with a malformed address range": {networkPolicy, "10.0.0.0/8", "10.0.0.0",
			[]string{"NetworkPolicy dev/database", "spec.egress[0].to[0].ipBlock.cidr"}},
		"role without verbs": {role, "verbs: [get]", "verbs: []",
			[]string{"Role dev/reader", "rules[0].verbs"}},
		"config map key with a space": {configMap, "key:", "a key:",
			[]string{"ConfigMap dev/settings", "data[a key]"}},
		"namespace on a cluster-scoped object": {"apiVersion: v1\nkind: Namespace\nmetadata: {name: dev}", "name: dev", "name: dev, namespace: dev",
			[]string{"Namespace dev/dev", "metadata.namespace"}},
		"policy whose expression does not compile": {admissionPolicy, "object.metadata.name", "object.metadata.name +",
			[]string{"ValidatingAdmissionPolicy names", "spec.validations[0].expression"}},
		"misspelt field of an application": {application, "targetRevision", "revision",
			[]string{"Application argocd/dev", `unknown field "spec.source.revision"`}},
		"application without a destination": {application, "destination: {server: https://kubernetes.default.svc}", "project: default",
			[]string{"Application argocd/dev", "spec.destination"}},
		"project with a policy for another": {project, "proj:a:reader", "proj:b:reader",
			[]string{"AppProject argocd/a", "policy subject"}},
		"unknown kind": {configMap, "kind: ConfigMap", "kind: ConfigurationMap",
			[]string{"ConfigurationMap dev/settings", "no schema for ConfigurationMap of v1"}},
		"unknown version": {networkPolicy, "networking.k8s.io/v1", "networking.k8s.io/v3",
			[]string{"NetworkPolicy dev/database", "no schema for NetworkPolicy of networking.k8s.io/v3"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, wrong.document, wrong.old)
			err := manifest.Validate(read(t, strings.Replace(wrong.document, wrong.old, wrong.new, 1)), manifesttest.Schemas(t))
			for _, part := range wrong.want {
				assert.ErrorContains(t, err, part)
			}
		})
	}
}

func TestEveryInvalidObjectIsReported(t *testing.T) {
	objects := append(read(t, strings.Replace(job, "Never", "Always", 1)), read(t, strings.Replace(role, "[get]", "[]", 1))...)
	err := manifest.Validate(append(objects, read(t, configMap)...))
	assert.ErrorContains(t, err, "Job dev/migrations")
	assert.ErrorContains(t, err, "Role dev/reader")
	assert.NotContains(t, err.Error(), "ConfigMap")
}

// The test builds every folder that Argo CD or an administrator builds, and every
// component on top of its parent. The tests of the package owner make the owner's choices.
func TestTheRepositorysManifestsAreValid(t *testing.T) {
	schemas := manifesttest.Schemas(t)
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	built := 0
	for _, folder := range kustomizations(t, filepath.Join(root, "gitops"), filepath.Join(root, "policies")) {
		name, err := filepath.Rel(root, folder)
		require.NoError(t, err)
		build := folder
		if isComponent(t, folder) {
			if build = withComponent(t, folder); build == "" {
				continue // a component of folders that are built, or a choice of the owner
			}
		}
		built++
		t.Run(name, func(t *testing.T) {
			objects, err := manifest.Build(build)
			require.NoError(t, err)
			assert.NoError(t, manifest.Validate(objects, schemas))
		})
	}
	require.Positive(t, built)
}

func kustomizations(t *testing.T, roots ...string) (folders []string) {
	t.Helper()
	for _, root := range roots {
		require.NoError(t, filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && entry.Name() == "testdata":
				return filepath.SkipDir
			case entry.Name() == "kustomization.yaml":
				folders = append(folders, filepath.Dir(path))
			}
			return nil
		}))
	}
	return folders
}

func isComponent(t *testing.T, folder string) bool {
	t.Helper()
	var kind struct{ Kind string }
	data, err := os.ReadFile(filepath.Join(folder, "kustomization.yaml"))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(data, &kind))
	return kind.Kind == "Component"
}

// withComponent returns a folder that builds the component with its parent, if the parent
// builds anything.
func withComponent(t *testing.T, component string) string {
	t.Helper()
	parent := filepath.Dir(component)
	if content, err := os.ReadFile(filepath.Join(parent, "kustomization.yaml")); err != nil || isComponent(t, parent) ||
		strings.Contains(string(content), "\n  - "+filepath.Base(component)+"\n") {
		return ""
	}
	folder := t.TempDir()
	relative := func(to string) string {
		path, err := filepath.Rel(folder, to)
		require.NoError(t, err)
		return path
	}
	document := "resources: [" + relative(parent) + "]\ncomponents: [" + relative(component) + "]\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(document), 0o644))
	return folder
}

func read(t *testing.T, document string) []*unstructured.Unstructured {
	t.Helper()
	var object map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(document), &object))
	return []*unstructured.Unstructured{{Object: object}}
}
