package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
)

// Update takes an open conversation through one call: it loads it with what the
// call named of it, has change say what the call adds, and saves that. change
// brings the conversation to the next revision; where it returns nil, nothing is
// saved.
//
// The first attempt locks nothing and takes two round trips, so that change may
// wait for a model. Where another call was quicker, the call starts over with the
// conversation locked: of many calls at once all succeed. change starts from what
// it is given each time, and asks nobody else then.
func (s *Store) Update(ctx context.Context, id string, named Named, change func(*Tx, *Loaded) (*Change, error)) error {
	err := s.direct().update(ctx, id, named, change)
	if !errors.Is(err, ErrConflict) && !postgres.Contended(err) {
		return err
	}
	ctx, saved := decided(ctx)
	defer saved()
	return s.Write(ctx, func(tx *Tx) error { return tx.update(ctx, id, named, change) })
}

func (t *Tx) update(ctx context.Context, id string, named Named, change func(*Tx, *Loaded) (*Change, error)) error {
	loaded, err := t.load(ctx, id, named)
	if err != nil {
		return err
	}
	add, err := change(t, loaded)
	if err != nil || add == nil {
		return err
	}
	ctx, saved := decided(ctx)
	defer saved()
	return t.Save(ctx, loaded.Conversation, *add)
}

// Save stores a change of a loaded conversation with its events, in a transaction
// of its own and one round trip, or returns ErrConflict: then the call starts over
// from Load.
func (s *Store) Save(ctx context.Context, c *Conversation, change Change) error {
	return s.direct().Save(ctx, c, change)
}

// notNullViolation is an error code of PostgreSQL's (Appendix A).
const notNullViolation = "23502"

// Save stores a change with its events. It brings the conversation to the
// revision of c from the one before it, or returns ErrConflict.
func (t *Tx) Save(ctx context.Context, c *Conversation, change Change) error {
	batch := t.batch(ctx)
	if err := c.queueChange(ctx, batch, change); err != nil {
		return err
	}
	err := t.send(ctx, batch)
	var server *pgconn.PgError
	if errors.As(err, &server) && server.Code == notNullViolation && server.ColumnName == "revision" {
		return ErrConflict
	}
	if err != nil {
		return fmt.Errorf("store change: %w", err)
	}
	return nil
}

// queueChange begins with the compare-and-set: it locks the conversation. Where
// another call was quicker the revision becomes null, which the table refuses: an
// error of the server undoes the whole batch, and needs no round trip to see it.
func (c *Conversation) queueChange(ctx context.Context, batch *pgx.Batch, change Change) error {
	iv := c.State
	stopReason := ""
	if change.Batch.Stop != nil {
		stopReason = string(change.Batch.Stop.Reason)
	}
	batch.Queue(`
		UPDATE conversations
		SET revision = CASE WHEN revision = $2 THEN $2 + 1 END, questions_asked = $3, answers_recorded = $4,
		    stop_reason = nullif($5, ''), playbook = nullif($6, ''), form = nullif($7, ''), updated_at = now(),
		    opened_by = CASE WHEN opened_with_key THEN opened_by END
		WHERE id = $1`, c.ID, c.Revision-1, iv.Asked, iv.Answered, stopReason, c.Playbook, c.SchemaKey,
	).Exec(func(moved pgconn.CommandTag) error {
		if moved.RowsAffected() != 1 {
			return ErrConflict // erased meanwhile: what follows belongs to nothing, and is refused
		}
		return nil
	})
	if change.Replaced {
		if err := replaceSlots(batch, c.ID, iv); err != nil {
			return err
		}
	} else {
		if err := updateSlots(batch, c.ID, change.Before, iv); err != nil {
			return err
		}
		supersedeAnswers(batch, c.ID, change.Before, iv)
		closeQuestions(batch, c.ID, change.Before.Open, iv.Open)
	}
	insertQuestions(batch, c.ID, iv.Open[len(iv.Open)-change.Batch.New:])
	for _, a := range change.Answers {
		if err := insertAnswer(batch, c.ID, c.Revision, a); err != nil {
			return err
		}
	}
	insertMessages(batch, c.ID, c.Revision, change.Messages)
	upsertCall(batch, c.ID, c.Revision, change.Fingerprint, change.Result)
	return event.Queue(batch, c.events(ctx, change, time.Now().UTC())...)
}
