// Package check checks the health of an environment's database, memory, events and
// gateway, from outside and with the functions' own settings. It complements probes and
// alerts with what they cannot see, such as privileges that are missing or too wide.
// Begin with Run. No check changes anything.
package check

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/database"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/vectors"
	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// Result is the result of one check. Found is one line for people, also if the check
// succeeded. It never has a password: errors of connections leave URLs out.
// The names of checks are for programs and stay as they are; Found may change.
type Result struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Found  string `json:"found"`
	Do     string `json:"do,omitempty"` // remedy, if it failed
}

// Status is the outcome of a check.
type Status string

// Statuses of a check. A check is skipped if it is not configured, or if what it
// depends on failed: one broken URL should not read as eight problems.
const (
	OK      Status = "ok"
	Failed  Status = "failed"
	Skipped Status = "skipped"
)

// Options configure the checks. The settings are those of the functions: what fails
// here fails there. MaxLag is how long an event or an erasure may wait, which a
// function at rest and a retry do not exceed.
type Options struct {
	Environment environment.Environment
	Postgres    postgres.Config
	Qdrant      qdrant.Config
	Gateway     string // URL up to /mcp; empty skips the gateway
	Token       string // for the gateway
	MaxLag      time.Duration
	Timeout     time.Duration // of each check
}

// checker collects results. It is used by one goroutine: checks that ran at once would
// compete for the few connections that a role has.
type checker struct {
	Options
	results []Result
}

// Run runs all checks. A failed check does not stop the others, except those that
// depend on it. The order of results is always the same. Each check has
// the timeout of the options, so the whole has an end.
// A context that ends fails the checks that are left.
func Run(ctx context.Context, o Options) []Result {
	c := &checker{Options: o}
	c.postgres(ctx)
	c.qdrant(ctx)
	c.gateway(ctx)
	return c.results
}

// problem is an error with its own remedy. check uses its remedy in place of the
// check's general one.
type problem struct{ found, do string }

func (p problem) Error() string { return p.found }

// check runs one check with its timeout and reports whether it succeeded. do is the
// remedy unless the error brings another one.
// The error of a timeout is the operation's own, such as the driver's.
func (c *checker) check(ctx context.Context, name, do string, run func(context.Context) (string, error)) bool {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	found, err := run(ctx)
	if err == nil {
		c.results = append(c.results, Result{name, OK, found, ""})
		return true
	}
	var known problem
	if errors.As(err, &known) {
		do = known.do
	}
	c.results = append(c.results, Result{name, Failed, err.Error(), do})
	return false
}

// skip records checks as skipped, with the reason. A line that is absent could be taken
// for one that is well.
func (c *checker) skip(names []string, why string) {
	for _, name := range names {
		c.results = append(c.results, Result{name, Skipped, why, ""})
	}
}

// postgres checks the database and what is stored in it. It connects as the functions'
// role, whose view is the one that matters. further are the checks that need it; they
// are skipped by name, so that a report always has the same lines.
func (c *checker) postgres(ctx context.Context) {
	further := []string{"environment", "migrations", "role", "tls", "connections", "events", "erasures"}
	pool, err := postgres.Open(ctx, c.Postgres)
	if err != nil {
		c.results = append(c.results, Result{"database", Failed, err.Error(), "set DATABASE_URL as functions have it"})
		c.skip(further, "no database")
		return
	}
	defer pool.Close()
	if !c.check(ctx, "database", "check that PostgreSQL runs and that DATABASE_URL is correct", func(ctx context.Context) (string, error) { return version(ctx, pool) }) {
		c.skip(further, "no database")
		return
	}
	initialise := "run operate database init " + string(c.Environment)
	right := c.check(ctx, "environment", initialise+", or set DATABASE_URL to this environment's database", func(ctx context.Context) (string, error) {
		conn, err := pool.Acquire(ctx)
		if err != nil {
			return "", err
		}
		defer conn.Release()
		_, err = database.Belongs(ctx, conn.Conn(), conn.Conn().Config().Database, c.Environment)
		return string(c.Environment), err
	})
	if !right {
		c.skip(further[1:], "the database belongs to another environment")
		return
	}
	migrated := c.check(ctx, "migrations", initialise+", or let Argo CD sync", func(ctx context.Context) (string, error) { return c.migrations(ctx) })
	c.check(ctx, "role", initialise, func(ctx context.Context) (string, error) { return c.role(ctx, pool) })
	c.check(ctx, "tls", "add sslmode=require to DATABASE_URL", func(ctx context.Context) (string, error) { return encrypted(ctx, pool) })
	c.check(ctx, "connections", "find their users in pg_stat_activity, or raise max_connections with gitops/overlays", func(ctx context.Context) (string, error) { return c.connections(ctx, pool) })
	if !migrated {
		c.skip(further[5:], "migrations are pending")
		return
	}
	c.check(ctx, "events", "see the relay's log", func(ctx context.Context) (string, error) { return c.events(ctx, pool) })
	c.check(ctx, "erasures", "see the logs of the indexer and of Qdrant", func(ctx context.Context) (string, error) { return c.erasures(ctx, pool) })
}

// version refuses a server that is older than the oldest that is tested. The oldest
// version is the one that package embedded accepts, too.
func version(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	var number int
	var version string
	if err := pool.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version')`).Scan(&number, &version); err != nil {
		return "", err
	}
	if number < 150000 {
		return "", problem{"PostgreSQL " + version, "upgrade it to 15 or newer"}
	}
	return "PostgreSQL " + version, nil
}

// migrations compares the migrations that this command embeds with those applied:
// use the command of the release that is deployed.
// They are read as the functions' role, which may read the table of migrations.
func (c *checker) migrations(ctx context.Context) (string, error) {
	all, err := migrations.Status(ctx, c.Postgres.URL)
	if err != nil {
		return "", err
	}
	var pending []string
	for _, m := range all {
		if m.Pending() {
			pending = append(pending, m.File)
		}
	}
	if len(pending) > 0 {
		return "", fmt.Errorf("pending: %s", strings.Join(pending, ", "))
	}
	return fmt.Sprintf("%d, the latest", all[len(all)-1].Version), nil
}

// role checks that the roles have what they need and nothing more. A role that
// bypasses row security would silently remove the wall between principals.
func (c *checker) role(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Release()
	var name string
	var special []string
	if err := conn.QueryRow(ctx, `SELECT current_user, ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname IN (current_user, $1)
		AND (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication) ORDER BY 1)`, c.Environment.GatewayRole()).Scan(&name, &special); err != nil {
		return "", err
	}
	if name != c.Environment.Role() {
		return "", problem{"DATABASE_URL has role " + name, "use the functions' role, " + c.Environment.Role()}
	}
	if len(special) > 0 {
		return "", fmt.Errorf("roles with special privileges: %s", strings.Join(special, ", "))
	}
	lack, err := database.Privileges(ctx, conn.Conn(), c.Environment)
	if err != nil {
		return "", err
	}
	if len(lack) > 0 {
		return "", fmt.Errorf("missing: %s", strings.Join(lack, "; "))
	}
	return name + " reads and writes rows, " + c.Environment.GatewayRole() + " rows of one table; neither may do more", nil
}

// encrypted asks the server about the connection that the check itself uses. It needs
// no privilege: each role sees its own connection in pg_stat_ssl.
// Behind a pooler it is the pooler's connection to the server that counts.
func encrypted(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	var tls, near bool
	var protocol string
	err := pool.QueryRow(ctx, `SELECT ssl, coalesce(s.version, ''), inet_client_addr() IS NULL OR inet_client_addr() << '127.0.0.0/8' OR inet_client_addr() = '::1'
		FROM pg_stat_ssl s WHERE pid = pg_backend_pid()`).Scan(&tls, &protocol, &near)
	if err != nil {
		return "", err
	}
	return judge(tls, near, protocol)
}

// judge accepts an unencrypted connection only within this machine.
// It is separate from the query so that a test needs no server with TLS.
func judge(tls, near bool, protocol string) (string, error) {
	switch {
	case tls:
		return protocol, nil
	case near:
		return "none; the server is on this machine", nil
	}
	return "", errors.New("the connection is not encrypted")
}

// full is the share of connections in use above which the check fails. Above it a
// rollout, which doubles a function's instances for a while, may fail.
const full = 0.9

// connections fails before connections run out, since then nobody could connect to find
// out who holds them. A negative limit of a role means that it has none.
func (c *checker) connections(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	var server, limit, role, roleLimit int
	err := pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), current_setting('max_connections')::int,
		(SELECT count(*) FROM pg_stat_activity WHERE usename = current_user), (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user)`).
		Scan(&server, &limit, &role, &roleLimit)
	if err != nil {
		return "", err
	}
	found := fmt.Sprintf("%d of %d", server, limit)
	if roleLimit >= 0 {
		found += fmt.Sprintf(", the role's %d of %d", role, roleLimit)
	}
	if float64(server) > full*float64(limit) || roleLimit >= 0 && float64(role) > full*float64(roleLimit) {
		return "", errors.New(found)
	}
	return found, nil
}

// events fails on dead letters and on a backlog that is too old. Its size alone
// says little: bursts are normal.
func (c *checker) events(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	backlog, err := delivery.NewOutbox(pool).Backlog(ctx)
	if err != nil {
		return "", err
	}
	found := fmt.Sprintf("%d waiting, the oldest for %s; %d dead letters", backlog.Waiting, backlog.Oldest.Round(time.Second), backlog.DeadLetters)
	switch {
	case backlog.DeadLetters > 0:
		return "", problem{found, "see operate events list " + string(c.Environment) + ", then replay"}
	case backlog.Oldest > c.MaxLag:
		return "", errors.New(found)
	}
	return found, nil
}

// erasures fails if memory has not confirmed an erasure in time: somebody's words may
// still be found there. The remedy names logs, since what holds one up is seen only
// there.
// Those that still have time are counted in the text, and do not fail the check.
func (c *checker) erasures(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	waiting, late, err := store.New(pool).UnconfirmedErasures(ctx, c.MaxLag)
	if err != nil {
		return "", err
	}
	found := fmt.Sprintf("%d not confirmed by memory, %d of them overdue", waiting, late)
	if late > 0 {
		return "", errors.New(found)
	}
	return found, nil
}

// qdrant checks that Qdrant answers with the functions' key. Without a collection
// nothing is wrong: the first answer creates it.
func (c *checker) qdrant(ctx context.Context) {
	if c.Qdrant.URL == "" {
		c.skip([]string{"memory"}, "QDRANT_URL is not set")
		return
	}
	c.check(ctx, "memory", "check that Qdrant runs and that QDRANT_URL and QDRANT_API_KEY are correct", func(ctx context.Context) (string, error) {
		server, err := vectors.Open(c.Qdrant)
		if err != nil {
			return "", err
		}
		defer server.Close()
		version, err := server.Version(ctx)
		if err != nil {
			return "", err
		}
		points, err := server.Collections(ctx)
		if err != nil {
			return "", err
		}
		found := []string{"Qdrant " + version}
		for _, name := range slices.Sorted(maps.Keys(points)) {
			found = append(found, fmt.Sprintf("%s with %d points", name, points[name]))
		}
		if len(points) == 0 {
			found = append(found, "no collection yet")
		}
		return strings.Join(found, ", "), nil
	})
}

// gateway lists the tools as a client would, which needs the route, TLS, the token's
// acceptance and the catalogue. It calls no tool and so wakes no function. It speaks
// the newest revision, which has no session to leave behind.
func (c *checker) gateway(ctx context.Context) {
	if c.Gateway == "" {
		c.skip([]string{"gateway"}, "GATEWAY_URL is not set")
		return
	}
	c.check(ctx, "gateway", "check with `release status` that the gateway runs; if it requires a token, set GATEWAY_TOKEN", func(ctx context.Context) (string, error) {
		var options []transport.StreamableHTTPCOption
		if c.Token != "" {
			options = append(options, transport.WithHTTPHeaders(map[string]string{"Authorization": "Bearer " + c.Token}))
		}
		carrier, err := transport.NewStreamableHTTP(c.Gateway, options...)
		if err != nil {
			return "", err
		}
		mcpClient := client.NewClient(carrier, client.WithProtocolVersion(mcp.ProtocolVersion20260728))
		defer mcpClient.Close()
		if err := mcpClient.Start(ctx); err != nil {
			return "", err
		}
		request := mcp.InitializeRequest{}
		request.Params.ProtocolVersion = mcp.ProtocolVersion20260728
		request.Params.ClientInfo = mcp.Implementation{Name: "operate", Version: "1"}
		found, err := mcpClient.Initialize(ctx, request)
		if err != nil {
			return "", err
		}
		listed, err := mcpClient.ListTools(ctx, mcp.ListToolsRequest{})
		if err != nil {
			return "", err
		}
		if len(listed.Tools) == 0 {
			return "", errors.New("it lists no tools")
		}
		return fmt.Sprintf("%s %s with %d tools", found.ServerInfo.Name, found.ServerInfo.Version, len(listed.Tools)), nil
	})
}
