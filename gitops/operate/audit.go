package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// auditCommand shows who did what. The trail holds no words.
// An empty list is no error: the trail may be off.
func auditCommand(v variables) *cobra.Command {
	var filter store.AuditFilter
	var since time.Duration
	var limit int
	var asJSON bool
	command := &cobra.Command{
		Use:   "audit ENV",
		Short: "List who opened, read, exported and erased conversations",
		Long: `Lists the latest acts of the audit trail: the principal, the user whose conversation it
is, the conversation and what was done. Functions record where AUDIT_DAYS is set; exports
are always recorded.` + applicationHelp,
		Example: `  operate audit prod --user ada --since 720h`,
		Args:    cobra.ExactArgs(1),
		RunE: of(func(command *cobra.Command, e environment.Environment, _ []string) error {
			if limit < 1 {
				return fmt.Errorf("--limit is %d: want at least 1", limit)
			}
			if since <= 0 {
				return fmt.Errorf("--since is %s: want a time that has passed, such as 24h", since)
			}
			if filter.ConversationID != "" {
				if _, err := uuid.Parse(filter.ConversationID); err != nil {
					return fmt.Errorf("--conversation is %q: want a conversation's id", filter.ConversationID)
				}
			}
			filter.Since = time.Now().Add(-since)
			pool, err := application(command.Context(), v, e)
			if err != nil {
				return err
			}
			s := store.New(pool)
			defer s.Close()
			acts, err := s.AuditTrail(command.Context(), filter, limit)
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			if asJSON {
				return writeJSON(out, acts)
			}
			table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "AT\tPRINCIPAL\tUSER\tCONVERSATION\tACTION")
			for _, act := range acts {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", act.At.UTC().Format(time.RFC3339), act.Principal, act.UserID, act.ConversationID, act.Action)
			}
			return table.Flush()
		}),
	}
	command.Flags().StringVar(&filter.Principal, "principal", "", "acts of this `principal` only")
	command.Flags().StringVar(&filter.User, "user", "", "acts on conversations of the user with this `id` only")
	command.Flags().StringVar(&filter.ConversationID, "conversation", "", "acts on the conversation with this `id` only")
	command.Flags().DurationVar(&since, "since", 24*time.Hour, "how far to look back")
	command.Flags().IntVar(&limit, "limit", 100, "maximum number to show")
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}
