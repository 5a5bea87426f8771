package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// lockErased finds the conversations to erase, $1 one of them or null, $2 a user
// or empty, and locks them: nothing is added to them meanwhile.
const lockErased = `
	SELECT c.id, c.session_id FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
	WHERE c.principal = current_setting('app.principal')
	  AND ($1::uuid IS NULL OR c.id = $1) AND ($2 = '' OR s.user_id = $2)
	ORDER BY c.id FOR UPDATE OF c`

// Erase deletes a conversation of a user, or all of them where id is empty; of
// anybody where userID is empty. It takes back what they added to statistics and
// what other conversations assume because of them, and queues an event each, as
// of at. Erasing what is gone erases nothing.
func (s *Store) Erase(ctx context.Context, id, userID string, at time.Time) (erased Erased, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		erased = Erased{}
		ids, sessions, err := tx.lockErased(ctx, id, userID)
		if err != nil || len(ids) == 0 {
			return err
		}
		erased, err = tx.erase(ctx, ids, sessions, at)
		return err
	})
	return erased, err
}

func (t *Tx) lockErased(ctx context.Context, id, userID string) (ids []uuid.UUID, sessions []string, err error) {
	var one *string
	if id != "" {
		one = &id
	}
	batch := t.batch(ctx)
	batch.Queue(lockErased, one, userID).Query(func(rows pgx.Rows) error {
		var id uuid.UUID
		var session string
		_, err := pgx.ForEachRow(rows, []any{&id, &session}, func() error {
			ids, sessions = append(ids, id), append(sessions, session)
			return nil
		})
		return err
	})
	if err := t.send(ctx, batch); err != nil {
		return nil, nil, fmt.Errorf("find conversations: %w", err)
	}
	return ids, sessions, nil
}

func (t *Tx) erase(ctx context.Context, ids []uuid.UUID, sessions []string, at time.Time) (Erased, error) {
	var e Erased
	batch := t.batch(ctx)
	batch.Queue(`
		SELECT (SELECT count(*) FROM questions WHERE conversation_id = ANY($1)),
		       (SELECT count(*) FROM answers   WHERE conversation_id = ANY($1)),
		       (SELECT count(*) FROM messages  WHERE conversation_id = ANY($1))`, ids).
		QueryRow(func(row pgx.Row) error { return row.Scan(&e.Questions, &e.Answers, &e.Messages) })
	if err := t.send(ctx, batch); err != nil {
		return Erased{}, fmt.Errorf("count what is erased: %w", err)
	}
	if err := t.takeBackAssumptions(ctx, ids); err != nil {
		return Erased{}, err
	}
	if err := t.removeFromStatistics(ctx, ids); err != nil {
		return Erased{}, err
	}
	events := make([]event.Event, len(ids))
	for i, id := range ids {
		e.Conversations = append(e.Conversations, id.String())
		events[i] = event.ConversationErased{Principal: principal.From(ctx), ConversationID: id.String(), At: at.UTC()}
	}
	batch = t.batch(ctx)
	event.Withdraw(batch, ids).Exec(func(withdrawn pgconn.CommandTag) error {
		e.Events = int(withdrawn.RowsAffected())
		return nil
	})
	if err := event.Queue(batch, events...); err != nil {
		return Erased{}, err
	}
	batch.Queue(`DELETE FROM conversations WHERE id = ANY($1)`, ids)
	batch.Queue(`
		DELETE FROM sessions s WHERE s.principal = current_setting('app.principal') AND s.id = ANY($1)
		  AND NOT EXISTS (SELECT FROM conversations c WHERE c.principal = s.principal AND c.session_id = s.id)`, sessions)
	if err := t.send(ctx, batch); err != nil {
		return Erased{}, fmt.Errorf("erase: %w", err)
	}
	return e, nil
}

// takeBackAssumptions erases from other conversations what they assume because it
// was said in these and nobody confirmed, with the results that repeat it.
func (t *Tx) takeBackAssumptions(ctx context.Context, ids []uuid.UUID) error {
	var others []uuid.UUID
	batch := t.batch(ctx)
	batch.Queue(`
		SELECT c.id FROM conversations c
		WHERE c.principal = current_setting('app.principal') AND c.id <> ALL($1)
		  AND c.id IN (SELECT conversation_id FROM slots WHERE assumed_from = ANY($1))
		ORDER BY c.id FOR NO KEY UPDATE`, ids).
		Query(func(rows pgx.Rows) (err error) {
			others, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
			return err
		})
	if err := t.send(ctx, batch); err != nil {
		return fmt.Errorf("find what was assumed: %w", err)
	}
	if len(others) == 0 {
		return nil
	}
	batch = t.batch(ctx)
	batch.Queue(`DELETE FROM calls WHERE conversation_id = ANY($1)`, others)
	batch.Queue(`
		UPDATE slots SET state = 'missing', value = NULL, words = NULL, source = NULL
		WHERE conversation_id = ANY($1) AND assumed_from = ANY($2) AND state = 'assumed'`, others, ids)
	batch.Queue(`UPDATE slots SET assumed_from = NULL WHERE conversation_id = ANY($1) AND assumed_from = ANY($2)`, others, ids)
	if err := t.send(ctx, batch); err != nil {
		return fmt.Errorf("take back what was assumed: %w", err)
	}
	return nil
}
