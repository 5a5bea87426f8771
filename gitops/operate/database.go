package main

import (
	"context"
	"errors"
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

// withLock runs what creates and renames databases. Only superusers may restore another
// role's objects and end any connection.
func withLock(run func(*operation, *database.Administrator, *pgx.Conn) error) func(*operation) error {
	return func(o *operation) error {
		a, err := o.administrator()
		if err != nil {
			return err
		}
		conn, err := a.Lock(o.Context(), o.environment, "rolsuper", "a superuser")
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(o.Context()))
		return run(o, a, conn)
	}
}

// withStore runs what reads or writes backups.
func withStore(run func(*operation, *backup.Store) error) func(*operation) error {
	return func(o *operation) error {
		store, err := backup.OpenStore(o.Context(), o.variables["BACKUP_URL"])
		if err != nil {
			return err
		}
		defer store.Close()
		return run(o, store)
	}
}

// initCommand sets up or repairs a database. It can run again after every release, as a
// check that repairs.
func initCommand(v variables) *cobra.Command {
	var adopt bool
	c := of(v, func(o *operation) error {
		a, err := o.administrator()
		if err != nil {
			return err
		}
		change := &database.Change{Dry: o.dry(), Report: o.progress}
		if err := database.Init(o.Context(), a, o.environment, v, adopt, change); err != nil {
			return err
		}
		o.printf(o.did("%s is set up: %d changes.\n", "%s: %d changes to make.\n"), o.environment.Database(), change.Made)
		return nil
	}, &cobra.Command{
		Use:   "init ENV",
		Short: "Create an environment's database and roles, and migrate it",
		Long: `Creates the database sq_ENV and three roles: sq_ENV_owner owns and migrates it; functions
connect as sq_ENV, which may only read and write rows; the gateway connects as
sq_ENV_gateway, which may only access the table elicitations. A second run changes nothing.

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
	c := of(v, withStore(func(o *operation, store *backup.Store) error {
		a, err := o.administrator()
		if err != nil {
			return err
		}
		m, err := backup.Take(o.Context(), a, store, o.environment, o.progress)
		if err != nil {
			return err
		}
		o.printf("%s: %d bytes, sha256 %s\n", m.File, m.Size, m.SHA256)
		if keep == 0 {
			return nil
		}
		removed, err := store.Prune(o.Context(), o.environment, time.Duration(keep))
		for _, file := range removed { // also those before an error
			o.printf("removed %s\n", file)
		}
		return err
	}), &cobra.Command{
		Use:   "backup ENV",
		Short: "Back up an environment's database",
		Long: `Writes a dump in pg_dump's custom format and a manifest that a restore is verified
against. The service keeps running. A role with BYPASSRLS and membership in
pg_read_all_data suffices.`,
		Example: `  operate database backup prod --keep 30d`,
		Args:    cobra.ExactArgs(1),
	})
	c.Flags().Var(&keep, "keep", "then remove backups older than this, such as 30d; the newest is always kept")
	return c
}

// backupsCommand lists by the manifests alone; whether a dump is intact is checked
// when it is restored.
// A dump without a manifest belongs to an interrupted backup and is not listed.
func backupsCommand(v variables) *cobra.Command {
	c := of(v, withStore(func(o *operation, store *backup.Store) error {
		all, err := store.List(o.Context(), o.environment)
		if err != nil {
			return err
		}
		return show(o, "TIME MIGRATION BYTES SERVER FILE", all, func(m backup.Manifest) []any {
			return []any{utc(m.Time), m.Content.Migration, m.Size, m.Server, m.File}
		})
	}), &cobra.Command{Use: "backups ENV", Short: "List an environment's complete backups, newest first", Args: cobra.ExactArgs(1)})
	c.Flags().Bool(asJSON, false, "print the manifests as JSON")
	return c
}

// restoreCommand never writes to the serving database. It wants a yes before it begins
// rather than before it switches, because a restore may take hours that nobody watches.
//
// Between the check of the arguments and the switch, only the new database is written, so an
// error or an interrupt at any time leaves the serving one as it was.
func restoreCommand(v variables) *cobra.Command {
	var stay bool
	c := of(v, withStore(func(o *operation, store *backup.Store) error {
		m, err := store.Find(o.Context(), o.environment, o.args[0])
		if err != nil {
			return err
		}
		return withLock(func(o *operation, a *database.Administrator, conn *pgx.Conn) error {
			if err := backup.Restorable(o.Context(), conn, o.environment, m); err != nil {
				return err
			}
			o.printf("%s %s from %s of %s\n", o.did("Restoring", "Would restore"), o.environment.Database(), m.File, utc(m.Time))
			if err := o.confirmed(); err != nil && !stay || o.dry() {
				return err
			}
			name, err := backup.Restore(o.Context(), a, store, conn, o.environment, m, o.progress)
			if err != nil {
				return err
			}
			o.printf("%[1]s matches the backup. To make it serve: operate database switch %[2]s %[1]s\n", name, o.environment)
			if stay {
				return nil
			}
			return o.makeServe(a, conn, name)
		})(o)
	}), &cobra.Command{
		Use:   "restore ENV latest|TIMESTAMP",
		Short: "Restore an environment's database from a backup",
		Long: `Restores the newest backup, or the newest at or before TIMESTAMP, into a new database
beside the serving one, verifies it against the backup's manifest, and applies missing
migrations. Then makes it serve, as operate database switch does.

After an interruption it is safe to run it again; that drops the incomplete database.`,
		Example: `  operate database restore prod latest --no-switch      # only create and verify it
  operate database restore prod 2026-11-23T13:00:00Z --yes`,
		Args: cobra.ExactArgs(2),
	})
	c.Flags().BoolVar(&stay, "no-switch", false, "only create and verify the new database")
	return replaces(c)
}

// switchCommand is the second half of a restore with --no-switch, and the way back
// from a switch.
func switchCommand(v variables) *cobra.Command {
	return replaces(of(v, withLock(func(o *operation, a *database.Administrator, conn *pgx.Conn) error {
		if err := o.confirmed(); err != nil {
			return err
		}
		return o.makeServe(a, conn, o.args[0])
	}), &cobra.Command{
		Use:   "switch ENV DATABASE",
		Short: "Make another database of the environment serve",
		Long: `Replaces the serving database with one that a restore verified, or that served before,
by renaming both at once. The previous database is kept as sq_ENV_before_…. Open
connections are ended; clients reconnect.`,
		Example: `  operate database switch prod sq_prod_before_20261123t130000 --yes`,
		Args:    cobra.ExactArgs(2),
	}))
}

// makeServe switches to a database and prints how to go back, and the remaining steps.
// Erased conversations come back with a backup; whoever asked for their erasure still
// has to be obeyed.
func (o *operation) makeServe(a *database.Administrator, conn *pgx.Conn, name string) error {
	before, err := database.Switch(o.Context(), a, conn, o.environment, name, o.dry())
	if err != nil {
		return err
	}
	o.printf(o.did("%s serves what was %s.\n", "%s would serve what is %s.\n"), o.environment.Database(), name)
	if o.dry() {
		return nil
	}
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

// replaces adds the flags of a command that replaces the serving database.
func replaces(c *cobra.Command) *cobra.Command {
	c.Flags().BoolP("yes", "y", false, "replace production's database")
	c.Flags().Bool(dryRun, false, "only print what would be done")
	return c
}

// confirmed reports whether the serving database may be replaced. Production's takes a
// word more, which no habit adds.
func (o *operation) confirmed() error {
	if yes, _ := o.Flags().GetBool("yes"); !yes && !o.dry() && o.environment == "prod" {
		return errors.New("this replaces the database that serves production: add --yes, or see --dry-run")
	}
	return nil
}
