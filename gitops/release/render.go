package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/render"
)

// renderCommand writes all manifests or none. With --check it is what make verify and
// the rule drift run.
// A second run writes nothing.
func renderCommand(root *string) *cobra.Command {
	var check, dryRun bool
	command := &cobra.Command{
		Use:   "render",
		Short: "Write the functions' manifests from their func.yaml files",
		Long: `Renders every functions/<name>/func.yaml to a Knative Service in
gitops/base/functions/<name>.yaml, and writes their kustomization. Every func.yaml must be
valid for Knative's func, and every Service for Knative Serving; otherwise nothing is
written.`,
		Example: `  release render
  release render --check   # fails if a file is out of date`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if check {
				return render.Check(command.Context(), *root)
			}
			paths, err := render.Write(*root, dryRun)
			if err != nil {
				return err
			}
			for _, path := range paths {
				fmt.Fprintln(command.OutOrStdout(), map[bool]string{false: "changed", true: "would change"}[dryRun], path)
			}
			return nil
		},
	}
	command.Flags().BoolVar(&check, "check", false, "write nothing; fail if a file is out of date")
	command.Flags().BoolVar(&dryRun, "dry-run", false, "only print what would be written")
	command.MarkFlagsMutuallyExclusive("check", "dry-run")
	return command
}
