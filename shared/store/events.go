package store

import (
	"context"
	"slices"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// events are what consumers learn of a change, in the order in which it happened:
// answers, the questions that follow from them, the end. They identify, and carry
// nobody's words.
func (c *Conversation) events(ctx context.Context, change Change, now time.Time) []event.Event {
	of := event.Conversation{Principal: principal.From(ctx), ConversationID: c.ID, SchemaKey: c.SchemaKey}
	var all []event.Event
	for _, a := range change.Answers {
		answer := event.Answer{Slot: event.Slot{Key: a.Slot}, AnswerNumber: a.Number, Outcome: a.Outcome}
		at := slices.IndexFunc(change.Revised, func(r questioning.Revised) bool { return r.Answer.Number == a.Number })
		if at < 0 {
			all = append(all, event.AnswerRecorded{Conversation: of, Answer: answer, At: now})
			continue
		}
		revised := event.AnswerRevised{
			Conversation: of, Answer: answer, Supersedes: append([]int{}, change.Revised[at].Before.Answers...), Reopened: []string{}, At: now,
		}
		for _, reopened := range change.Revised[at].Reopened {
			revised.Reopened = append(revised.Reopened, reopened.Slot.Key)
		}
		all = append(all, revised)
	}
	for _, q := range c.State.Open[len(c.State.Open)-change.Batch.New:] {
		all = append(all, event.QuestionAsked{
			Conversation: of, Slot: event.Slot{Key: q.Slot}, QuestionNumber: q.Number, Purpose: q.Purpose, At: now,
		})
	}
	if change.Completed {
		all = append(all, event.ConversationCompleted{Conversation: of, StopReason: string(change.Batch.Stop.Reason), At: now})
	}
	return all
}
