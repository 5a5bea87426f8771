package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// auditCommand shows who did what. The trail holds no words.
// An empty list is no error: the trail may be off.
func auditCommand(v variables) *cobra.Command {
	var filter store.AuditFilter
	var since time.Duration
	var limit uint16
	c := of(v, withData(func(o *operation, pool *pgxpool.Pool) error {
		if filter.ConversationID != "" && uuid.Validate(filter.ConversationID) != nil {
			return fmt.Errorf("--conversation is %q: want a conversation's id", filter.ConversationID)
		}
		filter.Since = time.Now().Add(-since)
		acts, err := store.New(pool).AuditTrail(o.Context(), filter, int(limit))
		if err != nil {
			return err
		}
		return show(o, "AT PRINCIPAL USER CONVERSATION ACTION", acts, func(act store.Act) []any {
			return []any{utc(act.At), act.Principal, act.UserID, act.ConversationID, act.Action}
		})
	}), &cobra.Command{
		Use:   "audit ENV",
		Short: "List who opened, read, exported and erased conversations",
		Long: `Lists the latest acts of the audit trail. Functions record where AUDIT_DAYS is set;
exports are always recorded.`,
		Example: `  operate audit prod --user ada --since 720h`,
		Args:    cobra.ExactArgs(1),
	})
	c.Flags().StringVar(&filter.Principal, "principal", "", "acts of this `principal` only")
	c.Flags().StringVar(&filter.User, "user", "", "acts on conversations of the user with this `id` only")
	c.Flags().StringVar(&filter.ConversationID, "conversation", "", "acts on the conversation with this `id` only")
	c.Flags().DurationVar(&since, "since", 24*time.Hour, "how far to look back")
	c.Flags().Uint16Var(&limit, "limit", 100, "maximum number to show")
	c.Flags().Bool(asJSON, false, "print JSON")
	return c
}

// exportCommand gives a person, or who asks for one, what is held of that person. The
// export itself is recorded in the audit trail, whether or not functions record there.
func exportCommand(v variables) *cobra.Command {
	var user, whose string
	c := of(v, withData(func(o *operation, pool *pgxpool.Pool) error {
		held := map[string][]json.RawMessage{} // by table
		err := store.New(pool).Export(principal.With(o.Context(), whose), user, func(table string, row json.RawMessage) error {
			held[table] = append(held[table], bytes.Clone(row)) // it may be reused
			return nil
		})
		if err != nil {
			return err
		}
		return o.json(held)
	}), &cobra.Command{
		Use:   "export ENV",
		Short: "Write everything that is held of a user as JSON",
		Long: `Writes every row of the database that is held of a user, by table, as of one moment.
The user is the user_id that clients send, and the principal is the subject of the
client's token; without tokens it is "` + principal.Local + `".`,
		Example: `  operate export prod --user ada --principal client-7 > ada.json`,
		Args:    cobra.ExactArgs(1),
	})
	c.Flags().StringVar(&user, "user", "", "the user's `id`")
	_ = c.MarkFlagRequired("user")
	c.Flags().StringVar(&whose, "principal", principal.Local, "the `principal` whose user it is")
	return c
}

// eventsListCommand shows identifiers and errors. Events carry no texts of people.
// Errors are the broker's or a consumer's texts, as they were received.
func eventsListCommand(v variables) *cobra.Command {
	var limit uint16
	c := of(v, withData(func(o *operation, pool *pgxpool.Pool) error {
		letters, all, err := delivery.NewOutbox(pool).DeadLetters(o.Context(), int(limit))
		if err != nil {
			return err
		}
		if all > len(letters) {
			o.progress(fmt.Sprintf("%d more are not shown.", all-len(letters)))
		}
		return show(o, "ID TYPE DEAD-LETTERED ATTEMPTS PROBLEM", letters, func(l delivery.DeadLetter) []any {
			return []any{l.ID, l.Type, utc(l.DeadLetteredAt), l.Attempts, l.Problem}
		})
	}), &cobra.Command{
		Use:   "list ENV",
		Short: "List the dead letters: events that could not be published or delivered",
		Args:  cobra.ExactArgs(1),
	})
	c.Flags().Uint16Var(&limit, "limit", 100, "maximum number to show")
	c.Flags().Bool(asJSON, false, "print JSON")
	return c
}

// eventsReplayCommand only requeues: publishing is the relay's task, which keeps
// the order and counts attempts.
// An id that is no dead letter's is an error, and then nothing is requeued.
func eventsReplayCommand(v variables) *cobra.Command {
	c := of(v, withData(func(o *operation, pool *pgxpool.Pool) error {
		var ids []uuid.UUID
		for _, argument := range o.args {
			id, err := uuid.Parse(argument)
			if err != nil {
				return fmt.Errorf("%q is not an event id: operate events list %s shows them", argument, o.environment)
			}
			ids = append(ids, id)
		}
		letters, err := delivery.NewOutbox(pool).Requeue(o.Context(), ids, o.dry())
		if err != nil {
			return err
		}
		for _, l := range letters {
			o.progress(fmt.Sprintf("%s %s: %s", l.ID, l.Type, l.Problem))
		}
		o.printf(o.did("%d events requeued. The relay publishes them at the next answer, and within 15 minutes.\n", "%d events would be requeued.\n"), len(letters))
		return nil
	}), &cobra.Command{
		Use:   "replay ENV [ID…]",
		Short: "Requeue dead letters",
		Long: `Requeues all dead letters, or those named. The relay publishes them when it wakes.
Consumers ignore an event whose id they have processed.`,
		Args: cobra.MinimumNArgs(1),
	})
	c.Flags().Bool(dryRun, false, "only list them")
	return c
}

// memory opens Qdrant as functions do, but no person waits for an answer here. The caller
// closes it.
func (o *operation) memory() (*memory.Memory, error) {
	var settings memory.Settings
	if err := o.settings(&settings); err != nil {
		return nil, err
	}
	settings.Qdrant.Timeout = max(settings.Qdrant.Timeout, 5*time.Second)
	return settings.Open()
}

// rebuildCommand reads as the functions' role and writes as the indexer does. Memory is a
// copy of the database's answers, so nothing here can lose data. --fresh is for vectors of
// another model or size: without it the collection refuses them.
func rebuildCommand(v variables) *cobra.Command {
	var fresh bool
	c := of(v, withData(func(o *operation, pool *pgxpool.Pool) error {
		m, err := o.memory()
		if err != nil {
			return err
		}
		defer m.Close()
		if fresh {
			// Between this and the end of the rebuild, conversations continue without
			// memory and say so.
			if err := m.Drop(o.Context()); err != nil {
				return err
			}
		}
		shown := time.Now()
		done, err := m.Rebuild(o.Context(), store.New(pool), func(r memory.Rebuilt) {
			if time.Since(shown) > time.Second {
				shown = time.Now()
				o.progress(fmt.Sprintf("%d conversations, %d answers", r.Conversations, r.Answers))
			}
		})
		if err != nil {
			return fmt.Errorf("after %d conversations: %w", done.Conversations, err)
		}
		o.printf("%d conversations, %d answers indexed, %d checked again\n", done.Conversations, done.Answers, done.Stale)
		return nil
	}), &cobra.Command{
		Use:   "rebuild [ENV]",
		Short: "Rebuild memory from the database",
		Long: `Writes the answers of all conversations to Qdrant, and removes points that the database
does not have. It is safe to run at any time, and repeatedly. Without ENV the database must
belong to no environment, as that of the local program.`,
		Example: `  operate memory rebuild prod
  operate memory rebuild --fresh    # of the local program with its own Qdrant`,
		Args: cobra.MaximumNArgs(1),
	})
	c.Flags().BoolVar(&fresh, "fresh", false, "drop the collection first, for example after a change of the embedding model")
	return c
}
