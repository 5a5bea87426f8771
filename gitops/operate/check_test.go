package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/qdranttest"
	"github.com/sequential-questioning/sequential-questioning/shared/version"
)

// mcpServer starts an MCP server with one tool that requires a token, and that its client
// says who it is.
func mcpServer(t testing.TB) string {
	hooks := &server.Hooks{}
	hooks.AddBeforeListTools(func(_ context.Context, _ any, request *mcp.ListToolsRequest) {
		assert.Equal(t, &mcp.Implementation{Name: "operate", Version: version.Version}, request.Params.Meta.ClientInfo())
	})
	m := server.NewMCPServer("sequential-questioning", "1.2.3", server.WithToolCapabilities(false), server.WithHooks(hooks))
	m.AddTool(mcp.NewTool("sequential_questioning"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("asked"), nil
	})
	handler := server.NewStreamableHTTPServer(m)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token-0123456789" {
			http.Error(w, "no token", http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// checked runs the command check and returns its results by name.
func (f *fixture) checked(args ...string) (map[string]result, error) {
	f.t.Helper()
	out, _, err := f.run(append([]string{"check", "--json"}, args...)...)
	var results []result
	require.NoError(f.t, json.Unmarshal([]byte(out), &results), out)
	all := map[string]result{}
	for _, r := range results {
		all[r.Check] = r
	}
	return all, err
}

func complete(t testing.TB) *fixture {
	return initialised(t, "prod").applied("prod").with("QDRANT_URL", qdranttest.URL(t)).
		with("GATEWAY_URL", mcpServer(t)+"/mcp").with("GATEWAY_TOKEN", "token-0123456789")
}

// An event whose nudge was lost waits for the relay's timer, which is no fault.
func TestTheLagThatIsAllowedIsLongerThanTheRelaysTimer(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../base/eventing/sweep.yaml")
	require.NoError(t, err)
	var timer struct{ Spec struct{ Schedule string } }
	require.NoError(t, yaml.Unmarshal(data, &timer))
	var minutes int
	_, err = fmt.Sscanf(timer.Spec.Schedule, "*/%d * * * *", &minutes)
	require.NoError(t, err, timer.Spec.Schedule)
	const unconfirmed = 10 * time.Minute // of an erasure, after which the relay repeats its event
	assert.Greater(t, defaultMaxLag, unconfirmed+time.Duration(minutes)*time.Minute)
}

func TestAHealthyEnvironmentPassesEveryCheck(t *testing.T) {
	t.Parallel()
	f := complete(t)
	results, err := f.checked("prod")
	require.NoError(t, err)
	for _, name := range []string{"database", "environment", "migrations", "role", "tls", "events", "erasures", "memory", "gateway"} {
		assert.Equal(t, "ok", results[name].Status, "%s: %s", name, results[name].Found)
	}
	assert.Len(t, results, 9)
	assert.Equal(t, "sequential-questioning 1.2.3 with 1 tools", results["gateway"].Found)
	out, _, err := f.run("check", "prod")
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^database +ok +PostgreSQL \d+`, out)
}

func TestEveryFailureIsReportedWithARemedy(t *testing.T) {
	t.Parallel()
	f := complete(t)
	fails := func(f *fixture, name, found, do string) {
		t.Helper()
		results, err := f.checked("prod")
		require.ErrorContains(t, err, "of 9 checks failed")
		assert.Equal(t, "failed", results[name].Status, results[name].Found)
		assert.Contains(t, results[name].Found, found)
		assert.Contains(t, results[name].Do, do)
	}
	fails(f.with("DATABASE_URL", "postgres://sq_prod:hunter2secret@127.0.0.1:1/sq_prod"), "database", "connection refused", "check that PostgreSQL runs")
	fails(f.with("DATABASE_URL", f.url("sq_prod", rolePassword, "postgres")), "environment", "belongs to no environment", "set DATABASE_URL")
	fails(f.with("DATABASE_URL", f.owner("prod")), "role", "has role sq_prod_owner", "sq_prod")
	fails(f.with("QDRANT_URL", "http://127.0.0.1:1"), "memory", "qdrant", "QDRANT_API_KEY")
	fails(f.with("GATEWAY_TOKEN", ""), "gateway", "authorization required", "GATEWAY_TOKEN")
	fails(f.with("GATEWAY_URL", "http://127.0.0.1:1/mcp"), "gateway", "refused", "release status")

	f.exec("sq_prod", "GRANT CREATE ON SCHEMA public TO sq_prod")
	fails(f, "role", "REVOKE CREATE ON SCHEMA public FROM sq_prod", "operate database init prod")
	f.must("database", "init", "prod")
	f.exec("postgres", "ALTER ROLE sq_prod BYPASSRLS")
	fails(f, "role", "ALTER ROLE sq_prod LOGIN NOSUPERUSER", "operate database init prod")
	f.must("database", "init", "prod")
	f.exec("sq_prod", "GRANT SELECT ON answers TO sq_prod_gateway")
	fails(f, "role", "REVOKE SELECT ON TABLE public.answers FROM sq_prod_gateway", "operate database init prod")
	f.exec("postgres", "ALTER ROLE sq_prod_gateway BYPASSRLS")
	fails(f, "role", "ALTER ROLE sq_prod_gateway LOGIN NOSUPERUSER", "operate database init prod")
	f.must("database", "init", "prod")

	open(t, t.Context(), f.service("prod"), "Book a trip")
	f.exec("sq_prod", "UPDATE outbox SET created_at = now() - interval '1 hour'")
	fails(f, "events", "the oldest for 1h0m", "the relay's log")
	f.deadLetter("prod", "refused")
	fails(f, "events", "dead letters", "operate events list prod")
	f.must("events", "replay", "prod")
	f.exec("sq_prod", "DELETE FROM outbox", "INSERT INTO erasures (principal, conversation_id, at) VALUES ('ann', gen_random_uuid(), now() - interval '1 hour')")
	fails(f, "erasures", "1 of them overdue", "indexer")

	f.exec("sq_prod", "DELETE FROM erasures", "DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)")
	all, err := migrations.Latest()
	require.NoError(t, err)
	fails(f, "migrations", fmt.Sprintf("%d of %d applied", all-1, all), "operate database init prod")
}

func TestUnconfiguredPartsAreSkipped(t *testing.T) {
	t.Parallel()
	results, err := initialised(t, "prod").applied("prod").checked("prod")
	require.NoError(t, err)
	assert.Equal(t, "skipped", results["memory"].Status)
	assert.Equal(t, "skipped", results["gateway"].Status)
}

func TestCheckPrintsNoPasswords(t *testing.T) {
	t.Parallel()
	f := newOffline(t).with("DATABASE_URL", "postgres://sq_prod:hunter2secret@127.0.0.1:1/sq_prod").with("GATEWAY_TOKEN", "hunter2secret").with("GATEWAY_URL", "http://127.0.0.1:1/mcp")
	out, progress, err := f.run("check", "prod")
	require.ErrorContains(t, err, "checks failed")
	assert.NotContains(t, out+progress+err.Error(), "hunter2secret")
}

func TestAConnectionAcrossTheNetworkMustBeEncrypted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, c := range []struct {
		ssl    bool
		client any
		well   bool
	}{{true, "192.0.2.1", true}, {false, "192.0.2.1", false}, {false, "127.0.0.1", true}, {false, "::1", true}, {false, nil, true}} {
		assert.Equal(t, c.well, query[bool](f, "postgres", "SELECT "+secure+" FROM (SELECT $1::boolean, $2::inet) AS c (ssl, client)", c.ssl, c.client), "%+v", c)
	}
}
