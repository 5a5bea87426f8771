package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/backup"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/database"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/restore"
)

// restoreCommand never writes to the serving database. It asks for confirmation
// before it begins rather than before it switches, because a restore may take hours
// that nobody watches.
//
// Between the check of the arguments and the switch, only the new database is written, so an
// error or an interrupt at any time leaves the serving one as it was.
func restoreCommand(v variables) *cobra.Command {
	var dry, stay, yes bool
	var open func(context.Context) (*backup.Store, error)
	command := &cobra.Command{
		Use:   "restore ENV latest|TIMESTAMP",
		Short: "Restore an environment's database from a backup",
		Long: `Restores the newest backup, or the newest at or before TIMESTAMP, into a new database
beside the serving one. Verifies rows, values, privileges and row security against the
backup's manifest, and applies missing migrations. Then switches the two databases by
renaming both at once. The previous database is kept as sq_ENV_before_…; operate database
switch returns to it.

After an interruption it is safe to run it again; that drops the incomplete database.` + administratorHelp + storeHelp,
		Example: `  operate database restore prod latest --no-switch      # only create and verify it
  operate database restore prod latest
  operate database restore prod 2026-11-23T13:00:00Z`,
		Args: cobra.ExactArgs(2),
		RunE: of(func(command *cobra.Command, e environment.Environment, args []string) error {
			ctx, out := command.Context(), command.OutOrStdout()
			var notAfter time.Time
			if args[0] != "latest" {
				var err error
				if notAfter, err = backup.ParseTime(args[0]); err != nil {
					return err
				}
			}
			a, err := database.NewAdministrator(v[database.URLVariable])
			if err != nil {
				return err
			}
			store, err := open(ctx)
			if err != nil {
				return err
			}
			defer store.Close()
			r, err := restore.Prepare(ctx, a, store, e, notAfter, progress(command))
			if err != nil {
				return err
			}
			defer r.Close()
			fmt.Fprintf(out, "Restore %s from %s: %d rows of %s\n", e.Database(), r.Manifest.File, r.Manifest.Rows(), r.Manifest.Time.Format(time.RFC3339))
			if dry {
				fmt.Fprintln(out, "Dry run: nothing was changed.")
				return nil
			}
			// With --no-switch nothing that serves changes, so there is nothing to
			// confirm.
			if e == "prod" && !yes && !stay {
				if err := confirm(ctx, command, string(e)); err != nil {
					return err
				}
			}
			if err := r.Run(ctx); err != nil {
				return err
			}
			fmt.Fprintf(out, "%s matches the backup.\n", r.Database)
			if stay {
				fmt.Fprintf(out, "\nTo make it serve: operate database switch %s %s\n", e, r.Database)
				return nil
			}
			// A failed switch costs nothing but the switch: the verified database
			// stays, and the error says how to continue.
			before, err := r.Switch(ctx)
			if err != nil {
				return fmt.Errorf("%w\n%s is verified; to try again: operate database switch %s %s", err, r.Database, e, r.Database)
			}
			switched(out, e, before)
			return nil
		}),
	}
	flags := command.Flags()
	flags.BoolVar(&stay, "no-switch", false, "only create and verify the new database")
	flags.BoolVarP(&yes, "yes", "y", false, "do not ask for confirmation")
	flags.BoolVar(&dry, "dry-run", false, "only print what would be restored")
	open = storeFlag(command, v, "from")
	return command
}

// switched prints which database serves, how to go back, and the remaining steps.
// Erased conversations come back with a backup; whoever asked for their erasure still
// has to be obeyed.
// The commands that it prints are complete and can be pasted.
func switched(out io.Writer, e environment.Environment, before string) {
	fmt.Fprintf(out, "%s serves the restored data.\n", e.Database())
	if before != "" {
		fmt.Fprintf(out, "\nThe previous database is %s. To go back: operate database switch %s %s\n", before, e, before)
	}
	fmt.Fprintf(out, `
Left to do:
  operate memory rebuild %[1]s    # memory still has later answers and lacks lost ones
  operate check %[1]s
Conversations that were erased after the backup are back: erase them again.
`, e)
}

// switchCommand is the second half of a restore with --no-switch, and the way back
// from a switch.
// It asks for confirmation in production only.
func switchCommand(v variables) *cobra.Command {
	var dry, yes bool
	command := &cobra.Command{
		Use:   "switch ENV DATABASE",
		Short: "Make another database of the environment serve",
		Long: `Replaces the serving database with one that a restore verified, or that served before,
by renaming both at once. Open connections are ended; clients reconnect.` + administratorHelp,
		Example: `  operate database list prod
  operate database switch prod sq_prod_before_20261123t130000`,
		Args: cobra.ExactArgs(2),
		RunE: of(func(command *cobra.Command, e environment.Environment, args []string) error {
			ctx, out := command.Context(), command.OutOrStdout()
			a, err := database.NewAdministrator(v[database.URLVariable])
			if err != nil {
				return err
			}
			conn, err := database.Open(ctx, a, e)
			if err != nil {
				return err
			}
			defer conn.Close(context.WithoutCancel(ctx))
			// Before the confirmation, so that nobody confirms what is refused.
			if err := database.Switchable(ctx, conn, e, args[0]); err != nil {
				return err
			}
			fmt.Fprintf(out, "Make %s serve as %s\n", args[0], e.Database())
			if dry {
				fmt.Fprintln(out, "Dry run: nothing was changed.")
				return nil
			}
			if e == "prod" && !yes {
				if err := confirm(ctx, command, string(e)); err != nil {
					return err
				}
			}
			before, err := database.Switch(ctx, conn, e, args[0], progress(command))
			if err != nil {
				return err
			}
			switched(out, e, before)
			return nil
		}),
	}
	command.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask for confirmation")
	command.Flags().BoolVar(&dry, "dry-run", false, "only print what would be done")
	return command
}

// databasesCommand lists databases by their names' pattern. Dropping them is left
// to the operator: they may hold the only copy of something.
// The serving database is not among them.
func databasesCommand(v variables) *cobra.Command {
	return &cobra.Command{
		Use:   "list ENV",
		Short: "List the environment's databases that do not serve",
		Long: `Lists the databases that restores created and those that served before. Remove unneeded
ones with DROP DATABASE.` + administratorHelp,
		Args: cobra.ExactArgs(1),
		RunE: of(func(command *cobra.Command, e environment.Environment, _ []string) error {
			ctx := command.Context()
			a, err := database.NewAdministrator(v[database.URLVariable])
			if err != nil {
				return err
			}
			conn, err := a.Maintenance(ctx, e)
			if err != nil {
				return err
			}
			defer conn.Close(context.WithoutCancel(ctx))
			all, err := database.List(ctx, conn, e)
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "DATABASE\tSTATE\tBYTES")
			for _, k := range all {
				state := k.Mark.State
				if state == "" {
					state = "served"
				}
				fmt.Fprintf(table, "%s\t%s\t%d\n", k.Name, state, k.Bytes)
			}
			return table.Flush()
		}),
	}
}
