package event

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Queue adds to the batch what writes the events to the outbox: they happen if
// its transaction does. The transaction has to be bound to the principal that
// the events name. Events of one conversation are published in the order in
// which they are queued. A ConversationErased is remembered until memory has
// confirmed it; what waits of the conversation's other events is deleted by
// Withdraw.
func Queue(batch *pgx.Batch, events ...Event) error {
	if err := queue(batch, events...); err != nil {
		return err
	}
	var erased []string
	for _, e := range events {
		if erasure, ok := e.(ConversationErased); ok {
			erased = append(erased, erasure.ConversationID)
		}
	}
	if len(erased) > 0 {
		batch.Queue(`INSERT INTO erasures (conversation_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING`, erased)
	}
	return nil
}

func queue(batch *pgx.Batch, events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	var rows rows
	for _, e := range events {
		if err := rows.add(e); err != nil {
			return fmt.Errorf("event %s: %w", e.Type(), err)
		}
	}
	batch.Queue(`
		INSERT INTO outbox (principal, id, conversation_id, type, data)
		SELECT principal, id, conversation_id, type, data
		FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::json[])
		     WITH ORDINALITY AS e (principal, id, conversation_id, type, data, ordinality)
		ORDER BY ordinality`,
		rows.principals, rows.ids, rows.conversations, rows.types, rows.data)
	return nil
}

// Withdraw adds to the batch what deletes the waiting events of conversations.
// Its command tag counts them.
func Withdraw(batch *pgx.Batch, conversations []uuid.UUID) *pgx.QueuedQuery {
	return batch.Queue(`DELETE FROM outbox WHERE conversation_id = ANY($1)`, conversations)
}

// rows are events by column, for one statement whatever their number.
type rows struct {
	principals, types  []string
	ids, conversations []uuid.UUID
	data               []string
}

func (r *rows) add(e Event) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make an id: %w", err)
	}
	of, principal := e.Of()
	conversation, err := uuid.Parse(of)
	if err != nil {
		return fmt.Errorf("conversation_id: %w", err)
	}
	data, err := json.Marshal(e.bounded())
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	r.principals = append(r.principals, principal)
	r.types = append(r.types, string(e.Type()))
	r.ids = append(r.ids, id)
	r.conversations = append(r.conversations, conversation)
	r.data = append(r.data, string(data))
	return nil
}
