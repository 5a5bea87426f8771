package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/check"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
)

// checkCommand runs all checks and prints one line for each. Its exit code is for
// schedules, its remedies are for people, --json is for programs. It changes nothing.
// The token comes from the environment only, as all that is secret does.
// A check that is skipped does not fail the command.
func checkCommand(v variables) *cobra.Command {
	o := check.Options{}
	var asJSON bool
	command := &cobra.Command{
		Use:   "check ENV",
		Short: "Check an environment's database, memory, events and gateway",
		Long: `Checks PostgreSQL, its migrations, roles and connections, the backlog of events and
erasures, Qdrant, and the gateway. Prints a remedy for each failed check and exits with
an error if one failed. GATEWAY_URL is the gateway's URL up to /mcp, GATEWAY_TOKEN a
bearer token for it.` + applicationHelp + qdrantHelp,
		Example: `  operate check prod
  operate check prod --gateway https://questions.example.com/mcp --json`,
		Args: cobra.ExactArgs(1),
		RunE: of(func(command *cobra.Command, e environment.Environment, _ []string) error {
			// A bound of zero would fail every check and look like an outage.
			if o.Timeout <= 0 || o.MaxLag <= 0 {
				return fmt.Errorf("--timeout and --max-lag are %s and %s: want durations above zero", o.Timeout, o.MaxLag)
			}
			o.Environment, o.Token = e, v["GATEWAY_TOKEN"]
			if o.Gateway == "" {
				o.Gateway = v["GATEWAY_URL"]
			}
			if err := parse(v, e, &o.Postgres); err != nil {
				return err
			}
			if err := parse(v, e, &o.Qdrant); err != nil {
				return err
			}
			// Results are printed whole before the exit code is decided: the one that
			// failed is read among those that did not.
			results := check.Run(command.Context(), o)
			failed := 0
			for _, r := range results {
				if r.Status == check.Failed {
					failed++
				}
			}
			if asJSON {
				if err := writeJSON(command.OutOrStdout(), results); err != nil {
					return err
				}
			} else {
				table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "CHECK\tSTATUS\tFOUND\tDO")
				for _, r := range results {
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.Check, r.Status, r.Found, r.Do)
				}
				if err := table.Flush(); err != nil {
					return err
				}
			}
			if failed > 0 {
				return fmt.Errorf("%d of %d checks failed", failed, len(results))
			}
			return nil
		}),
	}
	flags := command.Flags()
	flags.StringVar(&o.Gateway, "gateway", "", "the gateway's URL (default $GATEWAY_URL)")
	flags.DurationVar(&o.MaxLag, "max-lag", 10*time.Minute, "the longest that an event may wait")
	flags.DurationVar(&o.Timeout, "timeout", 10*time.Second, "timeout of each check")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	return command
}
