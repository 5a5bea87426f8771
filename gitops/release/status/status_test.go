package status

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/gitops-engine/pkg/health"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd/argocdtest"
)

const (
	first  = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	second = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

func image(digit string) map[string]string {
	return map[string]string{"gateway": "registry/gateway@sha256:" + strings.Repeat(digit, 64)}
}

// read returns what is known of prod.
func read(t *testing.T, fake *argocdtest.Server) Environment {
	t.Helper()
	t.Setenv("ARGOCD_CONFIG_DIR", t.TempDir())
	server, err := argocd.Connect(t.Context(), apiclient.ClientOptions{ServerAddr: fake.Address, PlainText: true, AuthToken: argocdtest.Token})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	all, err := Read(t.Context(), server, []string{"prod"})
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0]
}

func printed(environment Environment) string {
	var text bytes.Buffer
	Print(&text, []Environment{environment})
	return text.String()
}

func TestTheStatusSaysWhatRuns(t *testing.T) {
	fake := argocdtest.New(t, "sequential-questioning-prod")
	fake.Deploy(first, argocdtest.Revision{Subject: "First", Images: image("1")})
	prod := read(t, fake)
	assert.Equal(t, "First", prod.Subject)
	assert.Equal(t, first, prod.Revision)
	assert.Equal(t, []string{"Synced", "Healthy", "on"}, []string{prod.Sync, prod.Health, prod.AutoSync})
	assert.Equal(t, []Function{{
		Name: "gateway", Revision: "gateway-00001", Digest: strings.Repeat("1", 12), Ready: true, Pinned: true, Pods: 2, PodsUp: 1,
	}}, prod.Functions)
	assert.Empty(t, prod.Problems)
	assert.Regexp(t, `gateway +gateway-00001 +111111111111 +yes +yes +1 of 2`, printed(prod))
}

func TestPodsThatArgoCDHidesAreNotCountedAsNone(t *testing.T) {
	fake := argocdtest.New(t, "sequential-questioning-prod")
	fake.Deploy(first, argocdtest.Revision{Images: image("1")})
	fake.HideRevisions = true
	prod := read(t, fake)
	assert.Equal(t, []string{"pods are unknown: Argo CD shows no Revisions: permit what gitops/argocd/projects lists in the project sequential-questioning"}, prod.Problems)
	assert.Contains(t, printed(prod), "problem    pods are unknown")
}

func TestAFunctionThatRunsSomethingElseIsNotPinned(t *testing.T) {
	fake := argocdtest.New(t, "sequential-questioning-prod")
	fake.Deploy(first, argocdtest.Revision{Images: image("1")})
	fake.Change(func(app *v1alpha1.Application) { app.Spec.SyncPolicy.Automated = nil })
	fake.Deploy(second, argocdtest.Revision{Images: image("2")})
	prod := read(t, fake)
	assert.Equal(t, "OutOfSync", prod.Sync)
	assert.Equal(t, "off", prod.AutoSync)
	require.Len(t, prod.Functions, 1)
	assert.False(t, prod.Functions[0].Pinned)
	assert.Regexp(t, `gateway +gateway-00001 +111111111111 +NO +yes`, printed(prod))
}

func TestAFunctionThatGitNoLongerHasIsShown(t *testing.T) {
	fake := argocdtest.New(t, "sequential-questioning-prod")
	fake.Deploy(first, argocdtest.Revision{Images: image("1")})
	fake.Change(func(app *v1alpha1.Application) { app.Spec.SyncPolicy.Automated = nil })
	fake.Deploy(second, argocdtest.Revision{Images: map[string]string{}})
	prod := read(t, fake)
	require.Len(t, prod.Functions, 1)
	assert.Equal(t, "is not part of bbbbbbbb", prod.Functions[0].Problem)
}

func TestAFunctionThatIsNotReadySaysWhy(t *testing.T) {
	fake := argocdtest.New(t, "sequential-questioning-prod")
	fake.Deploy(first, argocdtest.Revision{Images: image("1"), Never: map[string]string{"gateway": "crashes"}})
	prod := read(t, fake)
	require.Len(t, prod.Functions, 1)
	assert.False(t, prod.Functions[0].Ready)
	assert.Contains(t, prod.Functions[0].Problem, "crashes")
	assert.Equal(t, health.HealthStatusDegraded, health.HealthStatusCode(prod.Health))
}

func TestAMigrationThatFailsIsInTheLastSync(t *testing.T) {
	fake := argocdtest.New(t, "sequential-questioning-prod")
	fake.Deploy(first, argocdtest.Revision{Images: image("1")})
	fake.Deploy(second, argocdtest.Revision{Images: image("2"), Hook: "column is missing"})
	prod := read(t, fake)
	assert.Contains(t, printed(prod), "last sync  Failed to bbbbbbbb")
	assert.Contains(t, printed(prod), "one or more synchronization tasks completed unsuccessfully")
	assert.Contains(t, printed(prod), "has image 111111111111, not 222222222222")
}

func TestAnEnvironmentWithoutAnApplicationIsNotInstalled(t *testing.T) {
	fake := argocdtest.New(t, "sequential-questioning-elsewhere")
	prod := read(t, fake)
	assert.False(t, prod.Installed)
	assert.Contains(t, printed(prod), "prod: not installed (no Application sequential-questioning-prod")
}

func TestReadingEndsWithItsContext(t *testing.T) {
	fake := argocdtest.New(t, "sequential-questioning-prod")
	t.Setenv("ARGOCD_CONFIG_DIR", t.TempDir())
	server, err := argocd.Connect(t.Context(), apiclient.ClientOptions{ServerAddr: fake.Address, PlainText: true, AuthToken: argocdtest.Token})
	require.NoError(t, err)
	defer func() { assert.NoError(t, server.Close()) }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	_, err = Read(ctx, server, Environments)
	assert.Error(t, err)
}
