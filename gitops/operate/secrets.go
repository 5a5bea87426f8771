package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/sealed"
)

// generateCommand writes manifests into the checkout. Values exist in its memory only,
// and leave it encrypted with the cluster's certificate. Nothing changes in a cluster
// before the files are committed and synced.
func generateCommand(v variables) *cobra.Command {
	var g sealed.Options
	var certificate string
	c := of(v, func(o *operation) error {
		// Several environments in one run share what they share in the cluster.
		g.Environments, g.QdrantKey, g.Dry = []environment.Environment{o.environment}, v["QDRANT_API_KEY"], o.dry()
		for _, argument := range o.args {
			e, err := environment.Parse(argument)
			if err != nil {
				return err
			}
			g.Environments = append(g.Environments, e)
		}
		var err error
		if g.Key, err = sealed.Certificate(o.Context(), certificate); err != nil {
			return err
		}
		written, err := sealed.Generate(g)
		if err != nil {
			return err
		}
		for _, file := range written {
			o.printf("%s %s\n", o.did("wrote", "would write"), file)
		}
		o.progress(fmt.Sprintf("Add the files to %s/kustomization.yaml.", g.Folder))
		return nil
	}, &cobra.Command{
		Use:   "generate ENV…",
		Short: "Generate passwords and keys, and write them as SealedSecrets",
		Long: `Generates missing passwords of roles, the keys that seal request state and sign events,
and Qdrant's key, and writes one SealedSecret per file, ready to commit. Values are not
printed: read them from the Secrets in the cluster.

Existing Secrets are not overwritten. --rotate replaces one Secret, together with those
that share its value:

  sequential-questioning-database           the password of the functions' role
  sequential-questioning-gateway-database   the password of the gateway's role
  sequential-questioning-migrations         the password of the owner
  sequential-questioning-request-state      prepends a new key; the last two stay valid
  sequential-questioning-event-signing      the same, for the signatures of events
  sequential-questioning-qdrant             Qdrant's key, for all environments

Set QDRANT_API_KEY to Qdrant's key when you add an environment later.`,
		Example: `  operate secrets generate staging prod
  operate secrets generate prod --rotate sequential-questioning-request-state`,
		Args: cobra.MinimumNArgs(1),
	})
	c.Flags().StringVar(&g.Folder, "to", "gitops/platform/secrets", "folder to write manifests to")
	c.Flags().StringVar(&g.Rotate, "rotate", "", "Secret to replace")
	c.Flags().StringVar(&certificate, "cert", "", "certificate to seal with, as by kubeseal --fetch-cert (default: that of the platform's controller, by the current context)")
	c.Flags().StringVar(&g.Host, "database", "postgres-{environment}-rw.databases.svc.cluster.local:5432", "PostgreSQL's host and port")
	c.Flags().StringVar(&g.QdrantURL, "qdrant-url", "http://qdrant.databases.svc.cluster.local:6334", "Qdrant's gRPC address")
	c.Flags().Bool(dryRun, false, "only print what would be written")
	return c
}
