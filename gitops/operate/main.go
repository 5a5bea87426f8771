// Command operate is what operators run by hand or on a schedule: it sets
// databases up, backs them up and restores them, makes secrets, looks after
// memory and events, and checks an environment.
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

// variables are those of the process's environment, which hold what no argument
// may: passwords.
type variables map[string]string

func environ(all []string) variables {
	v := variables{}
	for _, one := range all {
		name, value, _ := strings.Cut(one, "=")
		v[name] = value
	}
	return v
}

func command(v variables) *cobra.Command {
	root := &cobra.Command{
		Use:           "operate",
		Short:         "Look after an environment: its database, secrets, memory and events",
		Version:       version.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(databaseCommand(v), secretsCommand(v), memoryCommand(v), eventsCommand(v), checkCommand(v), alertCommand())
	return root
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short}
	c.AddCommand(commands...)
	return c
}

// of makes a command that works on the environment its first argument names.
func of(run func(command *cobra.Command, e environment.Environment, args []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		e, err := environment.Parse(args[0])
		if err != nil {
			return err
		}
		return run(command, e, args[1:])
	}
}

// progress tells what is being done, apart from results.
func progress(command *cobra.Command) func(string) {
	return func(line string) { fmt.Fprintln(command.ErrOrStderr(), line) }
}
