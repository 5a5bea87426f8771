package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

func TestMain(m *testing.M) { postgrestest.Main(m, nil) }

const (
	ownerPassword = "owner-password-0123456789"
	rolePassword  = "role-password-0123456789"
	gatePassword  = "gate-password-0123456789"
)

// world is a server of a test's own, and the variables that commands read.
type world struct {
	t         testing.TB
	server    *embedded.Server
	variables variables
}

func newWorld(t testing.TB) *world {
	server := postgrestest.Private(t, nil)
	return &world{t, server, variables{
		"ADMIN_DATABASE_URL": server.AdminURL(),
		"OWNER_PASSWORD":     ownerPassword,
		"FUNCTIONS_PASSWORD": rolePassword,
		"GATEWAY_PASSWORD":   gatePassword,
		"BACKUP_URL":         "file://" + t.TempDir(),
	}}
}

// initialised is a world whose environments are set up.
func initialised(t testing.TB, environments ...string) *world {
	w := newWorld(t)
	for _, e := range environments {
		w.must("database", "init", e)
	}
	return w
}

// with is the same world with another variable.
func (w *world) with(name, value string) *world {
	other := *w
	other.variables = maps.Clone(w.variables)
	other.variables[name] = value
	return &other
}

// run runs a command and returns what it says.
func (w *world) run(args ...string) (out, progress string, err error) {
	return w.runIn(w.t.Context(), args...)
}

func (w *world) runIn(ctx context.Context, args ...string) (out, progress string, err error) {
	c := command(w.variables)
	var stdout, stderr bytes.Buffer
	c.SetOut(&stdout)
	c.SetErr(&stderr)
	c.SetIn(&bytes.Buffer{})
	c.SetArgs(args)
	err = c.ExecuteContext(ctx)
	return stdout.String(), stderr.String(), err
}

func (w *world) must(args ...string) string {
	w.t.Helper()
	out, progress, err := w.run(args...)
	require.NoError(w.t, err, progress)
	return out
}

func (w *world) refused(message string, args ...string) {
	w.t.Helper()
	_, _, err := w.run(args...)
	require.ErrorContains(w.t, err, message)
}

// url is a role's URL of a database.
func (w *world) url(role, password, database string) string {
	u, err := url.Parse(w.server.AdminURL())
	require.NoError(w.t, err)
	u.Path = "/" + database
	if role != "" {
		u.User = url.UserPassword(role, password)
	}
	return u.String()
}

func (w *world) functions(e string) string { return w.url("sq_"+e, rolePassword, "sq_"+e) }
func (w *world) owner(e string) string     { return w.url("sq_"+e+"_owner", ownerPassword, "sq_"+e) }
func (w *world) admin(database string) string {
	return w.url("", "", database)
}

func (w *world) connect(url string) *pgx.Conn {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), url)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// exec runs statements as the superuser.
func (w *world) exec(database string, statements ...string) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.admin(database))
	require.NoError(w.t, err)
	defer conn.Close(context.Background())
	for _, statement := range statements {
		_, err := conn.Exec(w.t.Context(), statement)
		require.NoError(w.t, err, statement)
	}
}

// query reads one value as the superuser.
func query[T any](w *world, database, statement string, args ...any) T {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.admin(database))
	require.NoError(w.t, err)
	defer conn.Close(context.Background())
	var value T
	require.NoError(w.t, conn.QueryRow(w.t.Context(), statement, args...).Scan(&value))
	return value
}

// service is the tools' own, as the functions' role.
func (w *world) service(e string) *conversation.Service {
	w.t.Helper()
	pool, err := postgres.Open(w.t.Context(), postgres.Config{URL: w.functions(e), MaxConns: 4})
	require.NoError(w.t, err)
	s := conversation.New(store.New(pool), conversation.Config{BatchSize: 2, MaxQuestions: 100})
	w.t.Cleanup(s.Close)
	return s
}

var trip = json.RawMessage(`{
	"type": "object",
	"required": ["destination", "budget", "insurance"],
	"properties": {
		"destination": {"type": "string"},
		"budget": {"type": "number", "minimum": 1},
		"insurance": {"type": "boolean"}
	}
}`)

var tripValues = map[string]any{"destination": "Lisbon", "budget": 500.0, "insurance": true}

// open opens a conversation and answers its first batch of questions.
func open(t testing.TB, ctx context.Context, s *conversation.Service, goal string) conversation.Turn {
	t.Helper()
	turn := insist(t, func() (conversation.Turn, error) {
		return s.Ask(ctx, conversation.AskInput{Context: goal, InformationNeeded: trip})
	})
	require.Len(t, turn.Questions, 2)
	return answer(t, ctx, s, turn)
}

// answer answers what a turn asks.
func answer(t testing.TB, ctx context.Context, s *conversation.Service, turn conversation.Turn) conversation.Turn {
	t.Helper()
	in := conversation.FollowUpInput{ConversationID: turn.ConversationID}
	for _, q := range turn.Questions {
		in.Answers = append(in.Answers, conversation.AnswerInput{QuestionNumber: q.QuestionNumber, Value: tripValues[q.Slot]})
	}
	return insist(t, func() (conversation.Turn, error) { return s.FollowUp(ctx, in) })
}

func report(t testing.TB, ctx context.Context, s *conversation.Service, id string) conversation.Report {
	t.Helper()
	return insist(t, func() (conversation.Report, error) {
		return s.Report(ctx, conversation.ReportInput{ConversationID: id})
	})
}

// insist repeats a call as clients do: a pool finds out with its next call that a
// switch has ended its connections.
func insist[T any](t testing.TB, call func() (T, error)) T {
	t.Helper()
	for try := 0; ; try++ {
		result, err := call()
		var unavailable *fault.Unavailable
		if try < 10 && errors.As(err, &unavailable) {
			continue
		}
		require.NoError(t, err)
		return result
	}
}

// lockedBuffer is written to by one goroutine and read by another.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
