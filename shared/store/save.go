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
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// Update takes an open conversation through one call: it loads it with what the
// call named of it, has change say what the call adds, and saves that. change
// brings the conversation to the next revision; where it returns nil, nothing is
// saved. The error may be ErrNotFound, or ErrConflict in a race without end.
//
// The first attempt locks nothing and takes two round trips, so that change may
// wait for a model. Where another call was quicker, the call starts over with the
// conversation locked: of many calls at once all succeed. change starts from what
// it is given each time, and waits for nobody else then.
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
	made, err := change(t, loaded)
	if err != nil || made == nil {
		return err
	}
	ctx, saved := decided(ctx)
	defer saved()
	return t.save(ctx, loaded.Conversation, *made)
}

// Save stores a change of a loaded conversation, as Update does, in a transaction
// and one round trip, or returns ErrConflict: then the call starts over from Load.
// Who wins a race is decided by the database, whichever processes the calls are in.
func (s *Store) Save(ctx context.Context, c *Conversation, change Change) error {
	return s.direct().save(ctx, c, change)
}

// notNull is the code of an error of PostgreSQL's (Appendix A): a column is null
// that may not be.
const notNull = "23502"

// save stores a change with its events, in one round trip. It brings the
// conversation to the revision of c from the one before it, or returns ErrConflict.
// What differs between the change's Before and the state of c is written, and
// nothing else.
func (t *Tx) save(ctx context.Context, c *Conversation, change Change) error {
	batch := t.batch(ctx)
	if err := c.queueChange(ctx, batch, change); err != nil {
		return err
	}
	err := t.send(ctx, batch)
	var server *pgconn.PgError
	if errors.As(err, &server) && server.Code == notNull && server.TableName == "conversations" && server.ColumnName == "revision" {
		return ErrConflict
	}
	if err != nil {
		return fmt.Errorf("store change: %w", err)
	}
	return nil
}

// queueChange begins with the compare-and-set. Where another call was quicker, the
// server refuses it, and with it the whole batch: nobody has to look before the
// rest is sent.
func (c *Conversation) queueChange(ctx context.Context, batch *pgx.Batch, change Change) error {
	iv := c.State
	stopReason := ""
	if change.Batch.Stop != nil {
		stopReason = string(change.Batch.Stop.Reason)
	}
	query(batch, (*queries.Queries).UpdateConversation, queries.UpdateConversationParams{
		ID: c.ID, Revision: c.Revision - 1, QuestionsAsked: iv.Asked, AnswersRecorded: iv.Answered, StopReason: stopReason,
		Playbook: c.Playbook, SchemaKey: c.SchemaKey,
	}, func(advanced int64) error {
		if advanced == 0 {
			return ErrConflict // erased meanwhile: the call that is kept belongs to nothing, which the server refuses
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
	if err := upsertResult(batch, c.ID, c.Revision, change.Fingerprint, change.Result); err != nil {
		return err
	}
	return event.Queue(batch, c.events(ctx, change, time.Now().UTC())...)
}
