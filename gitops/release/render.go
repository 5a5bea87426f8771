package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/render"
)

func renderCommand(root *string) *cobra.Command {
	var check, dryRun bool
	command := &cobra.Command{
		Use:   "render",
		Short: "Write the functions' manifests from their func.yaml files",
		Long: `Reads every functions/<name>/func.yaml and writes the Knative Service it asks
for to gitops/base/functions/<name>.yaml, with their kustomization. A func.yaml
has to satisfy Knative's func, and the Service Knative Serving; when one does
not, nothing is written.`,
		Example: `  release render
  release render --check   # fails when a file is out of date`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if check {
				return render.Check(command.Context(), *root)
			}
			act := render.Write
			if dryRun {
				act = render.Changes
			}
			changes, err := act(*root)
			if err != nil {
				return err
			}
			for _, change := range changes {
				if dryRun {
					fmt.Fprint(command.OutOrStdout(), "would have ")
				}
				fmt.Fprintln(command.OutOrStdout(), change.Action, change.Path)
			}
			return nil
		},
	}
	command.Flags().BoolVar(&check, "check", false, "write nothing; fail when a file is out of date")
	command.Flags().BoolVar(&dryRun, "dry-run", false, "write nothing; say what would be written")
	command.MarkFlagsMutuallyExclusive("check", "dry-run")
	return command
}
