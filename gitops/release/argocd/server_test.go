package argocd

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd/argocdtest"
)

const prod = "sequential-questioning-prod"

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "argocd-config-")
	if err != nil {
		panic(err)
	}
	os.Setenv("ARGOCD_CONFIG_DIR", folder)
	os.Unsetenv("ARGOCD_SERVER")
	os.Unsetenv("ARGOCD_AUTH_TOKEN")
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

func connected(t *testing.T, fake *argocdtest.Server) *Server {
	t.Helper()
	server, err := Connect(t.Context(), apiclient.ClientOptions{ServerAddr: fake.Address, AuthToken: argocdtest.Token, PlainText: true})
	require.NoError(t, err)
	server.Pause = time.Millisecond
	t.Cleanup(func() { server.Close() })
	return server
}

func TestATokenConnects(t *testing.T) {
	app, err := connected(t, argocdtest.New(t, prod)).Get(t.Context(), prod, false)
	require.NoError(t, err)
	assert.Equal(t, prod, app.Name)
}

func TestTheArgocdCommandsLoginConnects(t *testing.T) {
	fake, other := argocdtest.New(t, prod), argocdtest.New(t, prod)
	folder := t.TempDir()
	t.Setenv("ARGOCD_CONFIG_DIR", folder)
	config := "contexts: [{name: here, server: \"" + fake.Address + "\", user: here}]\ncurrent-context: here\n" +
		"servers: [{server: \"" + fake.Address + "\", plain-text: true}]\nusers: [{name: here, auth-token: " + argocdtest.Token + "}]\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "config"), []byte(config), 0o600))

	for _, options := range []apiclient.ClientOptions{{}, {ServerAddr: fake.Address}} {
		server, err := Connect(t.Context(), options)
		require.NoError(t, err)
		_, err = server.Get(t.Context(), prod, false)
		require.NoError(t, err)
		server.Close()
	}
	t.Run("and is not sent to another server", func(t *testing.T) {
		_, err := Connect(t.Context(), apiclient.ClientOptions{ServerAddr: other.Address, PlainText: true})
		assert.ErrorContains(t, err, "no login for Argo CD at "+other.Address)
	})
}

func TestAFailedConnectionNamesItsRemedy(t *testing.T) {
	fake := argocdtest.New(t, prod)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := free.Addr().String()
	require.NoError(t, free.Close())
	for name, c := range map[string]struct {
		options apiclient.ClientOptions
		says    []string
	}{
		"no server":   {apiclient.ClientOptions{AuthToken: "x"}, []string{"no Argo CD server is given", "--argocd-server"}},
		"no login":    {apiclient.ClientOptions{ServerAddr: fake.Address}, []string{"no login for Argo CD at " + fake.Address, "ARGOCD_AUTH_TOKEN"}},
		"no listener": {apiclient.ClientOptions{ServerAddr: nobody, AuthToken: "x"}, []string{"reach Argo CD at " + nobody, "connection refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Connect(t.Context(), c.options)
			require.Error(t, err)
			for _, says := range c.says {
				assert.ErrorContains(t, err, says)
			}
		})
	}
	t.Run("wrong token", func(t *testing.T) {
		server, err := Connect(t.Context(), apiclient.ClientOptions{ServerAddr: fake.Address, AuthToken: "x", PlainText: true})
		require.NoError(t, err)
		defer server.Close()
		_, err = server.Get(t.Context(), prod, false)
		assert.ErrorContains(t, err, "rejects the login: set ARGOCD_AUTH_TOKEN, or run `argocd login` (no session information)")
	})
	t.Run("no answer", func(t *testing.T) {
		silent, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer silent.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err = Connect(ctx, apiclient.ClientOptions{ServerAddr: silent.Addr().String(), AuthToken: "x", PlainText: true})
		assert.ErrorContains(t, err, "did not respond in time")
	})
}

func TestAMissingApplicationIsReportedAsDenied(t *testing.T) {
	fake := argocdtest.New(t, prod)
	_, err := connected(t, fake).Get(t.Context(), "elsewhere", false)
	assert.EqualError(t, err, "read Application elsewhere: Argo CD at "+fake.Address+" denies this account permission, or has no such Application (permission denied)")
}

func TestAForbiddenCallNamesTheAction(t *testing.T) {
	fake := argocdtest.New(t, prod)
	fake.Refuse("Rollback", status.Error(codes.PermissionDenied, "permission denied: applications, sync"))
	err := connected(t, fake).Rollback(t.Context(), prod, 1)
	assert.EqualError(t, err, "roll "+prod+" back to 1: Argo CD at "+fake.Address+" denies this account permission, or has no such Application (permission denied: applications, sync)")
	assert.False(t, Uncertain(err))
}
