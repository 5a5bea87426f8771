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

// fixture is a test's own PostgreSQL server and the variables that commands read.
type fixture struct {
	t         testing.TB
	server    *embedded.Server
	variables variables
}

func newFixture(t testing.TB) *fixture {
	server := postgrestest.Private(t, nil)
	return &fixture{t, server, variables{
		"ADMIN_DATABASE_URL": server.AdminURL(),
		"OWNER_PASSWORD":     ownerPassword,
		"FUNCTIONS_PASSWORD": rolePassword,
		"GATEWAY_PASSWORD":   gatePassword,
		"BACKUP_URL":         "file://" + t.TempDir(),
	}}
}

// initialised returns a fixture in which the environments are set up.
func initialised(t testing.TB, environments ...string) *fixture {
	f := newFixture(t)
	for _, e := range environments {
		f.must("database", "init", e)
	}
	return f
}

// with returns a copy of the fixture with a variable set.
func (f *fixture) with(name, value string) *fixture {
	other := *f
	other.variables = maps.Clone(f.variables)
	other.variables[name] = value
	return &other
}

// run runs a command and returns its output.
func (f *fixture) run(args ...string) (out, progress string, err error) {
	return f.runIn(f.t.Context(), args...)
}

func (f *fixture) runIn(ctx context.Context, args ...string) (out, progress string, err error) {
	c := command(f.variables)
	var stdout, stderr bytes.Buffer
	c.SetOut(&stdout)
	c.SetErr(&stderr)
	c.SetIn(&bytes.Buffer{})
	c.SetArgs(args)
	err = c.ExecuteContext(ctx)
	return stdout.String(), stderr.String(), err
}

func (f *fixture) must(args ...string) string {
	f.t.Helper()
	out, progress, err := f.run(args...)
	require.NoError(f.t, err, progress)
	return out
}

func (f *fixture) refused(message string, args ...string) {
	f.t.Helper()
	_, _, err := f.run(args...)
	require.ErrorContains(f.t, err, message)
}

// url returns a role's URL of a database.
func (f *fixture) url(role, password, database string) string {
	u, err := url.Parse(f.server.AdminURL())
	require.NoError(f.t, err)
	u.Path = "/" + database
	if role != "" {
		u.User = url.UserPassword(role, password)
	}
	return u.String()
}

func (f *fixture) functions(e string) string { return f.url("sq_"+e, rolePassword, "sq_"+e) }
func (f *fixture) owner(e string) string     { return f.url("sq_"+e+"_owner", ownerPassword, "sq_"+e) }
func (f *fixture) admin(database string) string {
	return f.url("", "", database)
}

func (f *fixture) connect(url string) *pgx.Conn {
	f.t.Helper()
	conn, err := pgx.Connect(f.t.Context(), url)
	require.NoError(f.t, err)
	f.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// exec runs statements as the superuser.
func (f *fixture) exec(database string, statements ...string) {
	f.t.Helper()
	conn, err := pgx.Connect(f.t.Context(), f.admin(database))
	require.NoError(f.t, err)
	defer conn.Close(context.Background())
	for _, statement := range statements {
		_, err := conn.Exec(f.t.Context(), statement)
		require.NoError(f.t, err, statement)
	}
}

// query reads one value as the superuser.
func query[T any](f *fixture, database, statement string, args ...any) T {
	f.t.Helper()
	conn, err := pgx.Connect(f.t.Context(), f.admin(database))
	require.NoError(f.t, err)
	defer conn.Close(context.Background())
	var value T
	require.NoError(f.t, conn.QueryRow(f.t.Context(), statement, args...).Scan(&value))
	return value
}

// service opens the conversation service as the functions' role.
func (f *fixture) service(e string) *conversation.Service { return f.serviceOf(f.functions(e)) }

func (f *fixture) serviceOf(url string) *conversation.Service {
	f.t.Helper()
	pool, err := postgres.Open(f.t.Context(), postgres.Config{URL: url, MaxConns: 4})
	require.NoError(f.t, err)
	s := conversation.New(store.New(pool), conversation.Config{BatchSize: 2, MaxQuestions: 100})
	f.t.Cleanup(s.Close)
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

// insist retries a call as clients do: a pool notices only at its next call that a switch
// has ended its connections.
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

// lockedBuffer may be written by one goroutine and read by another.
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
