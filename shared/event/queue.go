package event

import (
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Queue adds to the batch what writes the events to the outbox: they happen if
// its transaction does. The transaction has to be bound to the principal that
// the events name. Events of one conversation are published in the order in
// which they are queued. A ConversationErased is remembered until memory has
// confirmed it; DeleteQueued deletes the conversation's other events.
func Queue(batch *pgx.Batch, events ...Event) error {
	if err := Requeue(batch, events...); err != nil {
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

// Requeue adds to the batch what writes the events to the outbox. Unlike Queue, it
// does not remember erasures: theirs are remembered already.
func Requeue(batch *pgx.Batch, events ...Event) error {
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

// DeleteQueued adds to the batch what deletes the events of conversations from the
// outbox, dead letters too. Its command tag counts them.
func DeleteQueued(batch *pgx.Batch, conversationIDs []string) *pgx.QueuedQuery {
	return batch.Queue(`DELETE FROM outbox WHERE conversation_id = ANY($1)`, conversationIDs)
}

// rows are events by column, for one statement whatever their number.
type rows struct {
	principals, types  []string
	ids, conversations [][16]byte // pgx would encode a uuid.UUID by way of its text
	data               []string
}

// add appends an event with a new id. The ids of version 7 sort by time.
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
	data, err := Encode(e)
	if err != nil {
		return err
	}
	r.principals = append(r.principals, principal)
	r.types = append(r.types, string(e.Type()))
	r.ids = append(r.ids, id)
	r.conversations = append(r.conversations, conversation)
	r.data = append(r.data, string(data))
	return nil
}
