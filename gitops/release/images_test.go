package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner"
)

func TestNothingIsPinnedWhenTheRegistryIsDown(t *testing.T) {
	away := httptest.NewServer(nil)
	away.Close()
	root := repositoryWithMigrations(t)
	release := command()
	release.SetErr(t.Output())
	release.SetArgs([]string{"images", "--root", root, "--insecure", "--repository", strings.TrimPrefix(away.URL, "http://") + "/project"})
	err := release.ExecuteContext(t.Context())
	assert.ErrorContains(t, err, "nothing was pinned: push ")
	assert.Equal(t, "kind: Component\n", pinsOf(t, root))
}

func TestImagesThatWereNotPushedArePinnedInTheOwnersRegistry(t *testing.T) {
	root := repositoryWithMigrations(t)
	var out strings.Builder
	release := command()
	release.SetOut(&out)
	release.SetErr(t.Output())
	release.SetArgs([]string{"images", "--root", root, "--platform", "linux/amd64"})
	require.NoError(t, release.ExecuteContext(t.Context()))
	digest := strings.TrimSpace(strings.TrimPrefix(out.String(), "migrate"))
	assert.Regexp(t, "^sha256:[0-9a-f]{64}$", digest)
	mine, err := owner.Read(root)
	require.NoError(t, err)
	assert.Contains(t, pinsOf(t, root), "newName: "+mine.Registry()+"/migrate\n    digest: "+digest+"\n")
}

// repositoryWithMigrations has the migrate command, no function and no pins.
func repositoryWithMigrations(t *testing.T) string {
	t.Helper()
	owners, err := os.ReadFile("../owner/kustomization.yaml")
	require.NoError(t, err)
	root := t.TempDir()
	for path, content := range map[string]string{
		"go.work":                          "go 1.26.0\n\nuse ./migrations\n",
		"migrations/go.mod":                "module example.com/migrations\n",
		"migrations/cmd/migrate/main.go":   "package main\n\nfunc main() {}\n",
		"gitops/images/kustomization.yaml": "kind: Component\n",
		"gitops/owner/kustomization.yaml":  string(owners),
		"shared/version/VERSION":           "1.2.3\n",
	} {
		path = filepath.Join(root, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	// Building changes the environment: what is set here is set back after the test.
	for _, key := range []string{"GODEBUG", "GOWORK", "GOFLAGS", "GOEXPERIMENT", "GOFIPS140", "GOAMD64", "GOARM64", "CGO_ENABLED"} {
		t.Setenv(key, os.Getenv(key))
	}
	return root
}

func pinsOf(t *testing.T, root string) string {
	t.Helper()
	pins, err := os.ReadFile(filepath.Join(root, "gitops/images/kustomization.yaml"))
	require.NoError(t, err)
	return string(pins)
}
