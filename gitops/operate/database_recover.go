package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/backup"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/recovery"
)

// afterRecovery lists the steps after the commit, as gitops/platform/README.md does.
const afterRecovery = `
Commit this and promote it. Then:
  kubectl -n databases get cluster postgres-prod-recovered -w
  kubectl -n databases exec -it postgres-prod-recovered-1 -- psql sq_prod    # inspect it
To make it serve, put postgres-prod-recovered-rw into the URLs of the Secrets
sequential-questioning-database, -gateway-database and -migrations, and restart functions:
  kubectl -n sequential-questioning-prod delete pod -l app.kubernetes.io/part-of=sequential-questioning
  operate memory rebuild prod
`

// recoverCommand edits manifests and leaves the rest to git and Argo CD: the
// recovered cluster is deployed, reviewed and removed like everything else.
func recoverCommand() *cobra.Command {
	var root string
	var dry bool
	command := &cobra.Command{
		Use:   "recover prod TIMESTAMP",
		Short: "Recover production's database to a point in time, in a second cluster",
		Long: `Changes gitops/platform/postgres in this checkout, so that CloudNativePG creates a second
cluster from the base backups and WAL up to TIMESTAMP, and prints the next steps. The
serving cluster is not touched. A second run changes the time.`,
		Example: `  operate database recover prod 2026-11-23T12:59:00Z --dry-run
  operate database recover prod 2026-11-23T12:59:00Z`,
		Args: cobra.ExactArgs(2),
		RunE: of(func(command *cobra.Command, e environment.Environment, args []string) error {
			if e != "prod" {
				return fmt.Errorf("only prod can be recovered to a point in time; for %s use operate database restore", e)
			}
			at, err := backup.ParseTime(args[0])
			if err != nil {
				return err
			}
			changes, err := recovery.Plan(root, at, time.Now())
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			for _, c := range changes {
				fmt.Fprintf(out, "%s\n  - %s\n  + %s\n", c.Path, strings.TrimSpace(c.Old), strings.TrimSpace(c.New))
			}
			if dry {
				fmt.Fprintln(out, "Dry run: nothing was changed.")
				return nil
			}
			if err := recovery.Apply(root, changes); err != nil {
				return err
			}
			if len(changes) == 0 {
				fmt.Fprintln(out, "Recovery to that time is already set up.")
			}
			fmt.Fprint(out, afterRecovery)
			return nil
		}),
	}
	command.Flags().StringVar(&root, "root", ".", "the repository's root")
	command.Flags().BoolVar(&dry, "dry-run", false, "only print what would be changed")
	return command
}
