package store

import (
	"context"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// events are what a change of the conversation tells others, in the order in which
// it happened: answers, the questions that follow from them, the end.
func (c *Conversation) events(ctx context.Context, change Change, now time.Time) []event.Event {
	of := event.Conversation{
		Principal: principal.From(ctx), UserID: c.UserID, SessionID: c.SessionID, ConversationID: c.ID, Form: c.SchemaKey, Goal: c.Goal,
	}
	iv := c.State
	slotOf := func(key string) event.Slot { return event.SlotOf(iv.Slots[iv.Index(key)]) }
	var all []event.Event
	for _, a := range change.Answers {
		recorded := event.Answer{
			Slot: slotOf(a.Slot), AnswerNumber: a.Number, QuestionNumber: a.Question, QuestionText: questionText(change.Before, a.Question),
			Outcome: a.Outcome, Value: a.Value, Words: a.Words, Problem: a.Problem,
		}
		if change.Revised == nil {
			all = append(all, event.AnswerRecorded{Conversation: of, Answer: recorded, At: now})
			continue
		}
		revised := event.AnswerRevised{
			Conversation: of, Answer: recorded, Supersedes: append([]int{}, change.Revised.Before.Answers...), Reopened: []string{}, At: now,
		}
		for _, reopened := range change.Revised.Reopened {
			revised.Reopened = append(revised.Reopened, reopened.Slot.Key)
		}
		all = append(all, revised)
	}
	for _, q := range iv.Open[len(iv.Open)-change.Batch.New:] {
		all = append(all, event.QuestionAsked{
			Conversation: of, Slot: slotOf(q.Slot), QuestionNumber: q.Number, QuestionText: q.Text,
			Purpose: q.Purpose, Reason: q.Reason, Bits: q.Bits, At: now,
		})
	}
	if change.Completed {
		all = append(all, event.ConversationCompleted{
			Conversation: of, StopReason: string(change.Batch.Stop.Reason), Questions: iv.Asked, Answers: iv.Answered, At: now,
		})
	}
	return all
}

// questionText is the text of a question that was open before, empty otherwise.
func questionText(iv *questioning.State, number int) string {
	if iv != nil {
		for _, q := range iv.Open {
			if q.Number == number {
				return q.Text
			}
		}
	}
	return ""
}
