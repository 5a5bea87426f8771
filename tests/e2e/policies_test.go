package e2e

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/sequential-questioning/sequential-questioning/tests/e2e/delivery"
)

func TestPoliciesAreEnforced(t *testing.T) {
	begin(t)
	t.Run("for kubectl apply", func(t *testing.T) {
		policies, err := filepath.Glob(filepath.Join("..", "..", "policies", "admission", "testdata", "*"))
		require.NoError(t, err)
		require.NotEmpty(t, policies)
		for _, folder := range policies {
			t.Run(filepath.Base(folder), func(t *testing.T) {
				violations, err := filepath.Glob(filepath.Join(folder, "fail-*.yaml"))
				require.NoError(t, err)
				tried := 0
				for _, path := range violations {
					content, err := os.ReadFile(path)
					require.NoError(t, err)
					messages, manifest, plain := violation(string(content))
					if !plain {
						continue
					}
					tried++
					_, err = deployment.Kubectl(t.Context(), strings.ReplaceAll(manifest, "sequential-questioning-dev", string(Staging)), "create", "--dry-run=server", "-f", "-")
					require.ErrorContains(t, err, "sequential-questioning-"+filepath.Base(folder), path)
					reported := func(message string) bool { return strings.Contains(err.Error(), message) }
					require.True(t, slices.ContainsFunc(messages, reported), "%s: got %v, want one of %q", path, err, messages)
				}
				require.NotZero(t, tried)
			})
		}
	})
	t.Run("for Argo CD's syncs", func(t *testing.T) {
		live := generations(t)
		require.NoError(t, deployment.Clone.Replace("gitops/base/functions/report.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"))
		message := failedAt(t, onProd(t, "A function that writes to its root"))
		require.Contains(t, message, "sequential-questioning-privileges")
		require.Equal(t, live["report"], generations(t)["report"])
		require.NoError(t, deployment.Synced(t.Context(), string(Prod), revert(t)))
	})
}

// violation splits a case into the fixed parts of its messages, of which the API server
// reports the first it meets, and the manifest. plain is true if the case creates one
// object of a kind that only admission policies check; other cases are about updates,
// controllers or parameters.
func violation(file string) (messages []string, manifest string, plain bool) {
	plain = !strings.Contains(file, "\nkind: Pod\n") && !strings.Contains(file, "reference:") && // image volumes, which few API servers support yet
		!strings.Contains(file, "\nkind: ConfigMap\n")
	lines := strings.SplitAfter(file, "\n")
	for i, line := range lines {
		comment, is := strings.CutPrefix(line, "# ")
		if !is {
			return messages, strings.Join(lines[i:], ""), plain
		}
		text, is := strings.CutPrefix(comment, "message: ")
		if !is {
			plain = false
			continue
		}
		message, _, _ := strings.Cut(strings.TrimSpace(text), "; allowed:") // the allowed registries differ here
		messages = append(messages, message)
	}
	return messages, "", false
}

func TestArgoCDRestrictsWhoMaySyncAndRollBack(t *testing.T) {
	begin(t)
	require.NoError(t, deployment.Patch(t.Context(), ConfigMaps, "argocd", "argocd-cm", `{"data":{"accounts.developer":"apiKey","accounts.on-call":"apiKey"}}`))
	require.NoError(t, deployment.Patch(t.Context(), ConfigMaps, "argocd", "argocd-rbac-cm", `{"data":{"policy.e2e.csv":"g, developer, role:sequential-questioning-developer\ng, on-call, role:sequential-questioning-on-call\n"}}`))
	token := func(account string) (token string) {
		var created struct{ Token string }
		require.NoError(t, deployment.Until(t.Context(), "the account "+account, func(ctx context.Context) (bool, error) {
			err := deployment.ArgoCD.Call(ctx, "POST", "/api/v1/account/"+account+"/token", map[string]any{}, &created)
			return err == nil, err
		}))
		return created.Token
	}
	developer, onCall := deployment.ArgoCD.As(token("developer")), deployment.ArgoCD.As(token("on-call"))
	sync := func(by *ArgoCD, environment Environment) error {
		return by.Call(t.Context(), "POST", "/api/v1/applications/"+string(environment)+"/sync", map[string]any{"dryRun": true}, nil)
	}
	require.NoError(t, deployment.Until(t.Context(), "the roles to be in force", func(ctx context.Context) (bool, error) {
		err := onCall.Call(ctx, "GET", "/api/v1/applications/"+string(Prod), nil, nil)
		return err == nil, err
	}))
	require.ErrorContains(t, sync(developer, Prod), "permission denied")
	require.ErrorContains(t, sync(developer, Staging), "permission denied")
	require.ErrorContains(t, developer.Call(t.Context(), "POST", "/api/v1/applications/"+string(Prod)+"/rollback", map[string]any{"id": 0}, nil), "permission denied")
	require.ErrorContains(t, developer.Call(t.Context(), "DELETE", "/api/v1/applications/"+string(Prod), nil, nil), "permission denied")
	require.ErrorContains(t, onCall.Call(t.Context(), "DELETE", "/api/v1/applications/"+string(Prod), nil, nil), "permission denied")
	require.NoError(t, sync(onCall, Prod))
	require.NoError(t, deployment.Synced(t.Context(), string(Prod), mustHead(t)))
}

func mustHead(t *testing.T) string {
	t.Helper()
	head, err := deployment.Clone.Git(t.Context(), "rev-parse", "HEAD")
	require.NoError(t, err)
	return head
}
