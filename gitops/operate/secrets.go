package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/sealed"
)

// secretsCommand groups the generation of secrets; reading them is kubectl's job,
// and needs its permissions.
func secretsCommand(v variables) *cobra.Command {
	return group("secrets", "Generate the secrets of environments", generateCommand(v))
}

// generateCommand writes manifests into the checkout. Values exist in its memory only,
// and leave it encrypted with the cluster's certificate. It needs no access to a
// cluster when --cert names the certificate.
// It only writes files. Nothing changes in a cluster before they are committed and synced.
func generateCommand(v variables) *cobra.Command {
	var o sealed.Options
	var certificate, namespace, name string
	command := &cobra.Command{
		Use:   "generate ENV…",
		Short: "Generate passwords and keys, and write them as SealedSecrets",
		Long: `Generates missing passwords of roles, the keys that seal request state and sign events,
and Qdrant's key, and writes one SealedSecret per file, ready to commit. Values are not
printed: read them from the Secrets in the cluster.

Existing Secrets are not overwritten. --rotate replaces one Secret, together with the
Secret that shares its value:

  sequential-questioning-database           the password of the functions' role
  sequential-questioning-gateway-database   the password of the gateway's role
  sequential-questioning-migrations         the password of the owner
  sequential-questioning-request-state      prepends a new key; the last two stay valid
  sequential-questioning-event-signing      the same, for the signatures of events
  sequential-questioning-qdrant             Qdrant's key: name all environments that share it

Set QDRANT_API_KEY to Qdrant's key when you add an environment later.`,
		Example: `  operate secrets generate staging prod
  operate secrets generate prod --rotate sequential-questioning-request-state`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			// Several environments in one run share what they share in the cluster,
			// such as Qdrant's key.
			for _, argument := range args {
				e, err := environment.Parse(argument)
				if err != nil {
					return err
				}
				o.Environments = append(o.Environments, e)
			}
			var err error
			// The certificate is public: with it anybody can seal, and only the
			// controller can open.
			if o.Key, err = sealed.Certificate(command.Context(), certificate, namespace, name); err != nil {
				return err
			}
			o.QdrantKey = v["QDRANT_API_KEY"]
			written, err := sealed.Generate(o)
			if err != nil {
				return err
			}
			did := "wrote"
			if o.Dry {
				did = "would write"
			}
			for _, file := range written {
				fmt.Fprintln(command.OutOrStdout(), did, file)
			}
			progress(command)(fmt.Sprintf("Add the files to %s/kustomization.yaml.", o.Folder))
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.Folder, "to", "gitops/platform/secrets", "folder to write manifests to")
	flags.StringVar(&o.Rotate, "rotate", "", "Secret to replace")
	flags.StringVar(&certificate, "cert", "", "certificate to seal with (default: the controller's, by the current context)")
	flags.StringVar(&namespace, "controller-namespace", "sealed-secrets", "the controller's namespace")
	flags.StringVar(&name, "controller-name", "sealed-secrets-controller", "the controller's Service")
	flags.StringVar(&o.Host, "database", "postgres-{environment}-rw.databases.svc.cluster.local:5432", "PostgreSQL's host and port")
	flags.StringVar(&o.Parameters, "database-parameters", "sslmode=require", "parameters of the database's URL")
	flags.StringVar(&o.QdrantURL, "qdrant-url", "http://qdrant.databases.svc.cluster.local:6334", "Qdrant's gRPC address")
	flags.BoolVar(&o.Dry, "dry-run", false, "only print what would be written")
	return command
}
