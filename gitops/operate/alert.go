package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/alert"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
)

// severities are those by which gitops/platform routes alerts.
var severities = []string{"critical", "warning", "info"}

// alertCommand groups what operators do with alerts. Silencing and inspecting them
// is amtool's job.
func alertCommand() *cobra.Command {
	return group("alert", "Test alert routing", alertTestCommand())
}

// alertTestCommand fires a real alert, so that routes, receivers and their
// credentials are tested, and not only that Alertmanager is up. It resolves by
// itself: Alertmanager ends an alert whose end has passed.
func alertTestCommand() *cobra.Command {
	var address, severity, name string
	var lasts, timeout time.Duration
	var dry bool
	command := &cobra.Command{
		Use:   "test",
		Short: "Fire a test alert and list the receivers it is routed to",
		Long: `Fires the alert TestAlert through Alertmanager and prints the receivers it is routed to.
Check delivery at the receivers. The alert resolves after --for.`,
		Example: `  kubectl -n monitoring port-forward svc/alertmanager-operated 9093 &
  operate alert test --alertmanager http://localhost:9093 --environment prod --severity critical`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			e, err := environment.Parse(name)
			if err != nil {
				return err
			}
			if !slices.Contains(severities, severity) {
				return fmt.Errorf("--severity is %q: want one of %s", severity, strings.Join(severities, ", "))
			}
			if lasts <= 0 || timeout <= 0 {
				return fmt.Errorf("--for and --timeout are %s and %s: want durations above zero", lasts, timeout)
			}
			// The alert carries the labels that routes match; its name belongs to
			// no alerting rule.
			manager, err := alert.Open(address, timeout)
			if err != nil {
				return err
			}
			out, now := command.OutOrStdout(), time.Now().UTC()
			if dry {
				fmt.Fprintf(out, "would fire TestAlert of %s, severity %s\n", e, severity)
				return nil
			}
			receivers, err := manager.Fire(command.Context(), alert.Alert{
				Labels:      map[string]string{"alertname": "TestAlert", "severity": severity, "environment": string(e), "namespace": e.Namespace()},
				Annotations: map[string]string{"summary": "This is a test.", "description": "An operator tests alert routing. No action is needed."},
				StartsAt:    now, EndsAt: now.Add(lasts),
			})
			if err != nil {
				return err
			}
			if len(receivers) == 0 {
				return errors.New("the alert is accepted but routed to no receiver")
			}
			fmt.Fprintf(out, "TestAlert is routed to %s and resolves at %s.\n", strings.Join(receivers, ", "), now.Add(lasts).Format(time.RFC3339))
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&address, "alertmanager", "http://localhost:9093", "Alertmanager's URL")
	flags.StringVar(&name, "environment", "dev", "environment in the alert's labels")
	flags.StringVar(&severity, "severity", "warning", "critical, warning or info")
	flags.DurationVar(&lasts, "for", 5*time.Minute, "how long the alert fires")
	flags.DurationVar(&timeout, "timeout", 10*time.Second, "timeout of one request")
	flags.BoolVar(&dry, "dry-run", false, "only print what would be fired")
	return command
}
