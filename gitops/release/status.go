package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/status"
)

// statusWait bounds all environments together.
const statusWait = 2 * time.Minute

// statusCommand changes nothing. Its JSON is for scripts; the table may change.
func statusCommand() *cobra.Command {
	var environments []string
	var asJSON bool
	command := &cobra.Command{
		Use:   "status",
		Short: "Show the deployed revision and functions of each environment",
		Long: `Shows each environment's revision, health and auto-sync, and each function's Knative
revision, image, pods, and whether it runs the image that the revision pins.` + connectionHelp,
		Example: `  release status
  release status --env prod --json`,
		Args:              cobra.NoArgs,
		PersistentPreRunE: anywhere,
	}
	command.Flags().StringSliceVar(&environments, "env", status.Environments, "environments to show")
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	connect := argocdFlags(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		// A misspelled environment would otherwise be reported as not installed.
		for _, name := range environments {
			if !slices.Contains(status.Environments, name) {
				return fmt.Errorf("there is no environment %s: want one of %s", name, strings.Join(status.Environments, ", "))
			}
		}
		ctx, cancel := context.WithTimeout(command.Context(), statusWait)
		defer cancel()
		server, err := connect(ctx)
		if err != nil {
			return err
		}
		defer server.Close()
		all, err := status.Read(ctx, server, environments)
		if err != nil {
			return err
		}
		if asJSON {
			encoder := json.NewEncoder(command.OutOrStdout())
			encoder.SetIndent("", "  ")
			return encoder.Encode(all)
		}
		status.Print(command.OutOrStdout(), all)
		return nil
	}
	return command
}
