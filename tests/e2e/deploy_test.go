package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	. "github.com/sequential-questioning/sequential-questioning/tests/e2e/delivery"
)

func TestArgoCDDeploysTheCommitInGit(t *testing.T) {
	begin(t)
	functions := functions(t)
	pins, err := os.ReadFile(filepath.Join(deployment.Clone.Folder, "gitops", "images", "kustomization.yaml"))
	require.NoError(t, err)

	t.Run("every function is ready, from the pinned digest", func(t *testing.T) {
		for _, environment := range []Environment{Staging, Prod} {
			for _, name := range functions {
				service, err := deployment.Get(t.Context(), Services, string(environment), name)
				require.NoError(t, err)
				ready, message := Condition(service, "Ready")
				require.Equal(t, "True", ready, message)
				containers, _, _ := unstructured.NestedSlice(service.Object, "spec", "template", "spec", "containers")
				image, _ := containers[0].(map[string]any)["image"].(string)
				repository, digest, pinned := strings.Cut(image, "@")
				require.True(t, pinned, image)
				require.Equal(t, deployment.Cluster.Registry+"/sequential-questioning/"+name, repository)
				require.Contains(t, string(pins), "digest: "+digest)
			}
		}
	})
	t.Run("migrations ran before it", func(t *testing.T) {
		for _, environment := range []Environment{Staging, Prod} {
			job, err := deployment.Get(t.Context(), Jobs, string(environment), "migrations")
			require.NoError(t, err)
			complete, message := Condition(job, "Complete")
			require.Equal(t, "True", complete, message)
			require.NotZero(t, schemaVersion(t, environment))
		}
	})
	t.Run("release status shows it", func(t *testing.T) {
		shown, err := deployment.Release(t.Context(), "status", "--env", "staging,prod")
		require.NoError(t, err)
		require.Contains(t, shown, mustHead(t)[:7])
		for _, name := range functions {
			require.Contains(t, shown, name)
		}
		require.NotContains(t, shown, "pods are unknown")
		require.Regexp(t, `\n  gateway +gateway-\d+ +\w+ +yes +yes +[1-9]`, shown, "prod's gateway always has a pod")
	})
	t.Run("the gateway is public, the tools are not", func(t *testing.T) {
		for _, name := range functions {
			status, body, err := deployment.Public(t.Context(), name, string(Prod))
			require.NoError(t, err)
			if name == "gateway" {
				require.NotEqual(t, http.StatusNotFound, status, body)
			} else {
				require.Equal(t, http.StatusNotFound, status, "%s answers the public: %s", name, body)
			}
		}
	})
}

// functions returns the names of all functions with a func.yaml.
func functions(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(deployment.Clone.Folder, "functions", "*", "func.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, found)
	var names []string
	for _, path := range found {
		names = append(names, filepath.Base(filepath.Dir(path)))
	}
	return names
}

func schemaVersion(t *testing.T, environment Environment) (version int64) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), deployment.URLs[environment])
	require.NoError(t, err)
	defer conn.Close(t.Context())
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT max(version_id) FROM goose_db_version WHERE is_applied").Scan(&version))
	return version
}
