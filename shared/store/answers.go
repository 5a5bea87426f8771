package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// SlotsOfQuestions returns the slot of each of the numbered questions that was
// put.
func (t *Tx) SlotsOfQuestions(ctx context.Context, id string, numbers []int) (map[int]string, error) {
	slots := map[int]string{}
	batch := t.batch(ctx)
	batch.Queue(`SELECT number, slot FROM questions WHERE conversation_id = $1 AND number = ANY($2)`, id, numbers).
		Query(func(rows pgx.Rows) error {
			var number int
			var slot string
			_, err := pgx.ForEachRow(rows, []any{&number, &slot}, func() error {
				slots[number] = slot
				return nil
			})
			return err
		})
	if err := t.send(ctx, batch); err != nil {
		return nil, fmt.Errorf("read questions: %w", err)
	}
	return slots, nil
}

// KnownDigests returns those of the digests that the conversation's answers
// have. Each is looked up by itself: where conversations are short on the whole,
// the planner would read a long one from end to end.
func (t *Tx) KnownDigests(ctx context.Context, id string, digests [][]byte) (map[string]bool, error) {
	known := map[string]bool{}
	batch := t.batch(ctx)
	batch.Queue(`
		SELECT a.digest FROM unnest($2::bytea[]) AS wanted (digest)
		CROSS JOIN LATERAL (
			SELECT digest FROM answers WHERE conversation_id = $1 AND digest = wanted.digest LIMIT 1
		) a`, id, digests).
		Query(func(rows pgx.Rows) error {
			var digest []byte
			_, err := pgx.ForEachRow(rows, []any{&digest}, func() error {
				known[string(digest)] = true
				return nil
			})
			return err
		})
	if err := t.send(ctx, batch); err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	return known, nil
}

// maxHistory bounds how many answers a history has.
const maxHistory = 500

// History returns the conversation's answers, earliest first, the latest 500 of
// them.
func (t *Tx) History(ctx context.Context, id string) ([]HistoryEntry, error) {
	all, err := collect[HistoryEntry](ctx, t, `
		SELECT a.number, a.slot, coalesce(a.question, 0), coalesce(q.text, ''), a.outcome, a.words, a.answered_at,
		       a.value, coalesce(a.superseded_by, 0)
		FROM (SELECT * FROM answers WHERE conversation_id = $1 ORDER BY number DESC LIMIT $2) a
		LEFT JOIN questions q ON q.conversation_id = $1 AND q.number = a.question
		ORDER BY a.number`, id, maxHistory)
	if err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	return all, nil
}

// Citations returns the numbered answers, each looked up by itself as by
// KnownDigests.
func (t *Tx) Citations(ctx context.Context, id string, numbers []int) ([]CitedAnswer, error) {
	all, err := collect[CitedAnswer](ctx, t, `
		SELECT a.number, a.slot, coalesce(a.question, 0), coalesce(q.text, ''), a.outcome, a.words, a.answered_at
		FROM unnest($2::integer[]) AS cited (number)
		CROSS JOIN LATERAL (
			SELECT * FROM answers WHERE conversation_id = $1 AND number = cited.number OFFSET 0
		) a
		LEFT JOIN LATERAL (
			SELECT text FROM questions WHERE conversation_id = $1 AND number = a.question OFFSET 0
		) q ON true
		ORDER BY a.number`, id, numbers)
	if err != nil {
		return nil, fmt.Errorf("read cited answers: %w", err)
	}
	return all, nil
}

// SlotOfAnswer returns the slot that an answer is about, or ErrNotFound.
func (t *Tx) SlotOfAnswer(ctx context.Context, id string, number int) (string, error) {
	var slot string
	batch := t.batch(ctx)
	batch.Queue(`SELECT slot FROM answers WHERE conversation_id = $1 AND number = $2`, id, number).
		QueryRow(func(row pgx.Row) error { return row.Scan(&slot) })
	err := t.send(ctx, batch)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", ErrNotFound
	}
	return slot, err
}

// Messages returns the messages kept of a conversation, in their order.
func (t *Tx) Messages(ctx context.Context, id string) ([]Message, error) {
	all, err := collect[Message](ctx, t, `SELECT role, content, sent_at FROM messages WHERE conversation_id = $1 ORDER BY revision, position`, id)
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	return all, nil
}

// StillHold tells of each answer whether its slot rests on it now: what memory
// says may have been revised or forgotten a moment ago.
func (s *Store) StillHold(ctx context.Context, answers []SlotAnswer) ([]bool, error) {
	still := make([]bool, len(answers))
	conversations, slots, numbers := make([]string, len(answers)), make([]string, len(answers)), make([]int, len(answers))
	for i, a := range answers {
		conversations[i], slots[i], numbers[i] = a.ConversationID, a.Slot, a.Number
	}
	err := s.send(ctx, func(batch *pgx.Batch) {
		batch.Queue(`
			SELECT f.at::int FROM unnest($1::uuid[], $2::text[], $3::integer[]) WITH ORDINALITY AS f (conversation_id, slot, number, at)
			CROSS JOIN LATERAL (
				SELECT FROM slots v WHERE v.conversation_id = f.conversation_id AND v.key = f.slot
				AND v.principal = current_setting('app.principal')
				AND v.state = 'answered' AND v.answers[cardinality(v.answers)] = f.number OFFSET 0
			) v`, conversations, slots, numbers).
			Query(func(rows pgx.Rows) error {
				var at int
				_, err := pgx.ForEachRow(rows, []any{&at}, func() error {
					still[at-1] = true
					return nil
				})
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("check what was remembered: %w", err)
	}
	return still, nil
}

// collect returns the rows of a query as structs, by the position of the columns.
func collect[T any](ctx context.Context, t *Tx, query string, arguments ...any) (all []T, err error) {
	batch := t.batch(ctx)
	batch.Queue(query, arguments...).Query(func(rows pgx.Rows) error {
		all, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T])
		return err
	})
	return all, t.send(ctx, batch)
}
