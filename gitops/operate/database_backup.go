package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/backup"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/database"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
)

// storeHelp ends the help of every command that reads or writes backups.
const storeHelp = `

Backups are stored in a folder, file:///folder, or in object storage,
s3://bucket?region=R&prefix=folder/. For storage other than Amazon's, add
&endpoint=https://host&use_path_style=true. Credentials are those of AWS_ACCESS_KEY_ID
and AWS_SECRET_ACCESS_KEY. Without the flag, BACKUP_URL names the location.`

// storeFlag adds the flag for the location of backups and returns a function that
// opens it. It opens nothing before the command runs, when the flags have been
// parsed.
// A location on the command line wins over the variable. The caller closes the store.
func storeFlag(command *cobra.Command, v variables, name string) func(context.Context) (*backup.Store, error) {
	var location string
	command.Flags().StringVar(&location, name, "", "location of backups: file:// or s3:// (default $BACKUP_URL)")
	return func(ctx context.Context) (*backup.Store, error) {
		if location == "" {
			location = v["BACKUP_URL"]
		}
		if location == "" {
			return nil, fmt.Errorf("the location of backups is missing: give --%s, or set BACKUP_URL", name)
		}
		return backup.OpenStore(ctx, location)
	}
}

// backupCommand takes a backup and then removes old ones, in this order, so that a
// backup that fails never costs an older one.
// A schedule can run it without --yes, since it never removes the newest backup.
func backupCommand(v variables) *cobra.Command {
	var keep string
	var dry bool
	var open func(context.Context) (*backup.Store, error)
	command := &cobra.Command{
		Use:   "backup ENV",
		Short: "Back up an environment's database",
		Long: `Writes a dump in pg_dump's custom format and a manifest with the time, the migration,
and each table's row count and digest, all from one snapshot. The service keeps running.
A backup is listed once it is complete.

A role with BYPASSRLS and membership in pg_read_all_data suffices.` + administratorHelp + storeHelp,
		Example: `  operate database backup prod --to s3://backups?region=eu-central-1 --keep 30d
  operate database backup dev --to file:///var/backups/sq`,
		Args: cobra.ExactArgs(1),
		RunE: of(func(command *cobra.Command, e environment.Environment, _ []string) error {
			ctx, out := command.Context(), command.OutOrStdout()
			var age time.Duration
			if keep != "" {
				var err error
				if age, err = backup.ParseAge(keep); err != nil {
					return fmt.Errorf("--keep: %w", err)
				}
			}
			// Everything that can be wrong in the settings is found before the dump,
			// which may take an hour.
			a, err := database.NewAdministrator(v[database.URLVariable])
			if err != nil {
				return err
			}
			store, err := open(ctx)
			if err != nil {
				return err
			}
			defer store.Close()
			if dry {
				fmt.Fprintf(out, "would back up %s\n", e.Database())
			} else {
				m, err := backup.Take(ctx, a, store, e, progress(command))
				if err != nil {
					return err
				}
				fmt.Fprintf(out, "%s: %d rows, %d bytes, sha256 %s\n", m.File, m.Rows(), m.Size, m.SHA256)
			}
			if keep == "" {
				return nil
			}
			// What was removed before an error is printed too.
			removed, err := store.Prune(ctx, e, age, time.Now(), dry)
			for _, m := range removed {
				fmt.Fprintln(out, pruned(dry), m.File)
			}
			return err
		}),
	}
	command.Flags().StringVar(&keep, "keep", "", "then remove backups older than this, such as 30d; the newest is always kept")
	command.Flags().BoolVar(&dry, "dry-run", false, "only print what would be written and removed")
	open = storeFlag(command, v, "to")
	return command
}

// pruned says what happened to an old backup or snapshot. The same list is printed
// either way.
func pruned(dry bool) string {
	if dry {
		return "would remove"
	}
	return "removed"
}

// backupsCommand lists by the manifests alone; whether a dump is intact is checked
// when it is restored.
// A dump without a manifest belongs to an interrupted backup and is not listed.
func backupsCommand(v variables) *cobra.Command {
	var asJSON bool
	var open func(context.Context) (*backup.Store, error)
	command := &cobra.Command{
		Use:     "backups ENV",
		Short:   "List an environment's backups, newest first",
		Long:    `Lists the complete backups, which can be restored.` + storeHelp,
		Example: `  operate database backups prod --from s3://backups?region=eu-central-1`,
		Args:    cobra.ExactArgs(1),
		RunE: of(func(command *cobra.Command, e environment.Environment, _ []string) error {
			store, err := open(command.Context())
			if err != nil {
				return err
			}
			defer store.Close()
			all, err := store.List(command.Context(), e)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(command.OutOrStdout(), all)
			}
			if len(all) == 0 {
				fmt.Fprintf(command.OutOrStdout(), "There is no backup of %s.\n", e)
				return nil
			}
			table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "TIME\tMIGRATION\tROWS\tBYTES\tSERVER\tFILE")
			for _, m := range all {
				fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%s\t%s\n", m.Time.UTC().Format(time.RFC3339), m.Content.Migration, m.Rows(), m.Size, m.Server, m.File)
			}
			return table.Flush()
		}),
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print the manifests as JSON")
	open = storeFlag(command, v, "from")
	return command
}

// writeJSON writes a value as people read it and jq does. Every command's --json goes
// through it.
// Empty lists should be lists and not null: pass a slice that is not nil.
func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
