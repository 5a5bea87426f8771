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
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/shared/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(environ(os.Environ())).ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "operate:", err)
		os.Exit(1)
	}
}

// variables are the process's environment variables. Passwords come from them, never
// from arguments. They are passed on and never read in the depth, so a test can give
// its own.
// Of two variables with one name the last counts.
type variables map[string]string

// environ makes a map of os.Environ's lines.
func environ(all []string) variables {
	v := variables{}
	for _, one := range all {
		name, value, _ := strings.Cut(one, "=")
		v[name] = value
	}
	return v
}

// command returns the whole command tree. Tests call it with their own variables.
// Errors are printed by main alone, in one line; a wrong flag does not bring the whole
// usage.
func command(v variables) *cobra.Command {
	root := &cobra.Command{
		Use:           "operate",
		Short:         "Operate an environment: its database, secrets, memory and events",
		Version:       version.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(databaseCommand(v), secretsCommand(v), memoryCommand(v), eventsCommand(v), exportCommand(v), auditCommand(v), checkCommand(v))
	return root
}

// group returns a command that only has subcommands. Called without one, it prints its
// help.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short}
	c.AddCommand(commands...)
	return c
}

// of adapts run to a command whose first argument names the environment. A wrong
// environment is refused before anything is opened.
// run gets the arguments after the environment. cobra has checked their number.
func of(run func(command *cobra.Command, e environment.Environment, args []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		e, err := environment.Parse(args[0])
		if err != nil {
			return err
		}
		return run(command, e, args[1:])
	}
}

// progress prints progress to stderr; results go to stdout. So a script can read the
// results alone.
func progress(command *cobra.Command) func(string) {
	return func(line string) { fmt.Fprintln(command.ErrOrStderr(), line) }
}
