// Command operate is for operators, by hand or on a schedule. It sets up, backs up and
// restores databases, generates secrets, maintains memory and events, and checks an
// environment.
//
// Its commands have rules in common. The first argument names the environment, and
// what belongs to another environment is refused. --dry-run prints what would be done.
// A second run changes nothing, and an interrupted one can be repeated. Results go to
// stdout, progress to stderr, and an error is one line with its remedy. Passwords come
// from the environment, never from arguments, and are never printed.
//
// It stays thin: what kubectl, argocd or psql does well is not done again here.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/database"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/settings"
	"github.com/sequential-questioning/sequential-questioning/shared/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(env.ToMap(os.Environ())).ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "operate:", err)
		os.Exit(1)
	}
}

// variables are the process's environment variables. Passwords come from them, never
// from arguments. They are passed on and never read in the depth, so a test can give
// its own.
type variables map[string]string

// command returns the whole command tree. Tests call it with their own variables.
// Errors are printed by main alone, in one line; a wrong flag does not bring the whole
// usage.
func command(v variables) *cobra.Command {
	root := group("operate", "Operate an environment: its database, secrets, memory and events",
		group("database", "Set up, back up and restore databases",
			initCommand(v), backupCommand(v), backupsCommand(v), restoreCommand(v), switchCommand(v)),
		group("secrets", "Generate the secrets of environments", generateCommand(v)),
		group("memory", "Rebuild memory", rebuildCommand(v)),
		group("events", "List and requeue dead letters", eventsListCommand(v), eventsReplayCommand(v)),
		exportCommand(v), auditCommand(v), checkCommand(v))
	root.Version, root.SilenceErrors, root.SilenceUsage = version.Version, true, true
	root.Long = `ENV is dev, staging or prod. Secrets and addresses come from environment variables:
ADMIN_DATABASE_URL and BACKUP_URL for database; DATABASE_URL, as functions have it, for
the other commands; QDRANT_URL, QDRANT_API_KEY and QDRANT_COLLECTION_PREFIX, as functions
have them, for memory and check; GATEWAY_URL, up to /mcp, and GATEWAY_TOKEN for check.
Backups and restores need pg_dump and pg_restore. docs/operating.md has more.`
	return root
}

// group returns a command that only has subcommands. Called without one, it prints its
// help.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short}
	c.AddCommand(commands...)
	return c
}

// operation is one run of a command.
type operation struct {
	*cobra.Command
	variables
	environment environment.Environment // empty if the command was given none
	args        []string                // after the environment
}

// of completes a command whose first argument names the environment. A wrong environment
// is refused before anything is opened. cobra has checked the number of arguments.
func of(v variables, run func(*operation) error, c *cobra.Command) *cobra.Command {
	c.RunE = func(c *cobra.Command, args []string) error {
		o := &operation{Command: c, variables: v}
		if len(args) > 0 {
			var err error
			if o.environment, err = environment.Parse(args[0]); err != nil {
				return err
			}
			o.args = args[1:]
		}
		return run(o)
	}
	return c
}

// printf prints a result. A script can read the results alone.
func (o *operation) printf(format string, args ...any) {
	fmt.Fprintf(o.OutOrStdout(), format, args...)
}

// progress prints a line of progress.
func (o *operation) progress(line string) { fmt.Fprintln(o.ErrOrStderr(), line) }

const dryRun = "dry-run"

// dry reports whether only to print what would be done.
func (o *operation) dry() bool {
	dry, _ := o.Flags().GetBool(dryRun) // false where there is no such flag
	return dry
}

// did says what was done, or would be.
func (o *operation) did(done, would string) string {
	if o.dry() {
		return would
	}
	return done
}

const asJSON = "json"

// show prints a list as JSON, or as a table with the cells of a row for each. An empty
// list has to be a list and not nil.
func show[T any](o *operation, header string, all []T, row func(T) []any) error {
	if is, _ := o.Flags().GetBool(asJSON); is {
		return o.json(all)
	}
	table := tabwriter.NewWriter(o.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.ReplaceAll(header, " ", "\t"))
	for _, one := range all {
		cells := row(one)
		fmt.Fprintf(table, strings.Repeat("%v\t", len(cells)-1)+"%v\n", cells...)
	}
	return table.Flush()
}

// json prints a value as people read it and jq does.
func (o *operation) json(value any) error {
	encoder := json.NewEncoder(o.OutOrStdout())
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// utc formats a time for a table.
func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// withData runs what works with an environment's data, with the database opened as
// functions do: the role's privileges and row security hold here as well. A password never
// appears in its errors: package postgres leaves URLs out of them.
func withData(run func(*operation, *pgxpool.Pool) error) func(*operation) error {
	return func(o *operation) error {
		var config postgres.Config
		if err := o.settings(&config); err != nil {
			return err
		}
		pool, err := postgres.Open(o.Context(), config)
		if err != nil {
			return err
		}
		defer pool.Close()
		if err := o.belongs(o.Context(), pool); err != nil {
			return err
		}
		return run(o, pool)
	}
}

// belongs refuses the database of another environment: a URL left over from one must not
// decide what is changed. Without an environment the database must have no mark.
func (o *operation) belongs(ctx context.Context, pool *pgxpool.Pool) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer conn.Release()
	mark, err := database.ReadMark(ctx, conn.Conn(), conn.Conn().Config().Database)
	switch {
	case err != nil:
		return err
	case o.environment != "":
		return mark.Belongs(o.environment)
	case mark.Environment != "":
		return fmt.Errorf("database %s belongs to environment %s: add %s to the command", mark.Name, mark.Environment, mark.Environment)
	}
	return nil
}

// settings reads settings from the variables, as the environment's functions do. The
// default prefix of collections is the namespace, as in gitops/base: environments may
// share one Qdrant. An error names the variable (package settings).
func (o *operation) settings(config any) error {
	const prefix = "QDRANT_COLLECTION_PREFIX"
	given := maps.Clone(o.variables)
	if given[prefix] == "" && o.environment != "" {
		given[prefix] = o.environment.Namespace()
	}
	return settings.ParseFrom(given, config)
}
