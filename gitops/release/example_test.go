package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/budget"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/promotion"
)

// ownOverlay is docs/examples/overlay where its first line says to save it.
func ownOverlay(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for from, to := range map[string]string{"gitops/base": "gitops/base", "gitops/images": "gitops/images", "docs/examples/overlay": "gitops/overlays/own"} {
		require.NoError(t, os.CopyFS(filepath.Join(root, to), os.DirFS(filepath.Join(repositoryRoot, from))))
	}
	return filepath.Join(root, "gitops", "overlays", "own")
}

func TestTheExampleOfAnOverlayDeploysToAnOwnNamespace(t *testing.T) {
	objects, err := manifest.Build(ownOverlay(t))
	require.NoError(t, err)
	require.NoError(t, validate(t, objects...))
	report, err := budget.Check(objects)
	require.NoError(t, err)
	t.Log(report)
	for _, object := range objects {
		assert.Equal(t, "questions", object.GetNamespace(), object.GetName())
		if object.GetKind() != "Service" {
			continue
		}
		containers, _, err := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
		require.NoError(t, err)
		container := containers[0].(map[string]any)
		assert.Contains(t, container["env"], map[string]any{"name": "POD_NAMESPACE", "value": "questions"}, object.GetName())
		assert.Contains(t, container["image"], "@sha256:", object.GetName())
	}
}

func TestTheExampleOfAnOverlayTakesNoCallBeforeItsPlaceholdersAreEdited(t *testing.T) {
	folder := ownOverlay(t)
	broken := func() []string {
		objects, err := manifest.Build(folder)
		require.NoError(t, err)
		return promotion.Callers(t.Context(), "", objects)
	}
	require.Len(t, broken(), 1)
	assert.Contains(t, broken()[0], "a placeholder")
	identity := filepath.Join(folder, "identity.yaml")
	text, err := os.ReadFile(identity)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(identity, []byte(strings.ReplaceAll(string(text), "example.com", "acme.dev")), 0o600))
	assert.Empty(t, broken())
}
