package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner/ownertest"
)

// validObjects returns one valid object of each kind, as YAML by kind and name.
func validObjects(t *testing.T) map[string]string {
	t.Helper()
	content, err := os.ReadFile("testdata/objects.yaml")
	require.NoError(t, err)
	found := map[string]string{}
	for document := range strings.SplitSeq(string(content), "---\n") {
		found[manifest.Title(parse(t, document))] = document
	}
	return found
}

func parse(t *testing.T, document string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal([]byte(document), &object.Object))
	return object
}

func TestAValidObjectIsAccepted(t *testing.T) {
	t.Parallel()
	for name, document := range validObjects(t) {
		object := parse(t, document)
		assert.NoError(t, validate(t, object), name)
		object.SetNamespace("") // overlays set it
		assert.NoError(t, validate(t, object), name)
	}
}

func TestAnInvalidObjectIsRefusedWithItsField(t *testing.T) {
	t.Parallel()
	all := validObjects(t)
	for _, wrong := range []struct{ object, old, new, says string }{
		{"Service dev/ask", "containerConcurrency", "containerConcurency", `unknown field "spec.template.spec.containerConcurency"`},
		{"Service dev/ask", "containerConcurrency: 100", `containerConcurrency: "100"`, "containerConcurrency"},
		{"Service dev/ask", "containers:", "nodeSelector: {disk: ssd}\n      containers:", "must not set the field(s): spec.template.spec.nodeSelector"},
		{"Service dev/ask", "  namespace: dev", "  namespace: dev\n  annotations: {autoscaling.knative.dev/max-scale: \"3\"}", "autoscaling annotations must be put under"},
		{"Service dev/ask", `min-scale: "0"`, `min-scale: "20"`, "max-scale=10 is less than min-scale=20"},
		{"Service dev/ask", "cpu: 50m", "cpu: 50m\n            limits:\n              cpu: 10m", `spec.template.spec.containers[0].resources.limits.cpu: "10m" is less than the request, "50m"`},
		{"DomainMapping dev/questions.example.com", "name: gateway", "", "spec.ref.name"},
		{"ClusterDomainClaim questions.example.com", "namespace: dev", "namespaces: dev", `unknown field "spec.namespaces"`},
		{"Broker dev/default", "PT1S", "1s", "spec.delivery.backoffDelay"},
		{"Trigger dev/indexer", "{type:", "{Type:", "spec.filter.attributes"},
		{"Trigger dev/indexer", "  subscriber:", "  delivery: {retryAfterMax: PT5M}\n  subscriber:", "must not set the field(s): spec.delivery.retryAfterMax"},
		{"PingSource dev/sweep", "* * * * *", "* * *", "spec.schedule"},
		{"SinkBinding dev/relay", "kind: Service, name: relay", "kind: Service", "spec.subject"},
		{"Cluster dev/postgres", "instances: 3", "instances: 0", "spec.instances"},
		{"KnativeServing knative-serving/knative-serving", "kourier: {enabled", "kourier: {enable", `unknown field "spec.ingress.kourier.enable"`},
		{"ClusterIssuer acme", "server: https://acme.example.com/directory", "email: a@example.com", "spec.acme.server"},
		{"PrometheusRule dev/alerts", "expr: vector(1)", "for: 5m", "spec.groups[0].rules[0].expr"},
		{"SealedSecret dev/database", "encryptedData", "data", `unknown field "spec.data.url"`},
		{"ObjectStore dev/backups", "destinationPath: s3://backups/", "serverName: postgres", "spec.configuration.destinationPath"},
		{"Job dev/migrations", "backoffLimit", "backOffLimit", `unknown field "spec.backOffLimit"`},
		{"Job dev/migrations", "Never", "Always", "spec.template.spec.restartPolicy"},
		{"Job dev/migrations", "cpu: 1", "cpu: 10m", "must be less than or equal to cpu limit of 10m"},
		{"NetworkPolicy dev/database", "5432", "65536", "spec.egress[0].ports[0].port"},
		{"NetworkPolicy dev/database", "10.0.0.0/8", "10.0.0.0", "spec.egress[0].to[0].ipBlock.cidr"},
		{"NetworkPolicy dev/database", "networking.k8s.io/v1", "networking.k8s.io/v3", "no schema for NetworkPolicy of networking.k8s.io/v3"},
		{"Role dev/reader", "verbs: [get]", "verbs: []", "rules[0].verbs"},
		{"ConfigMap dev/settings", "key:", "a key:", "data[a key]"},
		{"ValidatingAdmissionPolicy names", "object.metadata.name", "object.metadata.name +", "spec.validations[0].expression"},
		{"Application argocd/dev", "targetRevision", "revision", `unknown field "spec.source.revision"`},
		{"Application argocd/dev", "destination: {server: https://kubernetes.default.svc}", "project: default", "spec.destination"},
	} {
		require.Contains(t, all[wrong.object], wrong.old)
		object := parse(t, strings.Replace(all[wrong.object], wrong.old, wrong.new, 1))
		err := validate(t, object, parse(t, all["Namespace dev"]), object)
		assert.ErrorContains(t, err, wrong.says)
		assert.Equal(t, 2, strings.Count(err.Error(), wrong.object+": "), "every invalid object is reported: %s", err)
		assert.NotContains(t, err.Error(), "Namespace dev")
	}
}

// The test builds every folder that Argo CD or an administrator builds.
func TestEveryManifestIsValidForTheAPIServer(t *testing.T) {
	t.Parallel()
	built := 0
	for _, folder := range []string{"gitops", "policies"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(repositoryRoot, folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Base(path) != "kustomization.yaml" {
				return err
			}
			content, err := os.ReadFile(path)
			if err == nil && !strings.Contains(string(content), "\nkind: Component\n") {
				built++
				objects, err := manifest.Build(filepath.Dir(path))
				require.NoError(t, err)
				assert.NoError(t, validate(t, objects...), path)
			}
			return err
		}))
	}
	assert.Greater(t, built, 20)
}

func TestEveryChoiceOfTheOwnerIsValidForTheAPIServer(t *testing.T) {
	t.Parallel()
	for _, choices := range ownertest.Together {
		built, err := owner.Objects(ownertest.Fork(t, repositoryRoot, choices...))
		require.NoError(t, err)
		for folder, objects := range built {
			assert.NoError(t, validate(t, objects...), "%s: %s", choices, folder)
		}
	}
}
