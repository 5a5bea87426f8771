package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/database"
	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
	"github.com/sequential-questioning/sequential-questioning/shared/version"
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

// errUnset is the error of a check that is skipped because it is not configured.
var errUnset = errors.New("is not set")

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
	{"database", "", "check that PostgreSQL runs, is 15 or newer, and that DATABASE_URL is correct", serverVersion},
	{"environment", "database", "run operate database init ENV, or set DATABASE_URL to this environment's database",
		func(ctx context.Context, c *checker) (string, error) {
			return string(c.environment), c.belongs(ctx, c.pool)
		}},
	{"migrations", "environment", "run operate database init ENV, or let Argo CD sync", migrated},
	{"role", "environment", "run operate database init ENV, and give DATABASE_URL the functions' role, sq_ENV", privileges},
	{"tls", "environment", "add sslmode=require to DATABASE_URL", encrypted},
	{"events", "migrations", "see operate events list ENV, and the relay's log; then operate events replay ENV", events},
	{"erasures", "migrations", "see the logs of the indexer and of Qdrant", erasures},
	{"memory", "", "check that Qdrant runs and that QDRANT_URL and QDRANT_API_KEY are correct", answers},
	{"gateway", "", "check with `release status` that the gateway runs; if it requires a token, set GATEWAY_TOKEN", gateway},
}

// checker is what checks work with.
type checker struct {
	*operation
	pool     *pgxpool.Pool
	postgres postgres.Config
	maxLag   time.Duration
}

// defaultMaxLag is longer than what a lost message costs where nothing is wrong: an event
// whose nudge was lost waits for the relay's timer (gitops/base/eventing/sweep.yaml), and
// an erasure whose event was lost for the first run of it after ten minutes.
const defaultMaxLag = 30 * time.Minute

// checkTimeout bounds each check.
const checkTimeout = 10 * time.Second

// checkCommand runs all checks and prints one line for each. Its exit code is for
// schedules, its remedies are for people, --json is for programs.
func checkCommand(v variables) *cobra.Command {
	var maxLag time.Duration
	cmd := of(v, func(o *operation) error {
		c := &checker{operation: o, maxLag: maxLag}
		err := o.settings(&c.postgres)
		if err == nil {
			c.pool, err = postgres.Open(o.Context(), c.postgres)
		}
		if err != nil {
			return err
		}
		defer c.pool.Close()
		results, failed := c.run()
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
		Long: `Checks PostgreSQL, its migrations and roles, the backlog of events and erasures, Qdrant,
and the gateway. Prints a remedy for each failed check and exits with an error if one failed.`,
		Args: cobra.ExactArgs(1),
	})
	cmd.Flags().DurationVar(&maxLag, "max-lag", defaultMaxLag, "the longest that an event or an erasure may wait")
	cmd.Flags().Bool(asJSON, false, "print JSON")
	return cmd
}

// run runs all checks, one after the other: checks that ran at once would compete for the
// few connections that a role has.
func (c *checker) run() (results []result, failed int) {
	succeeded := map[string]bool{"": true}
	for _, check := range checks {
		r := result{Check: check.name, Status: "skipped", Found: "needs " + check.needs}
		if succeeded[check.needs] {
			ctx, cancel := context.WithTimeout(c.Context(), checkTimeout)
			found, err := check.run(ctx, c)
			cancel()
			switch {
			case err == nil:
				r.Status, r.Found, succeeded[check.name] = "ok", found, true
			case errors.Is(err, errUnset), errors.Is(err, memory.ErrNotConfigured):
				r.Found = err.Error()
			default:
				r.Status, r.Found, r.Do = "failed", err.Error(), strings.ReplaceAll(check.do, "ENV", string(c.environment))
				failed++
			}
		}
		results = append(results, r)
	}
	return results, failed
}

// judge returns what was found as an error if it is not as it should be.
func judge(found string, well bool, err error) (string, error) {
	if err == nil && !well {
		err = errors.New(found)
	}
	return found, err
}

// serverVersion refuses a server that is older than the oldest that is tested.
func serverVersion(ctx context.Context, c *checker) (string, error) {
	var recent bool
	var found string
	err := c.pool.QueryRow(ctx, `SELECT current_setting('server_version_num')::int >= 150000, current_setting('server_version')`).Scan(&recent, &found)
	return judge("PostgreSQL "+found, recent, err)
}

// migrated compares the migrations that this command embeds with those applied: use the
// command of the release that is deployed.
func migrated(ctx context.Context, c *checker) (string, error) {
	latest, err := migrations.Latest()
	if err != nil {
		return "", err
	}
	applied, err := migrations.Version(ctx, c.postgres.URL)
	return judge(fmt.Sprintf("%d of %d applied", applied, latest), applied >= latest, err)
}

// privileges checks that the roles have what they need and nothing more. A role that
// bypasses row security would silently remove the wall between principals.
func privileges(ctx context.Context, c *checker) (string, error) {
	conn, err := c.pool.Acquire(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Release()
	if role := conn.Conn().Config().User; role != c.environment.Role() {
		return "", fmt.Errorf("DATABASE_URL has role %s", role)
	}
	left, err := database.Privileges(ctx, conn.Conn(), c.environment)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("left to do: %s", strings.Join(left, "; "))
	}
	return c.environment.Role() + " reads and writes rows, " + c.environment.GatewayRole() + " rows of one table; neither may do more", err
}

// encrypted asks the server about the connection that the check itself uses. It needs
// no privilege: each role sees its own connection in pg_stat_ssl. Only within the
// server's machine it may be unencrypted.
// Behind a pooler it is the pooler's connection to the server that counts.
func encrypted(ctx context.Context, c *checker) (string, error) {
	var well bool
	var found string
	err := c.pool.QueryRow(ctx, `SELECT `+secure+`, coalesce(s.version, 'not encrypted')
		FROM (SELECT inet_client_addr() AS client) AS c, pg_stat_ssl s WHERE pid = pg_backend_pid()`).Scan(&well, &found)
	return judge(found, well, err)
}

// secure is the condition for a connection of which ssl says whether it is encrypted.
const secure = `(ssl OR client IS NULL OR client <<= '127.0.0.0/8' OR client = '::1')`

// events fails on dead letters and on a backlog that is too old. Its size alone
// says little: bursts are normal.
func events(ctx context.Context, c *checker) (string, error) {
	backlog, err := delivery.NewOutbox(c.pool).Backlog(ctx)
	return judge(fmt.Sprintf("%d waiting, the oldest for %s; %d dead letters", backlog.Waiting, backlog.Oldest.Round(time.Second), backlog.DeadLetters),
		backlog.DeadLetters == 0 && backlog.Oldest <= c.maxLag, err)
}

// erasures fails if memory has not confirmed an erasure in time: somebody's words may
// still be found there.
func erasures(ctx context.Context, c *checker) (string, error) {
	waiting, late, err := store.New(c.pool).UnconfirmedErasures(ctx, c.maxLag)
	return judge(fmt.Sprintf("%d not confirmed by memory, %d of them overdue", waiting, late), late == 0, err)
}

// answers checks that Qdrant answers with the functions' key. Without a collection nothing
// is wrong: the first answer creates it.
func answers(ctx context.Context, c *checker) (string, error) {
	m, err := c.memory()
	if err != nil {
		return "", err
	}
	defer m.Close()
	return "Qdrant answers", m.Ready(ctx)
}

// gateway lists the tools as a client would, which needs the route, TLS, the token's
// acceptance and the catalogue. It calls no tool and so wakes no function. It speaks
// the newest revision, which has no session to leave behind.
func gateway(ctx context.Context, c *checker) (string, error) {
	url := c.variables["GATEWAY_URL"]
	if url == "" {
		return "", fmt.Errorf("GATEWAY_URL %w", errUnset)
	}
	headers := map[string]string{}
	if token := c.variables["GATEWAY_TOKEN"]; token != "" {
		headers["Authorization"] = "Bearer " + token
	}
	carrier, err := transport.NewStreamableHTTP(url, transport.WithHTTPHeaders(headers))
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
	request.Params.ClientInfo = mcp.Implementation{Name: "operate", Version: version.Version}
	found, err := mcpClient.Initialize(ctx, request)
	if err != nil {
		return "", err
	}
	listed, err := mcpClient.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return "", err
	}
	return judge(fmt.Sprintf("%s %s with %d tools", found.ServerInfo.Name, found.ServerInfo.Version, len(listed.Tools)), len(listed.Tools) > 0, nil)
}
