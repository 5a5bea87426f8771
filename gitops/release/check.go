package main

import (
	"fmt"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner"
)

// checkCommand prints each problem on a line of its own and fails if there is one, so
// that it serves a person and a pipeline. It needs neither a cluster nor a network.
func checkCommand(root *string) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check what must be edited before the first sync",
		Long: `Reads ` + owner.File + `, builds everything that Argo CD would deploy, and
says which values are still placeholders, whether Argo CD reads the repository that you
push to, and whether the images come from your registry. It changes nothing.`,
		Example: `  release check`,
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			// Without a remote there is nothing to compare with.
			origin, _ := exec.CommandContext(command.Context(), "git", "-C", *root, "remote", "get-url", "origin").Output()
			// An error is a tree that cannot be built; problems are what an owner has
			// yet to decide.
			problems, err := owner.Check(*root, strings.TrimSpace(string(origin)))
			if err != nil {
				return err
			}
			for _, problem := range problems {
				fmt.Fprintln(command.OutOrStdout(), problem)
			}
			if len(problems) > 0 {
				return fmt.Errorf("%d to change before the first sync", len(problems))
			}
			fmt.Fprintln(command.OutOrStdout(), "Ready for the first sync.")
			return nil
		},
	}
}
