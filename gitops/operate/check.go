package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	api "github.com/qdrant/go-client/qdrant"
	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/database"
	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// result is the result of one check. Found is one line for people, also if the check
// succeeded. It never has a password: errors of connections leave URLs out.
// The names of checks are for programs and stay as they are; Found may change.
type result struct {
	Check  string `json:"check"`
	Status string `json:"status"` // ok, failed or skipped
	Found  string `json:"found"`
	Do     string `json:"do,omitempty"` // remedy, if it failed
}

// skipped is the error of a check that is not configured.
type skipped string

func (s skipped) Error() string { return string(s) }

// problem is an error with its own remedy, in place of the check's.
type problem struct{ found, do string }

func (p problem) Error() string { return p.found }

// checks are what check does, in this order, with the functions' own settings. They
// complement probes and alerts with what these cannot see, such as privileges that are
// missing or too wide. No check changes anything.
//
// A check is skipped if the one that it needs did not succeed: one broken URL should not
// read as eight problems. do is the remedy for operators; ENV stands for the environment.
var checks = []struct {
	name, needs, do string
	run             func(context.Context, *checker) (string, error)
}{
	{"database", "", "check that PostgreSQL runs and that DATABASE_URL is correct", serverVersion},
	{"environment", "database", "run operate database init ENV, or set DATABASE_URL to this environment's database",
		func(ctx context.Context, c *checker) (string, error) { return string(c.environment), c.belongs(ctx, c.pool) }},
	{"migrations", "environment", "run operate database init ENV, or let Argo CD sync", migrated},
	{"role", "environment", "run operate database init ENV", privileges},
	{"tls", "environment", "add sslmode=require to DATABASE_URL", encrypted},
	{"connections", "environment", "find their users in pg_stat_activity, or raise max_connections with gitops/overlays", connections},
	{"events", "migrations", "see the relay's log", events},
	{"erasures", "migrations", "see the logs of the indexer and of Qdrant", erasures},
	{"memory", "", "check that Qdrant runs and that QDRANT_URL and QDRANT_API_KEY are correct", collections},
	{"gateway", "", "check with `release status` that the gateway runs; if it requires a token, set GATEWAY_TOKEN", gateway},
}

// checker is what checks work with.
type checker struct {
	*operation
	pool           *pgxpool.Pool
	postgres       postgres.Config
	qdrant         qdrant.Config
	gateway, token string
	maxLag         time.Duration
}

// checkCommand runs all checks and prints one line for each. Its exit code is for
// schedules, its remedies are for people, --json is for programs.
func checkCommand(v variables) *cobra.Command {
	var url string
	var maxLag, timeout time.Duration
	cmd := of(v, func(o *operation) error {
		// A bound of zero would fail every check and look like an outage.
		if timeout <= 0 || maxLag <= 0 {
			return fmt.Errorf("--timeout and --max-lag are %s and %s: want durations above zero", timeout, maxLag)
		}
		c := &checker{operation: o, gateway: url, token: v["GATEWAY_TOKEN"], maxLag: maxLag}
		if c.gateway == "" {
			c.gateway = v["GATEWAY_URL"]
		}
		if err := errors.Join(o.settings(&c.postgres), o.settings(&c.qdrant)); err != nil {
			return err
		}
		var err error
		if c.pool, err = postgres.Open(o.Context(), c.postgres); err != nil {
			return err
		}
		defer c.pool.Close()
		results, failed := c.run(timeout)
		// Results are printed whole before the exit code is decided: the one that
		// failed is read among those that did not.
		err = show(o, "CHECK STATUS FOUND DO", results, func(r result) []any { return []any{r.Check, r.Status, r.Found, r.Do} })
		if err == nil && failed > 0 {
			err = fmt.Errorf("%d of %d checks failed", failed, len(results))
		}
		return err
	}, &cobra.Command{
		Use:   "check ENV",
		Short: "Check an environment's database, memory, events and gateway",
		Long: `Checks PostgreSQL, its migrations, roles and connections, the backlog of events and
erasures, Qdrant, and the gateway. Prints a remedy for each failed check and exits with
an error if one failed.`,
		Example: `  operate check prod --gateway https://questions.example.com/mcp --json`,
		Args:    cobra.ExactArgs(1),
	})
	cmd.Flags().StringVar(&url, "gateway", "", "the gateway's URL (default $GATEWAY_URL)")
	cmd.Flags().DurationVar(&maxLag, "max-lag", 10*time.Minute, "the longest that an event or an erasure may wait")
	cmd.Flags().DurationVar(&timeout, "timeout", 10*time.Second, "timeout of each check")
	cmd.Flags().Bool(asJSON, false, "print JSON")
	return cmd
}

// run runs all checks, each with the timeout, one after the other: checks that ran at
// once would compete for the few connections that a role has.
func (c *checker) run(timeout time.Duration) (results []result, failed int) {
	succeeded := map[string]bool{"": true}
	for _, check := range checks {
		r := result{Check: check.name, Status: "skipped", Found: "needs " + check.needs}
		if succeeded[check.needs] {
			ctx, cancel := context.WithTimeout(c.Context(), timeout)
			found, err := check.run(ctx, c)
			cancel()
			var known problem
			var skip skipped
			switch {
			case err == nil:
				r.Status, r.Found = "ok", found
				succeeded[check.name] = true
			case errors.As(err, &skip):
				r.Found = err.Error()
			default:
				r.Status, r.Found, r.Do = "failed", err.Error(), check.do
				if errors.As(err, &known) {
					r.Do = known.do
				}
				r.Do = strings.ReplaceAll(r.Do, "ENV", string(c.environment))
				failed++
			}
		}
		results = append(results, r)
	}
	return results, failed
}

// serverVersion refuses a server that is older than the oldest that is tested.
func serverVersion(ctx context.Context, c *checker) (string, error) {
	var recent bool
	var version string
	err := c.pool.QueryRow(ctx, `SELECT current_setting('server_version_num')::int >= 150000, current_setting('server_version')`).Scan(&recent, &version)
	if err == nil && !recent {
		err = problem{"PostgreSQL " + version, "upgrade it to 15 or newer"}
	}
	return "PostgreSQL " + version, err
}

// migrated compares the migrations that this command embeds with those applied: use the
// command of the release that is deployed.
func migrated(ctx context.Context, c *checker) (string, error) {
	all, err := migrations.Status(ctx, c.postgres.URL)
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

// privileges checks that the roles have what they need and nothing more. A role that
// bypasses row security would silently remove the wall between principals.
func privileges(ctx context.Context, c *checker) (string, error) {
	conn, err := c.pool.Acquire(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Release()
	var name string
	var special []string
	if err := conn.QueryRow(ctx, `SELECT current_user, ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname IN (current_user, $1)
		AND (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication) ORDER BY 1)`, c.environment.GatewayRole()).Scan(&name, &special); err != nil {
		return "", err
	}
	switch left, err := database.Privileges(ctx, conn.Conn(), c.environment); {
	case name != c.environment.Role():
		return "", problem{"DATABASE_URL has role " + name, "use the functions' role, " + c.environment.Role()}
	case len(special) > 0:
		return "", fmt.Errorf("roles with special privileges: %s", strings.Join(special, ", "))
	case err != nil:
		return "", err
	case len(left) > 0:
		return "", fmt.Errorf("left to do: %s", strings.Join(left, "; "))
	}
	return name + " reads and writes rows, " + c.environment.GatewayRole() + " rows of one table; neither may do more", nil
}

// encrypted asks the server about the connection that the check itself uses. It needs
// no privilege: each role sees its own connection in pg_stat_ssl.
// Behind a pooler it is the pooler's connection to the server that counts.
func encrypted(ctx context.Context, c *checker) (string, error) {
	var tls, near bool
	var protocol string
	err := c.pool.QueryRow(ctx, `SELECT ssl, coalesce(s.version, ''), inet_client_addr() IS NULL OR inet_client_addr() << '127.0.0.0/8' OR inet_client_addr() = '::1'
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

// connections fails before connections run out, since then nobody could connect to find
// out who holds them: when more than nine tenths are in use, a rollout, which doubles a
// function's instances for a while, may fail. A negative limit of a role means that it
// has none.
func connections(ctx context.Context, c *checker) (string, error) {
	var found string
	var full bool
	err := c.pool.QueryRow(ctx, `SELECT format('%s of %s, the role''s %s of %s', server, most, role, role_most),
			server > 0.9 * most OR role_most >= 0 AND role > 0.9 * role_most
		FROM (SELECT count(*) FILTER (WHERE backend_type = 'client backend') AS server, count(*) FILTER (WHERE usename = current_user) AS role,
			current_setting('max_connections')::int AS most, (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS role_most
			FROM pg_stat_activity) AS used`).Scan(&found, &full)
	if err == nil && full {
		err = errors.New(found)
	}
	return found, err
}

// events fails on dead letters and on a backlog that is too old. Its size alone
// says little: bursts are normal.
func events(ctx context.Context, c *checker) (string, error) {
	backlog, err := delivery.NewOutbox(c.pool).Backlog(ctx)
	found := fmt.Sprintf("%d waiting, the oldest for %s; %d dead letters", backlog.Waiting, backlog.Oldest.Round(time.Second), backlog.DeadLetters)
	switch {
	case err != nil:
	case backlog.DeadLetters > 0:
		err = problem{found, "see operate events list ENV, then replay"}
	case backlog.Oldest > c.maxLag:
		err = errors.New(found)
	}
	return found, err
}

// erasures fails if memory has not confirmed an erasure in time: somebody's words may
// still be found there.
func erasures(ctx context.Context, c *checker) (string, error) {
	waiting, late, err := store.New(c.pool).UnconfirmedErasures(ctx, c.maxLag)
	found := fmt.Sprintf("%d not confirmed by memory, %d of them overdue", waiting, late)
	if err == nil && late > 0 {
		err = errors.New(found)
	}
	return found, err
}

// collections checks that Qdrant answers with the functions' key, and counts the points of
// the environment's collections, approximately. Without a collection nothing is wrong: the
// first answer creates it.
func collections(ctx context.Context, c *checker) (string, error) {
	if c.qdrant.URL == "" {
		return "", skipped("QDRANT_URL is not set")
	}
	u, err := url.Parse(c.qdrant.URL)
	if err != nil {
		return "", errors.New("QDRANT_URL is malformed: want http://host:6334 or https://host:6334")
	}
	port, _ := strconv.Atoi(u.Port()) // 0 is the client's default
	server, err := api.NewClient(&api.Config{Host: u.Hostname(), Port: port, UseTLS: u.Scheme == "https", APIKey: c.qdrant.APIKey, PoolSize: 1, SkipCompatibilityCheck: true})
	if err != nil {
		return "", err
	}
	defer server.Close()
	health, err := server.HealthCheck(ctx)
	if err != nil {
		return "", fmt.Errorf("reach Qdrant: %w", err)
	}
	names, err := server.ListCollections(ctx)
	if err != nil {
		return "", fmt.Errorf("list Qdrant's collections: %w", err)
	}
	found := []string{"Qdrant " + health.GetVersion()}
	for _, name := range names {
		if !strings.HasPrefix(name, c.qdrant.Prefix+"_") {
			continue
		}
		points, err := server.Count(ctx, &api.CountPoints{CollectionName: name, Exact: api.PtrOf(false)})
		if err != nil {
			return "", fmt.Errorf("count the points of %s: %w", name, err)
		}
		found = append(found, fmt.Sprintf("%s with %d points", name, points))
	}
	return strings.Join(found, ", "), nil
}

// gateway lists the tools as a client would, which needs the route, TLS, the token's
// acceptance and the catalogue. It calls no tool and so wakes no function. It speaks
// the newest revision, which has no session to leave behind.
func gateway(ctx context.Context, c *checker) (string, error) {
	if c.gateway == "" {
		return "", skipped("GATEWAY_URL is not set")
	}
	var options []transport.StreamableHTTPCOption
	if c.token != "" {
		options = append(options, transport.WithHTTPHeaders(map[string]string{"Authorization": "Bearer " + c.token}))
	}
	carrier, err := transport.NewStreamableHTTP(c.gateway, options...)
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
	if err == nil && len(listed.Tools) == 0 {
		err = errors.New("it lists no tools")
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %s with %d tools", found.ServerInfo.Name, found.ServerInfo.Version, len(listed.Tools)), nil
}
