package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/common/model"
	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/backup"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/database"
)

// administrator is for what functions never have the credentials for.
func (o *operation) administrator() (*database.Administrator, error) {
	return database.NewAdministrator(o.variables[database.URLVariable])
}

// open connects as an administrator, to create and rename databases. The caller closes
// the connection, which locks out other commands until then.
func (o *operation) open() (*database.Administrator, *pgx.Conn, error) {
	a, err := o.administrator()
	if err != nil {
		return nil, nil, err
	}
	conn, err := database.Open(o.Context(), a, o.environment)
	return a, conn, err
}

// store opens the location of backups that a flag or else the variable names. The caller
// closes it.
func (o *operation) store(flag string) (*backup.Store, error) {
	location, _ := o.Flags().GetString(flag)
	if location == "" {
		location = o.variables["BACKUP_URL"]
	}
	if location == "" {
		return nil, fmt.Errorf("the location of backups is missing: give --%s, or set BACKUP_URL", flag)
	}
	return backup.OpenStore(o.Context(), location)
}

const storeUsage = "location of backups: file:// or s3:// (default $BACKUP_URL)"

// initCommand sets up or repairs a database. It can run again after every release, as a
// check that repairs.
func initCommand(v variables) *cobra.Command {
	var adopt bool
	c := of(v, func(o *operation) error {
		a, err := o.administrator()
		if err != nil {
			return err
		}
		passwords := database.Passwords{Owner: v["OWNER_PASSWORD"], Functions: v["FUNCTIONS_PASSWORD"], Gateway: v["GATEWAY_PASSWORD"]}
		change := &database.Change{Dry: o.dry(), Report: o.progress}
		if err := database.Init(o.Context(), a, o.environment, passwords, adopt, change); err != nil {
			return err
		}
		if change.Made == 0 {
			o.printf("Database %s is already set up; nothing changed.\n", o.environment.Database())
		} else {
			o.printf(o.did("Database %s is set up.\n", "Dry run: nothing was changed in %s.\n"), o.environment.Database())
		}
		return nil
	}, &cobra.Command{
		Use:   "init ENV",
		Short: "Create an environment's database and roles, and migrate it",
		Long: `Creates the database sq_ENV and three roles: sq_ENV_owner owns and migrates it; functions
connect as sq_ENV, which may only read and write rows; the gateway connects as
sq_ENV_gateway, which may only access the table elicitations. Marks the database as the
environment's and applies the migrations as the owner. A second run changes nothing.

A new role needs its password in OWNER_PASSWORD, FUNCTIONS_PASSWORD or GATEWAY_PASSWORD.
An existing role gets the variable's password if the variable is set, and keeps its own
otherwise. An administrator with CREATEDB and CREATEROLE suffices.`,
		Args: cobra.ExactArgs(1),
	})
	c.Flags().BoolVar(&adopt, "adopt", false, "use a database that belongs to no environment")
	c.Flags().Bool(dryRun, false, "only print what would be done")
	return c
}

// backupCommand takes a backup and then removes old ones, in this order, so that a
// backup that fails never costs an older one. Everything that can be wrong in the
// settings is found before the dump, which may take an hour.
func backupCommand(v variables) *cobra.Command {
	var keep model.Duration
	c := of(v, func(o *operation) error {
		a, err := o.administrator()
		if err != nil {
			return err
		}
		store, err := o.store("to")
		if err != nil {
			return err
		}
		defer store.Close()
		if o.dry() {
			o.printf("would back up %s\n", o.environment.Database())
		} else {
			m, err := backup.Take(o.Context(), a, store, o.environment, o.progress)
			if err != nil {
				return err
			}
			o.printf("%s: %d rows, %d bytes, sha256 %s\n", m.File, m.Rows(), m.Size, m.SHA256)
		}
		if keep == 0 {
			return nil
		}
		removed, err := store.Prune(o.Context(), o.environment, time.Duration(keep), o.dry())
		for _, file := range removed { // also those before an error
			o.printf("%s %s\n", o.did("removed", "would remove"), file)
		}
		return err
	}, &cobra.Command{
		Use:   "backup ENV",
		Short: "Back up an environment's database",
		Long: `Writes a dump in pg_dump's custom format and a manifest with the time, the migration,
and each table's row count and digest, all from one snapshot. The service keeps running.
A backup is listed once it is complete. A role with BYPASSRLS and membership in
pg_read_all_data suffices.`,
		Example: `  operate database backup prod --to s3://backups?region=eu-central-1 --keep 30d`,
		Args:    cobra.ExactArgs(1),
	})
	c.Flags().String("to", "", storeUsage)
	c.Flags().Var(&keep, "keep", "then remove backups older than this, such as 30d; the newest is always kept")
	c.Flags().Bool(dryRun, false, "only print what would be written and removed")
	return c
}

// backupsCommand lists by the manifests alone; whether a dump is intact is checked
// when it is restored.
// A dump without a manifest belongs to an interrupted backup and is not listed.
func backupsCommand(v variables) *cobra.Command {
	c := of(v, func(o *operation) error {
		store, err := o.store("from")
		if err != nil {
			return err
		}
		defer store.Close()
		all, err := store.List(o.Context(), o.environment)
		if err != nil {
			return err
		}
		return show(o, "TIME MIGRATION ROWS BYTES SERVER FILE", all, func(m backup.Manifest) []any {
			return []any{utc(m.Time), m.Content.Migration, m.Rows(), m.Size, m.Server, m.File}
		})
	}, &cobra.Command{Use: "backups ENV", Short: "List an environment's complete backups, newest first", Args: cobra.ExactArgs(1)})
	c.Flags().String("from", "", storeUsage)
	c.Flags().Bool(asJSON, false, "print the manifests as JSON")
	return c
}

// restoreCommand never writes to the serving database. It asks for confirmation
// before it begins rather than before it switches, because a restore may take hours
// that nobody watches.
//
// Between the check of the arguments and the switch, only the new database is written, so an
// error or an interrupt at any time leaves the serving one as it was.
func restoreCommand(v variables) *cobra.Command {
	var stay bool
	c := of(v, func(o *operation) error {
		ctx, e := o.Context(), o.environment
		var notAfter time.Time
		if o.args[0] != "latest" {
			var err error
			if notAfter, err = backup.ParseTime(o.args[0]); err != nil {
				return err
			}
		}
		store, err := o.store("from")
		if err != nil {
			return err
		}
		defer store.Close()
		m, err := store.Find(ctx, e, notAfter)
		if err != nil {
			return err
		}
		a, conn, err := o.open()
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(ctx))
		if err := backup.Restorable(ctx, conn, e, m); err != nil {
			return err
		}
		o.printf("Restore %s from %s: %d rows of %s\n", e.Database(), m.File, m.Rows(), utc(m.Time))
		// With --no-switch nothing that serves changes, so there is nothing to confirm.
		if !stay || o.dry() {
			if err := o.confirm(); err != nil || o.dry() {
				return err
			}
		}
		name, err := backup.Restore(ctx, a, store, conn, e, m, o.progress)
		if err != nil {
			return err
		}
		o.printf("%s matches the backup. To make it serve: operate database switch %s %s\n", name, e, name)
		if stay {
			return nil
		}
		return o.makeServe(a, conn, name)
	}, &cobra.Command{
		Use:   "restore ENV latest|TIMESTAMP",
		Short: "Restore an environment's database from a backup",
		Long: `Restores the newest backup, or the newest at or before TIMESTAMP, into a new database
beside the serving one. Verifies rows, values, privileges and row security against the
backup's manifest, and applies missing migrations. Then switches the two databases by
renaming both at once. The previous database is kept as sq_ENV_before_…; operate database
switch returns to it.

After an interruption it is safe to run it again; that drops the incomplete database.`,
		Example: `  operate database restore prod latest --no-switch      # only create and verify it
  operate database restore prod 2026-11-23T13:00:00Z`,
		Args: cobra.ExactArgs(2),
	})
	c.Flags().String("from", "", storeUsage)
	c.Flags().BoolVar(&stay, "no-switch", false, "only create and verify the new database")
	confirmed(c)
	return c
}

// switchCommand is the second half of a restore with --no-switch, and the way back
// from a switch.
func switchCommand(v variables) *cobra.Command {
	c := of(v, func(o *operation) error {
		a, conn, err := o.open()
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(o.Context()))
		// Before the confirmation, so that nobody confirms what is refused.
		if err := database.Switchable(o.Context(), conn, o.environment, o.args[0]); err != nil {
			return err
		}
		o.printf("Make %s serve as %s\n", o.args[0], o.environment.Database())
		if err := o.confirm(); err != nil || o.dry() {
			return err
		}
		return o.makeServe(a, conn, o.args[0])
	}, &cobra.Command{
		Use:   "switch ENV DATABASE",
		Short: "Make another database of the environment serve",
		Long: `Replaces the serving database with one that a restore verified, or that served before,
by renaming both at once. Open connections are ended; clients reconnect.`,
		Example: `  operate database switch prod sq_prod_before_20261123t130000`,
		Args:    cobra.ExactArgs(2),
	})
	confirmed(c)
	return c
}

// makeServe switches to a database and prints how to go back, and the remaining steps.
// Erased conversations come back with a backup; whoever asked for their erasure still
// has to be obeyed.
func (o *operation) makeServe(a *database.Administrator, conn *pgx.Conn, name string) error {
	o.progress("switching: open connections are ended; clients reconnect")
	before, err := database.Switch(o.Context(), a, conn, o.environment, name)
	if err != nil {
		return err
	}
	o.printf("%s serves what was %s.\n", o.environment.Database(), name)
	if before != "" {
		o.printf("\nThe previous database is %s. To go back: operate database switch %s %s\n", before, o.environment, before)
	}
	o.printf(`
Left to do:
  operate memory rebuild %[1]s    # memory still has later answers and lacks lost ones
  operate check %[1]s
Conversations that were erased after the backup are back: erase them again.
`, o.environment)
	return nil
}

// confirmed adds the flags of a command that asks for confirmation.
func confirmed(c *cobra.Command) {
	c.Flags().BoolP("yes", "y", false, "do not ask for confirmation")
	c.Flags().Bool(dryRun, false, "only print what would be done")
}

// confirm asks the operator, before production's data is replaced, to type the
// environment's name, which a habit of answering y does not. A script has to say --yes.
// Reading cannot be interrupted, so it happens in a goroutine that ends with the process.
func (o *operation) confirm() error {
	if o.dry() {
		o.printf("Dry run: nothing was changed.\n")
		return nil
	}
	if yes, _ := o.Flags().GetBool("yes"); yes || o.environment != "prod" {
		return nil
	}
	fmt.Fprintf(o.ErrOrStderr(), "Type %s to continue: ", o.environment)
	answered := make(chan string, 1)
	go func() {
		answer, _ := bufio.NewReader(o.InOrStdin()).ReadString('\n')
		answered <- answer
	}()
	select {
	case <-o.Context().Done():
		return errors.New("interrupted; nothing was changed")
	case answer := <-answered:
		if strings.TrimSpace(answer) != string(o.environment) {
			return errors.New("not confirmed; nothing was changed: without a terminal, add --yes")
		}
	}
	return nil
}

// listCommand lists databases by their names' pattern. Dropping them is left
// to the operator: they may hold the only copy of something.
func listCommand(v variables) *cobra.Command {
	return of(v, func(o *operation) error {
		a, err := o.administrator()
		if err != nil {
			return err
		}
		conn, err := a.Connect(o.Context(), "postgres") // without the lock: a restore may be under way
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(o.Context()))
		all, err := database.List(o.Context(), conn, o.environment)
		if err != nil {
			return err
		}
		return show(o, "DATABASE STATE BYTES", all, func(k database.Kept) []any {
			if k.State == "" {
				k.State = "served"
			}
			return []any{k.Name, k.State, k.Bytes}
		})
	}, &cobra.Command{
		Use:   "list ENV",
		Short: "List the environment's databases that do not serve",
		Long: `Lists the databases that restores created and those that served before. Remove unneeded
ones with DROP DATABASE.`,
		Args: cobra.ExactArgs(1),
	})
}
