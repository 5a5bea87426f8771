package manifest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

func TestBuildReturnsTheObjectsOfAFolder(t *testing.T) {
	objects, err := manifest.Build(folder(t, job))
	require.NoError(t, err)
	require.Len(t, objects, 1)
	assert.Equal(t, "Job dev/migrations", manifest.Title(objects[0]))
	assert.NotPanics(t, func() { objects[0].DeepCopy() })
}

func TestADuplicateFieldIsRefused(t *testing.T) {
	_, err := manifest.Build(folder(t, configMap+"  key: other value\n"))
	assert.ErrorContains(t, err, `"key"`)
}

func TestAFolderThatDoesNotBuildIsReported(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	_, err := manifest.Build(missing)
	assert.ErrorContains(t, err, missing)
}

func folder(t *testing.T, document string) string {
	t.Helper()
	path := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(path, "kustomization.yaml"), []byte("resources: [object.yaml]\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(path, "object.yaml"), []byte(document), 0o644))
	return path
}
