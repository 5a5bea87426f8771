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

var severities = []string{"critical", "warning", "info"}

func alertCommand() *cobra.Command {
	return group("alert", "Try the alerts", alertTestCommand())
}

func alertTestCommand() *cobra.Command {
	var address, severity, name string
	var lasts, timeout time.Duration
	var dry bool
	command := &cobra.Command{
		Use:   "test",
		Short: "Fire a test alert, to try who hears of it",
		Long: `Fires the alert TestAlert through Alertmanager and says which receivers it is routed
to. Whether it arrived, the receivers have to say. It ends by itself.`,
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
				return fmt.Errorf("--for and --timeout are %s and %s: give them more than nothing", lasts, timeout)
			}
			manager, err := alert.Open(address, timeout)
			if err != nil {
				return err
			}
			out, now := command.OutOrStdout(), time.Now().UTC()
			if dry {
				fmt.Fprintf(out, "would have fired TestAlert of %s, severity %s\n", e, severity)
				return nil
			}
			receivers, err := manager.Fire(command.Context(), alert.Alert{
				Labels:      map[string]string{"alertname": "TestAlert", "severity": severity, "environment": string(e), "namespace": e.Namespace()},
				Annotations: map[string]string{"summary": "This is a test.", "description": "Somebody tries who hears of alerts. There is nothing to do."},
				StartsAt:    now, EndsAt: now.Add(lasts),
			})
			if err != nil {
				return err
			}
			if len(receivers) == 0 {
				return errors.New("the alert was taken and is not listed: Alertmanager routes it to nobody")
			}
			fmt.Fprintf(out, "TestAlert goes to %s, and ends at %s.\n", strings.Join(receivers, ", "), now.Add(lasts).Format(time.RFC3339))
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&address, "alertmanager", "http://localhost:9093", "Alertmanager's URL")
	flags.StringVar(&name, "environment", "dev", "environment that the alert names")
	flags.StringVar(&severity, "severity", "warning", "critical, warning or info")
	flags.DurationVar(&lasts, "for", 5*time.Minute, "how long it fires")
	flags.DurationVar(&timeout, "timeout", 10*time.Second, "how long one request may take")
	flags.BoolVar(&dry, "dry-run", false, "only say what would be fired")
	return command
}
