package conversation

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// queueEvents adds the events of a change to the batch.
func (rec *record) queueEvents(ctx context.Context, batch *pgx.Batch, c change, now time.Time) error {
	return event.Queue(batch, rec.events(event.Conversation{Principal: principal.From(ctx), ConversationID: rec.id, Form: rec.form}, c, now.UTC())...)
}

func (rec *record) events(of event.Conversation, c change, now time.Time) []event.Event {
	iv := rec.interview
	var all []event.Event
	for _, a := range c.answers {
		answer := event.Answer{Slot: event.Slot{Key: a.Slot}, AnswerNumber: a.Number, Outcome: a.Outcome}
		if c.revised == nil {
			all = append(all, event.AnswerRecorded{Conversation: of, Answer: answer, At: now})
			continue
		}
		revised := event.AnswerRevised{
			Conversation: of, Answer: answer, Supersedes: append([]int{}, c.revised.Before.Answers...), Reopened: []string{}, At: now,
		}
		for _, again := range c.revised.Reopened {
			revised.Reopened = append(revised.Reopened, again.Slot.Key)
		}
		all = append(all, revised)
	}
	for _, q := range iv.Open[len(iv.Open)-c.batch.New:] {
		all = append(all, event.QuestionAsked{
			Conversation: of, Slot: event.Slot{Key: q.Slot}, QuestionNumber: q.Number, Purpose: q.Purpose, At: now,
		})
	}
	if c.completed {
		all = append(all, event.ConversationCompleted{
			Conversation: of, StopReason: string(c.batch.Stop.Reason), At: now,
		})
	}
	return all
}
