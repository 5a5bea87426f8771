package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/database"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
)

// administratorHelp ends the help of every command that needs more than the functions'
// role.
const administratorHelp = `

The environment variable ADMIN_DATABASE_URL names the server, with a superuser's
postgres://user:password@host:port/postgres.`

// databaseCommand groups what needs an administrator of the server. Functions never
// have these credentials.
func databaseCommand(v variables) *cobra.Command {
	return group("database", "Set up, back up and restore databases",
		initCommand(v), backupCommand(v), backupsCommand(v), restoreCommand(v), switchCommand(v), databasesCommand(v))
}

// initCommand sets up or repairs a database. What it does is decided by comparing
// the desired with the actual state, so --dry-run prints exactly what a run would
// do.
// It can run again after every release, as a check that repairs.
func initCommand(v variables) *cobra.Command {
	var o database.InitOptions
	command := &cobra.Command{
		Use:   "init ENV",
		Short: "Create an environment's database and roles, and migrate it",
		Long: `Creates the database sq_ENV and three roles: sq_ENV_owner owns and migrates it; functions
connect as sq_ENV, which may only read and write rows; the gateway connects as
sq_ENV_gateway, which may only access the table elicitations. Marks the database as the
environment's and applies the migrations as the owner. A second run changes nothing.

A new role needs its password in OWNER_PASSWORD, FUNCTIONS_PASSWORD or GATEWAY_PASSWORD.
An existing role gets the variable's password if the variable is set, and keeps its own
otherwise. The server only receives verifiers of the passwords.

A role with CREATEDB and CREATEROLE suffices.` + administratorHelp,
		Example: `  operate database init prod --dry-run
  operate database init prod`,
		Args: cobra.ExactArgs(1),
		RunE: of(func(command *cobra.Command, e environment.Environment, _ []string) error {
			a, err := database.NewAdministrator(v[database.URLVariable])
			if err != nil {
				return err
			}
			// The default is computed from what git says of the environment's database,
			// so that both change together.
			if o.Connections == 0 {
				o.Connections = e.Connections()
			}
			if o.Connections < 1 {
				return fmt.Errorf("--connections is %d: want at least 1", o.Connections)
			}
			// Passwords are read here and turned into SCRAM verifiers before anything
			// is sent: they appear in no log of the server.
			o.OwnerPassword, o.RolePassword = v[database.OwnerPasswordVariable], v[database.RolePasswordVariable]
			o.GatewayPassword = v[database.GatewayPasswordVariable]
			o.Report = progress(command)
			made, err := database.Init(command.Context(), a, e, o)
			switch out := command.OutOrStdout(); {
			case err != nil:
				return err
			case made == 0:
				fmt.Fprintf(out, "Database %s is already set up; nothing changed.\n", e.Database())
			case o.Dry:
				fmt.Fprintln(out, "Dry run: nothing was changed.")
			default:
				fmt.Fprintf(out, "Database %s is set up.\n", e.Database())
			}
			return nil
		}),
	}
	flags := command.Flags()
	flags.IntVar(&o.Connections, "connections", 0, "connections that functions may use (default: the limit in gitops/overlays/ENV/database.yaml minus its reserve and the gateway's share)")
	flags.BoolVar(&o.Adopt, "adopt", false, "use a database that has tables and belongs to no environment")
	flags.BoolVar(&o.Dry, "dry-run", false, "only print what would be done")
	return command
}
