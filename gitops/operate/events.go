package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
)

// eventsCommand groups the two things that dead letters need: to be seen, and to be
// tried again once their cause is gone.
func eventsCommand(v variables) *cobra.Command {
	return group("events", "List and requeue dead letters", eventsListCommand(v), eventsReplayCommand(v))
}

// eventsListCommand shows identifiers and errors. Events carry no texts of people.
// Errors are the broker's or a consumer's texts, as they were received.
func eventsListCommand(v variables) *cobra.Command {
	var asJSON bool
	var limit int
	command := &cobra.Command{
		Use:   "list ENV",
		Short: "List the dead letters: events that could not be published or delivered",
		Long: `Lists the dead letters in the outbox with their errors: events that the broker refused
too often, or that it could not deliver to a consumer.` + applicationHelp,
		Example: `  operate events list prod`,
		Args:    cobra.ExactArgs(1),
		RunE: of(func(command *cobra.Command, e environment.Environment, _ []string) error {
			if limit < 1 {
				return fmt.Errorf("--limit is %d: want at least 1", limit)
			}
			pool, err := application(command.Context(), v, e)
			if err != nil {
				return err
			}
			defer pool.Close()
			letters, all, err := delivery.NewOutbox(pool).DeadLetters(command.Context(), limit)
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			more := ""
			if all > len(letters) {
				more = fmt.Sprintf("%d more are not shown.", all-len(letters))
			}
			if asJSON {
				if more != "" { // a program that reads the list must not take it for whole
					progress(command)(more)
				}
				return writeJSON(out, letters)
			}
			if all == 0 {
				fmt.Fprintln(out, "There are no dead letters.")
				return nil
			}
			table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "ID\tTYPE\tDEAD-LETTERED\tATTEMPTS\tPROBLEM")
			for _, e := range letters {
				fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", e.ID, e.Type, e.DeadLetteredAt.UTC().Format(time.RFC3339), e.Attempts, e.Problem)
			}
			if err := table.Flush(); err != nil {
				return err
			}
			if more != "" {
				fmt.Fprintln(out, more)
			}
			return nil
		}),
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	command.Flags().IntVar(&limit, "limit", 100, "maximum number to show")
	return command
}

// eventsReplayCommand only requeues: publishing is the relay's task, which keeps
// the order and counts attempts.
// An id that is no dead letter's is an error, and then nothing is requeued.
func eventsReplayCommand(v variables) *cobra.Command {
	var dry bool
	command := &cobra.Command{
		Use:   "replay ENV [ID…]",
		Short: "Requeue dead letters",
		Long: `Requeues all dead letters, or those named. The relay publishes them when it wakes: at the next
answer of anybody, and within a quarter of an hour. Consumers ignore an event whose id they have processed.` + applicationHelp,
		Example: `  operate events replay prod --dry-run
  operate events replay prod`,
		Args: cobra.MinimumNArgs(1),
		RunE: of(func(command *cobra.Command, e environment.Environment, args []string) error {
			var ids []uuid.UUID
			// All ids are read before any is requeued: a mistyped one changes nothing.
			for _, argument := range args {
				id, err := uuid.Parse(argument)
				if err != nil {
					return fmt.Errorf("%q is not an event id: operate events list %s shows them", argument, e)
				}
				ids = append(ids, id)
			}
			pool, err := application(command.Context(), v, e)
			if err != nil {
				return err
			}
			defer pool.Close()
			letters, err := delivery.NewOutbox(pool).Requeue(command.Context(), ids, dry)
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			for _, e := range letters {
				progress(command)(fmt.Sprintf("%s %s: %s", e.ID, e.Type, e.Problem))
			}
			if dry {
				fmt.Fprintf(out, "%d events would be requeued.\n", len(letters))
				return nil
			}
			fmt.Fprintf(out, "%d events requeued. The relay publishes them at the next answer, and within 15 minutes.\n", len(letters))
			return nil
		}),
	}
	command.Flags().BoolVar(&dry, "dry-run", false, "only list them")
	return command
}
