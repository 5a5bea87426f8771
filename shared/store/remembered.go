package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// AnsweredSlot is a slot that holds a value by the person's own answer, with the
// conversation it is of and the question that was answered.
type AnsweredSlot struct {
	Principal, UserID, SessionID, ConversationID string
	Goal                                         string // the first 8192 characters
	Slot                                         questioning.Slot
	Value                                        any
	Words                                        string
	AnswerNumber                                 int // of the latest answer that the slot rests on
	AnsweredAt                                   time.Time
	QuestionText                                 string // empty where the answer answers none
}

// maxGoal bounds what is read of a goal, in characters: no reader keeps more.
const maxGoal = 8 << 10

// selectAnswered looks each answer and question up by itself: where conversations
// are short on the whole, the planner would read a long one from end to end.
const selectAnswered = `
	SELECT c.principal, coalesce(s.user_id, '') AS user_id, c.session_id, c.id::text AS conversation_id, left(c.goal, $3) AS goal,
	       v.definition AS slot, v.value, coalesce(v.words, '') AS words,
	       a.number AS answer_number, a.answered_at, coalesce(q.text, '') AS question_text
	FROM conversations c
	JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
	JOIN slots v ON v.conversation_id = c.id
	CROSS JOIN LATERAL (
		SELECT number, question, answered_at FROM answers
		WHERE conversation_id = c.id AND number = v.answers[cardinality(v.answers)] OFFSET 0
	) a
	LEFT JOIN LATERAL (
		SELECT text FROM questions WHERE conversation_id = c.id AND number = a.question OFFSET 0
	) q ON true
	WHERE c.id = ANY($1::uuid[]) AND c.principal = current_setting('app.principal')
	  AND v.state = 'answered' AND ($2::text[] IS NULL OR v.key = ANY($2))
	ORDER BY c.id, v.position`

// LockAnswered locks those of the conversations that are still there, whose ids
// it returns with their answered slots, of all keys where none is named. Until
// the transaction ends they are not erased, nobody else locks them so, and people
// continue to answer: whoever copies the slots elsewhere copies the latest.
func (t *Tx) LockAnswered(ctx context.Context, ids, keys []string) (locked []string, answered []AnsweredSlot, err error) {
	ids = slices.Sorted(slices.Values(ids)) // all lock in one order
	batch := t.batch(ctx)
	for _, id := range ids {
		batch.Queue(`SELECT pg_advisory_xact_lock(hashtextextended('memory of ' || $1::text, 0))`, id)
	}
	batch.Queue(`
		SELECT id::text FROM conversations
		WHERE id = ANY($1::uuid[]) AND principal = current_setting('app.principal')
		ORDER BY id FOR KEY SHARE`, ids).
		Query(func(rows pgx.Rows) (err error) {
			locked, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	batch.Queue(selectAnswered, ids, keys, maxGoal).Query(func(rows pgx.Rows) (err error) {
		answered, err = pgx.CollectRows(rows, pgx.RowToStructByName[AnsweredSlot])
		return err
	})
	if err := t.send(ctx, batch); err != nil {
		return nil, nil, fmt.Errorf("lock answered slots: %w", err)
	}
	return locked, answered, nil
}

// Key names a conversation of any principal.
type Key struct{ Principal, ID string }

// Keys returns the next conversations of all principals after an id, by id, at
// most limit of them. The first follow the nil UUID.
func (s *Store) Keys(ctx context.Context, after string, limit int) (keys []Key, err error) {
	err = s.sendEventing(ctx, func(batch *pgx.Batch) {
		batch.Queue(`SELECT principal, id::text AS id FROM conversations WHERE id > $1 ORDER BY conversations.id LIMIT $2`, after, limit).
			Query(func(rows pgx.Rows) (err error) {
				keys, err = pgx.CollectRows(rows, pgx.RowToStructByName[Key])
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read conversations: %w", err)
	}
	return keys, nil
}

// Count returns how many conversations all principals have.
func (s *Store) Count(ctx context.Context) (n int, err error) {
	err = s.sendEventing(ctx, func(batch *pgx.Batch) {
		batch.Queue(`SELECT count(*) FROM conversations`).QueryRow(func(row pgx.Row) error { return row.Scan(&n) })
	})
	if err != nil {
		return 0, fmt.Errorf("count conversations: %w", err)
	}
	return n, nil
}
