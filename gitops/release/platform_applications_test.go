package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const managedPostgreSQL = "postgresql/managed"

var exactVersion = regexp.MustCompile(`^v?\d+\.\d+\.\d+$`)

func TestThirdPartyChartsHaveExactVersions(t *testing.T) {
	t.Parallel()
	for _, application := range readPlatform(t).applications {
		require.False(t, application.Spec.HasMultipleSources())
		source := application.Spec.Source
		if source.RepoURL == ownRepository(t) {
			assert.Equal(t, "prod", source.TargetRevision)
			assert.DirExists(t, filepath.Join(repositoryRoot, source.Path))
			continue
		}
		assert.Regexp(t, exactVersion, source.TargetRevision, application.Name)
		assert.NotEqual(t, source.Chart == "", source.Path == "", "%s: either a chart or a path", application.Name)
	}
}

// Charts ignore unknown values, so a typing error would go unnoticed.
func TestEveryHelmValueExistsInTheChart(t *testing.T) {
	t.Parallel()
	charts := map[string]string{
		"platform-cert-manager":   filepath.Join(module(t, "github.com/cert-manager/cert-manager"), "deploy/charts/cert-manager/values.yaml"),
		"platform-sealed-secrets": filepath.Join(module(t, "github.com/bitnami-labs/sealed-secrets"), "helm/sealed-secrets/values.yaml"),
	}
	for name, file := range charts {
		application := readPlatform(t).object(t, platformProject, "Application", name)
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var known map[string]any
		require.NoError(t, yaml.Unmarshal(data, &known))
		for _, path := range leaves(values[map[string]any](t, application.Object, "spec", "source", "helm", "valuesObject")) {
			_, found, err := unstructured.NestedFieldNoCopy(known, path...)
			require.NoError(t, err)
			assert.True(t, found, "%s: the chart has no %v", name, path)
		}
	}
}

func leaves(tree map[string]any) (paths [][]string) {
	for key, value := range tree {
		branch, ok := value.(map[string]any)
		if !ok {
			paths = append(paths, []string{key})
		}
		for _, path := range leaves(branch) {
			paths = append(paths, append([]string{key}, path...))
		}
	}
	return paths
}

func TestEachApplicationRetriesAndHealsItself(t *testing.T) {
	t.Parallel()
	for i, application := range readPlatform(t).applications {
		sync := application.Spec.SyncPolicy
		require.NotNil(t, sync.Automated, application.Name)
		assert.True(t, sync.Automated.SelfHeal, application.Name)
		require.NotNil(t, sync.Retry, application.Name)
		assert.Positive(t, sync.Retry.Limit, "bounded")
		assert.NotNil(t, sync.Retry.Backoff, application.Name)
		assert.True(t, i == 0 || sync.SyncOptions.HasOption("ServerSideApply=true"), "%s: definitions are too large for the annotation", application.Name)
	}
}

func TestObjectsWithDataAreNotPruned(t *testing.T) {
	t.Parallel()
	// Deleting a CustomResourceDefinition deletes all objects of its kind.
	keeps := []string{platformProject, "platform-namespaces", "platform-qdrant", "platform-secrets", "platform-knative",
		"platform-cert-manager", "platform-sealed-secrets", "platform-knative-operator", "platform-prometheus-operator"}
	if !chosen(t, managedPostgreSQL) {
		keeps = append(keeps, "platform-postgres", "platform-cloudnative-pg", "platform-barman-cloud")
	}
	pruning := map[string]bool{}
	for _, application := range readPlatform(t).applications {
		pruning[application.Name] = application.Spec.SyncPolicy.Automated.Prune
		assert.Empty(t, application.Finalizers, "%s: deleting it must keep its objects", application.Name)
	}
	for _, name := range keeps {
		prunes, ok := pruning[name]
		assert.True(t, ok, name)
		assert.False(t, prunes, name)
	}
}

func TestDependenciesAreSyncedFirst(t *testing.T) {
	t.Parallel()
	waves := map[string]int{}
	p := readPlatform(t)
	for _, application := range append(p.applications[1:], p.functions...) {
		wave, err := strconv.Atoi(application.Annotations["argocd.argoproj.io/sync-wave"])
		require.NoError(t, err, application.Name)
		waves[application.Name] = wave
	}
	before := [][2]string{
		{"namespaces", "cert-manager"}, {"namespaces", "knative-operator"},
		{"namespaces", "prometheus-operator"}, {"namespaces", "sealed-secrets"},
		{"sealed-secrets", "secrets"}, {"secrets", "qdrant"}, {"secrets", "external-dns"}, {"secrets", "knative"},
		{"knative-operator", "knative"}, {"cert-manager", "knative"}, {"knative", "external-dns"},
		{"prometheus-operator", "monitoring"}, {"namespaces", "logging"},
		// The namespaces and policies of the functions, before what is in them.
		{"policies", "secrets"}, {"policies", "knative"},
		{"knative", "prod"}, {"secrets", "prod"}, {"qdrant", "prod"}, {"knative", "staging"}, {"secrets", "staging"},
	}
	if !chosen(t, managedPostgreSQL) {
		before = append(before, [][2]string{
			{"namespaces", "cloudnative-pg"}, {"secrets", "postgres"}, {"cert-manager", "barman-cloud"}, {"cloudnative-pg", "barman-cloud"},
			{"barman-cloud", "postgres"}, {"postgres", "prod"}, {"postgres", "staging"},
		}...)
	}
	wave := func(name string) int {
		if wave, ok := waves["sequential-questioning-"+name]; ok {
			return wave
		}
		require.Contains(t, waves, "platform-"+name)
		return waves["platform-"+name]
	}
	for _, pair := range before {
		assert.Less(t, wave(pair[0]), wave(pair[1]), "%s before %s", pair[0], pair[1])
	}
}

// The platform's Application heals itself and contains those of the environments, whose
// auto-sync `release rollback` suspends.
func TestASuspendedAutoSyncStaysSuspended(t *testing.T) {
	t.Parallel()
	root := readPlatform(t).applications[0]
	assert.Contains(t, root.Spec.IgnoreDifferences, v1alpha1.ResourceIgnoreDifferences{
		Group: "argoproj.io", Kind: "Application", JSONPointers: []string{"/spec/syncPolicy/automated"},
	})
	assert.True(t, root.Spec.SyncPolicy.SyncOptions.HasOption("RespectIgnoreDifferences=true"))
}

func TestNoTwoApplicationsManageTheSameObject(t *testing.T) {
	t.Parallel()
	owner := map[string]string{}
	p := readPlatform(t)
	for name, objects := range p.own {
		for _, object := range objects {
			key := object.GroupVersionKind().GroupKind().String() + " " + object.GetNamespace() + "/" + object.GetName()
			assert.Empty(t, owner[key], "%s: of %s, too", key, name)
			owner[key] = name
		}
	}
	assert.NotEmpty(t, owner)
}
