package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNothingIsPinnedWhenTheRegistryIsDown(t *testing.T) {
	away := httptest.NewServer(nil)
	away.Close()
	root := t.TempDir()
	for path, content := range map[string]string{
		"go.work":                          "go 1.26.0\n\nuse ./migrations\n",
		"migrations/go.mod":                "module example.com/migrations\n",
		"migrations/cmd/migrate/main.go":   "package main\n\nfunc main() {}\n",
		"gitops/images/kustomization.yaml": "kind: Component\n",
		"shared/version/VERSION":           "1.2.3\n",
	} {
		path = filepath.Join(root, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	release := command()
	release.SetErr(t.Output())
	release.SetArgs([]string{"images", "--root", root, "--insecure", "--repository", strings.TrimPrefix(away.URL, "http://") + "/project"})
	err := release.ExecuteContext(t.Context())
	assert.ErrorContains(t, err, "nothing was pinned: push ")
	pins, err := os.ReadFile(filepath.Join(root, "gitops/images/kustomization.yaml"))
	require.NoError(t, err)
	assert.Equal(t, "kind: Component\n", string(pins))
}
