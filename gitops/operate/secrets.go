package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/sealed"
)

func secretsCommand(v variables) *cobra.Command {
	return group("secrets", "Make the secrets of environments", generateCommand(v))
}

func generateCommand(v variables) *cobra.Command {
	var o sealed.Options
	var certificate, namespace, name string
	command := &cobra.Command{
		Use:   "generate ENV…",
		Short: "Make passwords and keys, and write them as SealedSecrets",
		Long: `Makes what is missing of the roles' passwords, the keys that seal forms and sign
events, and Qdrant's key, and writes one SealedSecret a file, ready to be committed. Nothing else is
written or shown: who needs a value reads it from the Secret in the cluster.

What is there is not overwritten. --rotate makes one Secret anew, with the Secret of
the other side that goes with it:

  sequential-questioning-database           the password of the functions' role
  sequential-questioning-gateway-database   the password of the gateway's role
  sequential-questioning-migrations         the password of the owner
  sequential-questioning-request-state      a new key in front; the last two stay
  sequential-questioning-event-signing      the same, for the signatures of events
  sequential-questioning-qdrant             Qdrant's key: name all environments that share it

A further environment gets Qdrant's key from QDRANT_API_KEY.`,
		Example: `  operate secrets generate staging prod
  operate secrets generate prod --rotate sequential-questioning-request-state`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			for _, argument := range args {
				e, err := environment.Parse(argument)
				if err != nil {
					return err
				}
				o.Environments = append(o.Environments, e)
			}
			var err error
			if o.Key, err = sealed.Certificate(command.Context(), certificate, namespace, name); err != nil {
				return err
			}
			o.QdrantKey = v["QDRANT_API_KEY"]
			written, err := sealed.Generate(o)
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			for _, file := range written {
				if o.Dry {
					fmt.Fprint(out, "would have ")
				}
				fmt.Fprintln(out, "written", file)
			}
			progress(command)(fmt.Sprintf("List the files in %s/kustomization.yaml.", o.Folder))
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.Folder, "to", "gitops/platform/secrets", "folder of the manifests")
	flags.StringVar(&o.Rotate, "rotate", "", "the Secret to make anew")
	flags.StringVar(&certificate, "cert", "", "certificate to seal with (default: the controller's, by the current context)")
	flags.StringVar(&namespace, "controller-namespace", "sealed-secrets", "where the controller is")
	flags.StringVar(&name, "controller-name", "sealed-secrets-controller", "its Service")
	flags.StringVar(&o.Host, "database", "postgres-{environment}-rw.databases.svc.cluster.local:5432", "PostgreSQL's host and port")
	flags.StringVar(&o.Parameters, "database-parameters", "sslmode=require", "parameters of the database's URL")
	flags.StringVar(&o.QdrantURL, "qdrant-url", "http://qdrant.databases.svc.cluster.local:6334", "Qdrant's gRPC address")
	flags.BoolVar(&o.Dry, "dry-run", false, "only say what would be written")
	return command
}
