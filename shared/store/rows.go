package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// insertSlots queues a conversation's slots with what is known of them, in one statement.
// from has, by key, the conversations that assumptions were recalled from.
func insertSlots(batch *pgx.Batch, id string, state *questioning.State, from map[string]string) error {
	p := queries.InsertSlotsParams{ConversationID: id}
	for i, slot := range state.Slots {
		definition, err := json.Marshal(slot)
		if err != nil {
			return fmt.Errorf("encode slot %s: %w", slot.Key, err)
		}
		s := state.SlotStates[i]
		value, err := encode(s.Value)
		if err != nil {
			return err
		}
		p.Keys, p.Definitions, p.States = append(p.Keys, slot.Key), append(p.Definitions, string(definition)), append(p.States, string(s.Status))
		p.SlotValues, p.Words, p.Answers = append(p.SlotValues, string(value)), append(p.Words, s.Words), append(p.Answers, arrayOf(s.Answers))
		p.Sources, p.AssumedFrom = append(p.Sources, s.Source), append(p.AssumedFrom, from[slot.Key])
	}
	exec(batch, (*queries.Queries).InsertSlots, p)
	return nil
}

// arrayOf writes numbers as PostgreSQL's array.
func arrayOf(numbers []int) string {
	array := []byte{'{'}
	for i, n := range numbers {
		if i > 0 {
			array = append(array, ',')
		}
		array = strconv.AppendInt(array, int64(n), 10)
	}
	return string(append(array, '}'))
}

// replaceSlots queues other slots for a conversation without answers. The
// questions for those before go with them, and answers would.
func replaceSlots(batch *pgx.Batch, id string, after *questioning.State) error {
	exec(batch, (*queries.Queries).DeleteSlots, id)
	return insertSlots(batch, id, after, nil)
}

// updateSlots queues the slots of which something else is known now.
func updateSlots(batch *pgx.Batch, id string, before, after *questioning.State) error {
	for i := range after.SlotStates {
		s := &after.SlotStates[i]
		if s.Equal(&before.SlotStates[i]) {
			continue
		}
		value, err := encode(s.Value)
		if err != nil {
			return err
		}
		exec(batch, (*queries.Queries).UpdateSlot, queries.UpdateSlotParams{
			ConversationID: id, Position: i, State: s.Status, Value: value, Words: s.Words, Answers: s.Answers,
			Clarified: s.Clarified, Confirmed: s.Confirmed, Passed: s.Passed, Source: s.Source, Reopened: s.Reopened,
		})
	}
	return nil
}

// supersedeAnswers marks the answers that slots rested on and no longer do with
// the answer that superseded them. Answers that contradict each other stay.
func supersedeAnswers(batch *pgx.Batch, id string, before, after *questioning.State) {
	for i := range after.SlotStates {
		s := &after.SlotStates[i]
		by := s.Reopened
		if n := len(s.Answers); n > 0 {
			by = s.Answers[n-1]
		}
		var superseded []int
		for _, number := range before.SlotStates[i].Answers {
			if number < by && !slices.Contains(s.Answers, number) && s.Status != questioning.StatusContradicted {
				superseded = append(superseded, number)
			}
		}
		if len(superseded) > 0 {
			exec(batch, (*queries.Queries).SupersedeAnswers, queries.SupersedeAnswersParams{
				ConversationID: id, Numbers: superseded, SupersededBy: by,
			})
		}
	}
}

// closeQuestions queues the questions that are no longer open.
func closeQuestions(batch *pgx.Batch, id string, before, after []questioning.Question) {
	still := map[int]bool{}
	for _, q := range after {
		still[q.Number] = true
	}
	var closed []int
	for _, q := range before {
		if !still[q.Number] {
			closed = append(closed, q.Number)
		}
	}
	if len(closed) > 0 {
		exec(batch, (*queries.Queries).CloseQuestions, queries.CloseQuestionsParams{ConversationID: id, Numbers: closed})
	}
}

// insertQuestions queues questions that are put now: they are open.
func insertQuestions(batch *pgx.Batch, id string, questions []questioning.Question) {
	for _, q := range questions {
		exec(batch, (*queries.Queries).InsertQuestion, queries.InsertQuestionParams{
			ConversationID: id, Number: q.Number, Slot: q.Slot, Purpose: q.Purpose, Text: q.Text, Reason: q.Reason, Bits: q.Bits,
		})
	}
}

// insertAnswer queues an answer that came with the change to a revision.
func insertAnswer(batch *pgx.Batch, id string, revision int, a Answer) error {
	value, err := encode(a.Value)
	if err != nil {
		return err
	}
	exec(batch, (*queries.Queries).InsertAnswer, queries.InsertAnswerParams{
		ConversationID: id, Number: a.Number, Slot: a.Slot, Question: a.Question, Outcome: a.Outcome, Value: value,
		Words: a.Words, Problem: a.Problem, Digest: a.Digest, Revision: revision,
	})
	return nil
}

// insertMessages queues the messages of one call, in its order.
func insertMessages(batch *pgx.Batch, id string, revision int, messages []Message) {
	for i, m := range messages {
		exec(batch, (*queries.Queries).InsertMessage, queries.InsertMessageParams{
			ConversationID: id, Revision: revision, Position: i, Role: m.Role, Content: m.Content, SentAt: m.Timestamp,
		})
	}
}

// upsertResult queues a call's result, and deletes those that are too old.
func upsertResult(batch *pgx.Batch, id string, revision int, fingerprint, result []byte) error {
	packed, err := pack(result)
	if err != nil {
		return err
	}
	exec(batch, (*queries.Queries).UpsertResult, queries.UpsertResultParams{
		ConversationID: id, Fingerprint: fingerprint, Revision: revision, Result: packed,
	})
	if revision > keptCalls {
		exec(batch, (*queries.Queries).DeleteOldResults, queries.DeleteOldResultsParams{ConversationID: id, Revision: revision - keptCalls})
	}
	return nil
}

// kept is a result that is packed, or else one that the previous release kept.
func kept(packed []byte, earlier json.RawMessage) (json.RawMessage, error) {
	if packed == nil {
		return earlier, nil
	}
	return unpack(packed)
}

// encode returns a value as JSON, and nil, which is stored as null, for none.
func encode(value any) (json.RawMessage, error) {
	if value == nil {
		return nil, nil
	}
	data, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode value: %w", err)
	}
	return data, nil
}

// decode is the reverse of encode.
func decode(data json.RawMessage) (value any, err error) {
	if data == nil {
		return nil, nil
	}
	err = json.Unmarshal(data, &value)
	return value, err
}
