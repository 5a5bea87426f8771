package integration

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// poolSize is how many connections to PostgreSQL the pooler opens. The functions of the
// test open sixteen times as many to the pooler.
const poolSize = 2

// A pooler in transaction mode gives each transaction another connection. Whatever is
// left in one, a principal, a lock or a statement, would meet the next caller there.
func TestConversationsOfManyPrincipalsShareTheConnectionsOfAPooler(t *testing.T) {
	t.Parallel()
	url := postgrestest.New(t)
	pooled := startPooler(t, url)
	const functions, principals, each = 8, 4, 5
	services := make([]*conversation.Service, functions)
	for i := range services {
		services[i] = serviceOn(t, pooled, 4)
	}
	most := watchConnections(t, url)
	var group sync.WaitGroup
	for p := range principals {
		for n := range each {
			group.Go(func() {
				ctx := principal.With(t.Context(), fmt.Sprintf("principal-%d", p))
				at := func(call int) *conversation.Service { return services[(p+n+call)%functions] }
				said := fmt.Sprintf("Lisbon %d-%d", p, n)
				turn, err := at(0).Ask(ctx, conversation.AskInput{Context: "Book a trip", UserID: "ada", InformationNeeded: trip, BatchSize: 1,
					Metadata: map[string]any{"idempotency_key": said}})
				if !assert.NoError(t, err) {
					return
				}
				for call, answer := range []conversation.AnswerInput{{Slot: "destination", Value: said}, {Slot: "budget", Value: 500.0}, {Slot: "insurance", Value: true}} {
					in := conversation.FollowUpInput{ConversationID: turn.ConversationID, UserID: "ada", Answers: []conversation.AnswerInput{answer}}
					first, err := at(call+1).FollowUp(ctx, in)
					assert.NoError(t, err)
					again, err := at(call+2).FollowUp(ctx, in)
					assert.NoError(t, err)
					assert.Equal(t, first.Questions, again.Questions, "a repeated call returns the same, wherever it comes to")
				}
				report, err := at(5).Report(ctx, conversation.ReportInput{ConversationID: turn.ConversationID, UserID: "ada"})
				assert.NoError(t, err)
				assert.Equal(t, said, report.Values["destination"])
				other := principal.With(t.Context(), fmt.Sprintf("principal-%d", (p+1)%principals))
				_, err = at(6).Report(other, conversation.ReportInput{ConversationID: turn.ConversationID, UserID: "ada"})
				assert.Error(t, err, "nobody else's")
			})
		}
	}
	group.Wait()
	opened := most()
	assert.Positive(t, opened)
	assert.LessOrEqual(t, opened, poolSize, "connections to PostgreSQL")
	assert.Equal(t, principals*each, count(t, url, `SELECT count(*) FROM conversations`))
	assert.Equal(t, 3*principals*each, count(t, url, `SELECT count(*) FROM answers`))
}

// The relay's claims and the store's sweeps go through the pooler as well, and nothing
// of them stays in its connections.
func TestTheEventingSideLeavesNothingInAPoolersConnections(t *testing.T) {
	t.Parallel()
	url := postgrestest.New(t)
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: startPooler(t, url), MaxConns: 8})
	require.NoError(t, err)
	s := store.New(pool)
	t.Cleanup(s.Close)
	service := conversation.New(s, defaults)
	turn := openTrip(t, service)
	answerAll(t, service, turn)
	outbox := delivery.NewOutbox(pool)
	var group sync.WaitGroup
	var mu sync.Mutex
	claimed := map[string]int{}
	for range 8 { // claims wait for each other by an advisory lock
		group.Go(func() {
			entries, err := outbox.Claim(t.Context(), 2, time.Minute)
			assert.NoError(t, err)
			assert.NoError(t, outbox.Settle(t.Context(), delivery.Settlement{Published: entries}))
			mu.Lock()
			defer mu.Unlock()
			for _, e := range entries {
				claimed[e.ID.String()]++
			}
		})
	}
	group.Wait()
	require.NotEmpty(t, claimed)
	for id, times := range claimed {
		assert.Equal(t, 1, times, id)
	}
	_, err = s.SweepResults(t.Context(), store.KeptFor, 10)
	require.NoError(t, err)
	for range 2 * poolSize {
		var left string
		require.NoError(t, pool.QueryRow(t.Context(), `SELECT coalesce(current_setting('app.principal', true), '') || coalesce(current_setting('app.role', true), '')`).Scan(&left))
		assert.Empty(t, left)
	}
	assert.Zero(t, count(t, url, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`))
}

// watchConnections returns the most connections that the functions' role has had to the
// database when it is called.
func watchConnections(t *testing.T, url string) func() int {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	most, ended := 0, make(chan struct{})
	conn, err := pgx.Connect(t.Context(), postgrestest.AdminURL(t, url))
	require.NoError(t, err)
	go func() {
		defer close(ended)
		defer conn.Close(context.Background())
		for ctx.Err() == nil {
			var now int
			if conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
				AND usename <> 'postgres'`).Scan(&now) == nil {
				most = max(most, now)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return func() int { end(); <-ended; return most }
}

// startPooler starts PgBouncer before a database, and returns the URL by which functions
// reach it. It ends with the test.
func startPooler(t *testing.T, url string) string {
	t.Helper()
	bouncer, prepares := poolerProgram(t)
	server, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := free.Addr().(*net.TCPAddr).Port
	require.NoError(t, free.Close())
	folder, err := os.MkdirTemp("", "pooler-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	require.NoError(t, os.Chmod(folder, 0o755)) // its account reads it
	ini := fmt.Sprintf(`[databases]
%[1]s = host=%[2]s port=%[3]d dbname=%[1]s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %[4]d
unix_socket_dir =
auth_type = plain
auth_file = %[5]s/users
pool_mode = transaction
default_pool_size = %[6]d
max_client_conn = 200
ignore_startup_parameters = statement_timeout,lock_timeout
`, server.Database, server.Host, server.Port, port, folder, poolSize)
	if prepares {
		ini += "max_prepared_statements = 200\n"
	}
	if os.Geteuid() == 0 {
		ini += "user = postgres\n" // it refuses to run as root
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "pgbouncer.ini"), []byte(ini), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "users"), fmt.Appendf(nil, "%q %q\n", server.User, server.Password), 0o644))
	var log strings.Builder
	process := exec.Command(bouncer, filepath.Join(folder, "pgbouncer.ini"))
	process.Stderr = &log
	require.NoError(t, process.Start())
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	pooled := fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/%s?sslmode=disable", server.User, server.Password, port, server.Database)
	if !prepares {
		pooled += "&default_query_exec_mode=cache_describe"
	}
	require.Eventually(t, func() bool {
		conn, err := pgx.Connect(t.Context(), pooled)
		if err != nil {
			return false
		}
		return conn.Close(t.Context()) == nil
	}, 20*time.Second, 50*time.Millisecond)
	return pooled
}

var poolerVersion = regexp.MustCompile(`PgBouncer (\d+)\.(\d+)`)

// poolerProgram finds PgBouncer, or installs the distribution's as root without
// starting its service, and reports whether it keeps prepared statements in transaction
// mode: since 1.21.
func poolerProgram(t *testing.T) (path string, prepares bool) {
	t.Helper()
	find := func() string {
		for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer", "/opt/homebrew/bin/pgbouncer"} {
			if found, err := exec.LookPath(name); err == nil {
				return found
			}
		}
		return ""
	}
	installPooler.Do(func() {
		if find() == "" && os.Geteuid() == 0 {
			install := exec.Command("apt-get", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120", "pgbouncer")
			install.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1") // at which invoke-rc.d starts nothing
			if out, err := install.CombinedOutput(); err != nil {
				t.Logf("%s: %s", err, out)
			}
		}
	})
	path = find()
	require.NotEmpty(t, path, "PgBouncer is not installed: install the package pgbouncer")
	out, err := exec.Command(path, "--version").Output()
	require.NoError(t, err)
	version := poolerVersion.FindStringSubmatch(string(out))
	require.Len(t, version, 3, string(out))
	major, _ := strconv.Atoi(version[1]) // digits
	minor, _ := strconv.Atoi(version[2])
	return path, major > 1 || minor >= 21
}

var installPooler sync.Once
