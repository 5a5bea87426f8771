package manifest_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

func TestBuildRefusesADuplicateField(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte("resources: [object.yaml]\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "object.yaml"), []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  key: a\n  key: b\n"), 0o600))
	_, err := manifest.Build(folder)
	assert.ErrorContains(t, err, folder)
	assert.ErrorContains(t, err, `"key"`)
}

func TestServicesOfTwoGroupsWithOneNameAreTwoObjects(t *testing.T) {
	t.Parallel()
	object := func(version, name string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"apiVersion": version, "kind": "Service", "metadata": map[string]any{"name": name}}}
	}
	named := manifest.ByName([]*unstructured.Unstructured{object("v1", "a"), object("serving.knative.dev/v1", "a"), object("serving.knative.dev/v1", "b")})
	assert.ElementsMatch(t, []string{"Service a", "Service.serving.knative.dev a", "Service b"}, slices.Collect(maps.Keys(named)))
}
