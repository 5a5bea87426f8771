package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/database"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
)

const administratorHelp = `

The server is that of the environment variable ADMIN_DATABASE_URL, a superuser's
postgres://user:password@host:port/postgres.`

func databaseCommand(v variables) *cobra.Command {
	return group("database", "Set a database up, back it up, restore it",
		initCommand(v), backupCommand(v), backupsCommand(v), restoreCommand(v), switchCommand(v), databasesCommand(v), recoverCommand())
}

func initCommand(v variables) *cobra.Command {
	var o database.InitOptions
	command := &cobra.Command{
		Use:   "init ENV",
		Short: "Make an environment's database and roles, and migrate it",
		Long: `Makes the database sq_ENV with its owner sq_ENV_owner, who migrates, and the role
sq_ENV, as which functions connect: it reads and writes rows and can do nothing else.
The gateway connects as sq_ENV_gateway, which reaches the table elicitations alone.
Marks the database as the environment's, and applies the migrations as the owner.
Repeated, it changes nothing.

A role that does not exist needs its password, in OWNER_PASSWORD, FUNCTIONS_PASSWORD
or GATEWAY_PASSWORD; one that exists gets it where the variable is set, and keeps its
own otherwise. The passwords themselves are not sent to the server to be kept.

The administrator may also be a role with CREATEDB and CREATEROLE.` + administratorHelp,
		Example: `  operate database init prod --dry-run
  operate database init prod`,
		Args: cobra.ExactArgs(1),
		RunE: of(func(command *cobra.Command, e environment.Environment, _ []string) error {
			a, err := database.NewAdministrator(v[database.URLVariable])
			if err != nil {
				return err
			}
			if o.Connections == 0 {
				o.Connections = e.Connections()
			}
			if o.Connections < 1 {
				return fmt.Errorf("--connections is %d: want at least 1", o.Connections)
			}
			o.OwnerPassword, o.RolePassword = v[database.OwnerPasswordVariable], v[database.RolePasswordVariable]
			o.GatewayPassword = v[database.GatewayPasswordVariable]
			o.Report = progress(command)
			made, err := database.Init(command.Context(), a, e, o)
			switch out := command.OutOrStdout(); {
			case err != nil:
				return err
			case made == 0:
				fmt.Fprintf(out, "Database %s is set up; nothing was to be done.\n", e.Database())
			case o.Dry:
				fmt.Fprintln(out, "This was a dry run: nothing was changed.")
			default:
				fmt.Fprintf(out, "Database %s is set up.\n", e.Database())
			}
			return nil
		}),
	}
	flags := command.Flags()
	flags.IntVar(&o.Connections, "connections", 0, "connections that functions may hold (default: what gitops/overlays/ENV/database.yaml allows less its reserve and the gateway's part)")
	flags.BoolVar(&o.Adopt, "adopt", false, "take a database that has tables and belongs to no environment")
	flags.BoolVar(&o.Dry, "dry-run", false, "only say what would be done")
	return command
}
