package integration

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

// elicitationHandler is a client's person, as a function.
type elicitationHandler func(context.Context, mcp.ElicitationRequest) (*mcp.ElicitationResult, error)

func (f elicitationHandler) Elicit(ctx context.Context, request mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	return f(ctx, request)
}

// roundRobin sends each request to the next of the servers.
func roundRobin(servers chan *httptest.Server) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		server := <-servers
		servers <- server
		server.Config.Handler.ServeHTTP(w, r)
	})
}

// conversationOf returns the id of the database's one conversation.
func conversationOf(t testing.TB, url string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), postgrestest.AdminURL(t, url))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	var id string
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT id::text FROM conversations`).Scan(&id))
	return id
}

// asOwner runs one statement as the local principal in the functions' own role,
// which row security binds.
func asOwner(t testing.TB, url, statement string, args ...any) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(t.Context())
	_, err = tx.Exec(t.Context(), `SELECT set_config('app.principal', 'local', true)`)
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), statement, args...)
	return err
}
