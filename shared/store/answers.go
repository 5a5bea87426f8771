package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

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

// StillHold tells of each answer whether its slot rests on it now: what memory
// says may have been revised or forgotten a moment ago.
func (s *Store) StillHold(ctx context.Context, answers []SlotAnswer) ([]bool, error) {
	still := make([]bool, len(answers))
	conversations, slots, numbers := make([]string, len(answers)), make([]string, len(answers)), make([]int, len(answers))
	for i, a := range answers {
		conversations[i], slots[i], numbers[i] = a.ConversationID, a.Slot, a.Number
	}
	t := s.direct()
	batch := t.batch(ctx)
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
	if err := t.send(ctx, batch); err != nil {
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
