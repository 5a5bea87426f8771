package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

const (
	selectConversation = `
	SELECT c.id::text, c.session_id, coalesce(s.user_id, ''), c.goal, coalesce(c.playbook, ''), c.information_needed, c.batch_size,
	       c.max_questions, c.revision, c.questions_asked, c.answers_recorded, coalesce(c.stop_reason, ''), coalesce(c.form, ''),
	       coalesce(c.language, ''), k.revision, k.result
	FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
	LEFT JOIN calls k ON k.conversation_id = c.id AND k.fingerprint = $2
	WHERE c.id = $1 AND c.principal = current_setting('app.principal')`
	lockConversation = `SELECT FROM conversations WHERE id = $1 FOR NO KEY UPDATE`
	selectSlots      = `
	SELECT definition, state, value, coalesce(words, ''), answers, clarified, confirmed, passed,
	       coalesce(source, ''), coalesce(reopened_by, 0)
	FROM slots WHERE conversation_id = $1 ORDER BY position`
	// $2 are questions that are named: each is looked up by itself.
	selectQuestions = `
	SELECT number, slot, purpose, text, reason, bits, open FROM questions WHERE conversation_id = $1 AND open
	UNION ALL
	SELECT number, slot, purpose, text, reason, bits, open FROM questions WHERE conversation_id = $1 AND number = ANY($2) AND NOT open
	ORDER BY number`
	selectSlotOfAnswer = `SELECT slot FROM answers WHERE conversation_id = $1 AND number = $2`
	selectMessages     = `SELECT role, content, sent_at FROM messages WHERE conversation_id = $1 ORDER BY revision, position`
)

// Load reads a conversation as of one moment, in one round trip, and what the
// call of the fingerprint returned before: nil where it is new, or where there is
// no fingerprint. It locks nothing; what is saved is held against the revision.
func (s *Store) Load(ctx context.Context, id string, fingerprint []byte) (*Conversation, *Call, error) {
	loaded, err := s.direct().load(ctx, id, Named{Fingerprint: fingerprint})
	if err != nil {
		return nil, nil, err
	}
	return loaded.Conversation, loaded.Earlier, nil
}

// Load reads a conversation, in a transaction of Read.
func (t *Tx) Load(ctx context.Context, id string) (*Conversation, error) {
	batch, l := t.batch(ctx), newLoading()
	l.queue(batch, id, Named{})
	loaded, err := l.result(t.send(ctx, batch))
	if err != nil {
		return nil, err
	}
	return loaded.Conversation, nil
}

// load reads a conversation with what a call named of it: in a transaction it
// keeps others from changing it until that ends, outside of one it reads all as of
// one moment.
func (t *Tx) load(ctx context.Context, id string, named Named) (*Loaded, error) {
	l, batch := newLoading(), &pgx.Batch{}
	if t.tx != nil {
		batch = t.batch(ctx)
		batch.Queue(lockConversation, id) // each statement after it sees what the lock waited for
		l.queue(batch, id, named)
		return l.result(t.send(ctx, batch))
	}
	batch.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`) // else a batch's statements see a moment each
	postgres.BindPrincipal(batch, principal.From(ctx))
	l.queue(batch, id, named)
	batch.Queue(`COMMIT`)
	return l.result(t.on.SendBatch(ctx, batch).Close())
}

// loading collects what a batch reads of a conversation.
type loading struct {
	Loaded
	conversation Conversation
	state        questioning.State
}

func newLoading() *loading { return &loading{Loaded: Loaded{SlotOf: map[int]string{}}} }

// queue adds to the batch what reads a conversation. The first row that is missing
// ends it.
func (l *loading) queue(batch *pgx.Batch, id string, named Named) {
	l.queueState(batch, id, named)
	if named.Answer > 0 {
		batch.Queue(selectSlotOfAnswer, id, named.Answer).Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&l.Answer}, func() error { return nil })
			return err
		})
	}
	if named.Messages {
		batch.Queue(selectMessages, id).Query(func(rows pgx.Rows) (err error) {
			l.Messages, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Message])
			return err
		})
	}
}

func (l *loading) queueState(batch *pgx.Batch, id string, named Named) {
	c, state := &l.conversation, &l.state
	batch.Queue(selectConversation, id, named.Fingerprint).QueryRow(func(row pgx.Row) error {
		var revision *int
		var result json.RawMessage
		if err := row.Scan(&c.ID, &c.SessionID, &c.UserID, &c.Goal, &c.Playbook, &c.Needed,
			&state.Limits.BatchSize, &state.Limits.MaxQuestions, &c.Revision, &state.Asked, &state.Answered, &c.StopReason, &c.SchemaKey,
			&state.Language, &revision, &result); err != nil {
			return err
		}
		if revision != nil {
			l.Earlier = &Call{*revision, result}
		}
		return nil
	})
	batch.Queue(selectSlots, id).Query(func(rows pgx.Rows) error {
		if err := scanSlots(rows, state); err != nil {
			return fmt.Errorf("read slots: %w", err)
		}
		return nil
	})
	batch.Queue(selectQuestions, id, named.Questions).Query(func(rows pgx.Rows) error {
		questions, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
			questioning.Question
			Open bool
		}])
		if err != nil {
			return fmt.Errorf("read questions: %w", err)
		}
		for _, q := range questions {
			l.SlotOf[q.Number] = q.Slot
			if q.Open {
				state.Open = append(state.Open, q.Question)
			}
		}
		return nil
	})
}

// result is what was read by a batch that ended with err.
func (l *loading) result(err error) (*Loaded, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	l.state.Goal, l.conversation.State = l.conversation.Goal, &l.state
	l.Conversation = &l.conversation
	return &l.Loaded, nil
}

func scanSlots(rows pgx.Rows, into *questioning.State) error {
	for rows.Next() {
		var slot questioning.Slot
		var state questioning.SlotState
		var definition, value []byte
		if err := rows.Scan(&definition, &state.Status, &value, &state.Words, &state.Answers,
			&state.Clarified, &state.Confirmed, &state.Passed, &state.Source, &state.Reopened); err != nil {
			return err
		}
		if err := json.Unmarshal(definition, &slot); err != nil {
			return fmt.Errorf("definition: %w", err)
		}
		if value != nil {
			if err := json.Unmarshal(value, &state.Value); err != nil {
				return fmt.Errorf("value: %w", err)
			}
		}
		into.Slots = append(into.Slots, slot.Plain())
		into.SlotStates = append(into.SlotStates, state)
	}
	return rows.Err()
}
