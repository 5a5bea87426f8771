package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/check"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/qdranttest"
)

// gateway is an MCP server with one tool, which asks for a token.
func gateway(t testing.TB) string {
	m := server.NewMCPServer("sequential-questioning", "1.2.3", server.WithToolCapabilities(false))
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

// checked are the results by check.
func (w *world) checked(args ...string) (map[string]check.Result, error) {
	w.t.Helper()
	out, _, err := w.run(append([]string{"check", "--json"}, args...)...)
	var results []check.Result
	require.NoError(w.t, json.Unmarshal([]byte(out), &results), out)
	all := map[string]check.Result{}
	for _, r := range results {
		all[r.Check] = r
	}
	return all, err
}

func complete(t testing.TB) *world {
	return initialised(t, "prod").applied("prod").with("QDRANT_URL", qdranttest.URL(t)).
		with("GATEWAY_URL", gateway(t)+"/mcp").with("GATEWAY_TOKEN", "token-0123456789")
}

func TestAnEnvironmentThatIsWellPassesEveryCheck(t *testing.T) {
	t.Parallel()
	w := complete(t)
	results, err := w.checked("prod")
	require.NoError(t, err)
	for _, name := range []string{"database", "environment", "migrations", "role", "tls", "connections", "events", "erasures", "memory", "gateway"} {
		assert.Equal(t, check.OK, results[name].Status, "%s: %s", name, results[name].Found)
	}
	assert.Len(t, results, 10)
	assert.Equal(t, "sequential-questioning 1.2.3 with 1 tools", results["gateway"].Found)
	out, _, err := w.run("check", "prod")
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^database +ok +PostgreSQL \d+`, out)
}

func TestWhatIsNotWellIsToldWithWhatToDo(t *testing.T) {
	t.Parallel()
	w := complete(t)
	fails := func(w *world, name, found, do string) {
		t.Helper()
		results, err := w.checked("prod", "--timeout", "2s")
		require.ErrorContains(t, err, "of 10 checks failed")
		assert.Equal(t, check.Failed, results[name].Status, results[name].Found)
		assert.Contains(t, results[name].Found, found)
		assert.Contains(t, results[name].Do, do)
	}
	fails(w.with("DATABASE_URL", "postgres://sq_prod:hunter2secret@127.0.0.1:1/sq_prod"), "database", "connection refused", "see that PostgreSQL runs")
	fails(w.with("DATABASE_URL", w.url("sq_prod", rolePassword, "postgres")), "environment", "belongs to no environment", "set DATABASE_URL")
	fails(w.with("DATABASE_URL", w.owner("prod")), "role", "is of role sq_prod_owner", "sq_prod")
	fails(w.with("QDRANT_URL", "http://127.0.0.1:1"), "memory", "reach Qdrant", "QDRANT_API_KEY")
	fails(w.with("GATEWAY_TOKEN", ""), "gateway", "authorization required", "GATEWAY_TOKEN")
	fails(w.with("GATEWAY_URL", "http://127.0.0.1:1/mcp"), "gateway", "refused", "release status")

	w.exec("sq_prod", "GRANT CREATE ON SCHEMA public TO sq_prod")
	fails(w, "role", "take CREATE in the schema public from sq_prod", "operate database init prod")
	w.must("database", "init", "prod")
	w.exec("postgres", "ALTER ROLE sq_prod BYPASSRLS")
	fails(w, "role", "special rights are with sq_prod", "operate database init prod")
	w.must("database", "init", "prod")
	w.exec("sq_prod", "GRANT SELECT ON answers TO sq_prod_gateway")
	fails(w, "role", "let sq_prod_gateway reach the table elicitations and nothing else", "operate database init prod")
	w.exec("postgres", "ALTER ROLE sq_prod_gateway BYPASSRLS")
	fails(w, "role", "special rights are with sq_prod_gateway", "operate database init prod")
	w.must("database", "init", "prod")
	w.exec("postgres", "ALTER ROLE sq_prod CONNECTION LIMIT 1")
	fails(w, "connections", "the role's", "pg_stat_activity")
	w.must("database", "init", "prod")

	open(t, t.Context(), w.service("prod"), "Book a trip")
	w.exec("sq_prod", "UPDATE outbox SET created_at = now() - interval '1 hour'")
	fails(w, "events", "the oldest for 1h0m", "look at the relay")
	w.deadLetter("prod", "refused")
	fails(w, "events", "dead letters", "operate events list prod")
	w.must("events", "replay", "prod")
	w.exec("sq_prod", "DELETE FROM outbox", "INSERT INTO erasures (principal, conversation_id, at) VALUES ('ann', gen_random_uuid(), now() - interval '1 hour')")
	fails(w, "erasures", "1 of them late", "indexer")

	w.exec("sq_prod", "DELETE FROM erasures", "DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)")
	fails(w, "migrations", "pending: ", "operate database init prod")
}

func TestWhatIsNotSetIsSkipped(t *testing.T) {
	t.Parallel()
	results, err := initialised(t, "prod").applied("prod").checked("prod")
	require.NoError(t, err)
	assert.Equal(t, check.Skipped, results["memory"].Status)
	assert.Equal(t, check.Skipped, results["gateway"].Status)
}

func TestCheckKeepsPasswords(t *testing.T) {
	t.Parallel()
	w := newWorldless(t).with("DATABASE_URL", "postgres://sq_prod:hunter2secret@127.0.0.1:1/sq_prod").with("GATEWAY_TOKEN", "hunter2secret").with("GATEWAY_URL", "http://127.0.0.1:1/mcp")
	out, progress, err := w.run("check", "prod")
	require.ErrorContains(t, err, "checks failed")
	assert.NotContains(t, out+progress+err.Error(), "hunter2secret")
}
