package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// Load reads a conversation as of one moment, in one round trip, and what the call
// of the fingerprint returned before: nil where it is new, or where there is no
// fingerprint. It locks nothing; saving checks the revision. The error may be
// ErrNotFound.
func (s *Store) Load(ctx context.Context, id string, fingerprint []byte) (*Conversation, *Call, error) {
	loaded, err := s.direct().load(ctx, id, Named{Fingerprint: fingerprint})
	if err != nil {
		return nil, nil, err
	}
	return loaded.Conversation, loaded.Earlier, nil
}

// load reads a conversation with what a call named of it. Outside of a transaction
// it reads all as of one moment. In one it keeps others from changing or erasing
// the conversation until that ends; it waits for whoever locks it now, no longer
// than the pool's lock timeout.
func (t *Tx) load(ctx context.Context, id string, named Named) (*Loaded, error) {
	l := newLoading(t.slots)
	if t.begin != "" {
		batch := t.batch(ctx)
		exec(batch, (*queries.Queries).LockConversation, id) // what follows sees what it waited for
		l.queue(batch, id, named)
		return l.result(t.send(ctx, batch))
	}
	batch := &pgx.Batch{}
	batch.Queue(beginReading)
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
	slots        slotCache
}

func newLoading(slots slotCache) *loading {
	return &loading{Loaded: Loaded{SlotOf: map[int]string{}, TextOf: map[int]string{}}, slots: slots}
}

// queue adds to the batch what reads a conversation. One that is missing ends it.
func (l *loading) queue(batch *pgx.Batch, id string, named Named) {
	query(batch, (*queries.Queries).Conversation, queries.ConversationParams{ID: id, Fingerprint: named.Fingerprint, WithNeeded: named.Needed}, l.take)
	each(batch, (*queries.Queries).Slots, id, l.takeSlots)
	query(batch, (*queries.Queries).Questions, queries.QuestionsParams{ConversationID: id, Numbers: named.Questions}, l.takeQuestions)
	if named.Answer > 0 {
		query(batch, (*queries.Queries).SlotOfAnswer, queries.SlotOfAnswerParams{ConversationID: id, Number: named.Answer}, func(slots []string) error {
			l.Answer = strings.Join(slots, "") // one at most
			return nil
		})
	}
	if named.Messages {
		query(batch, (*queries.Queries).Messages, id, func(rows []queries.MessagesRow) error {
			for _, row := range rows {
				l.Messages = append(l.Messages, Message(row))
			}
			return nil
		})
	}
}

// take keeps the conversation's own row, and what the call returned before.
func (l *loading) take(row queries.ConversationRow) error {
	l.conversation = Conversation{
		ID: row.ID, SessionID: row.SessionID, UserID: row.UserID, Goal: row.Goal, Playbook: row.Playbook, Needed: row.InformationNeeded,
		SchemaKey: row.SchemaKey, Revision: row.Revision, StopReason: row.StopReason,
	}
	l.state.Goal, l.state.Language = row.Goal, row.Language
	l.state.Limits = questioning.Limits{BatchSize: row.BatchSize, MaxQuestions: row.MaxQuestions}
	l.state.Asked, l.state.Answered = row.QuestionsAsked, row.AnswersRecorded
	l.state.Ended = row.StopReason == string(questioning.EndedByPerson)
	if row.CallRevision > 0 {
		result, err := kept(row.CallResult, row.EarlierResult)
		if err != nil {
			return err
		}
		l.Earlier = &Call{Revision: row.CallRevision, Result: result}
	}
	return nil
}

// takeQuestions keeps the open ones, and the slots of all.
func (l *loading) takeQuestions(rows []queries.QuestionsRow) error {
	l.state.Open = []questioning.Question{}
	for _, row := range rows {
		l.SlotOf[row.Number], l.TextOf[row.Number] = row.Slot, row.Text
		if row.Open {
			l.state.Open = append(l.state.Open, questioning.Question{
				Number: row.Number, Slot: row.Slot, Purpose: row.Purpose, Text: row.Text, Reason: row.Reason, Bits: row.Bits,
			})
		}
	}
	return nil
}

// usualSlots is for how many slots there is room before more is allocated.
const usualSlots = 24

// definitionBuffers are for the definitions of a conversation's slots, which are read to be
// looked up and no longer.
var definitionBuffers = sync.Pool{New: func() any { return new([]byte) }}

// takeSlots decodes the slots and their states. The columns are those of queries.SlotsRow.
func (l *loading) takeSlots(rows pgx.Rows) (err error) {
	l.state.SlotStates = make([]questioning.SlotState, 0, usualSlots)
	buffer := definitionBuffers.Get().(*[]byte)
	defer definitionBuffers.Put(buffer)
	definitions := (*buffer)[:0]
	var definition, value pgtype.DriverBytes // valid until the next row
	var s questioning.SlotState
	columns := []any{&definition, &s.Status, &value, &s.Words, &s.Answers, &s.Clarified, &s.Confirmed, &s.Passed, &s.Source, &s.Reopened}
	for rows.Next() {
		if err := rows.Scan(columns...); err != nil {
			return err
		}
		definitions = append(append(definitions, definition...), 0)
		if s.Value, err = decode(json.RawMessage(value)); err != nil {
			return fmt.Errorf("read the value of slot %d: %w", len(l.state.SlotStates), err)
		}
		l.state.SlotStates = append(l.state.SlotStates, s)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if cap(definitions) <= maxSlotBytes {
		*buffer = definitions
	}
	l.state.Slots, err = l.slots.of(definitions)
	return err
}

// result is what was read by a batch that ended with err.
func (l *loading) result(err error) (*Loaded, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("load conversation: %w", err)
	}
	l.conversation.State = &l.state
	l.Conversation = &l.conversation
	return &l.Loaded, nil
}
