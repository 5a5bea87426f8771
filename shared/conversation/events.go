package conversation

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// queueEvents adds to the batch what a change tells others.
func (rec *record) queueEvents(ctx context.Context, batch *pgx.Batch, c change, now time.Time) error {
	return event.Queue(batch, rec.events(rec.told(ctx), c, now.UTC())...)
}

// told is what events say of the conversation.
func (rec *record) told(ctx context.Context) event.Conversation {
	of := event.Conversation{
		Principal: principal.From(ctx), SessionID: rec.sessionID, ConversationID: rec.id, Form: rec.form, Goal: rec.goal,
	}
	if rec.userID != nil {
		of.UserID = *rec.userID
	}
	return of
}

func (rec *record) events(of event.Conversation, c change, now time.Time) []event.Event {
	iv := rec.interview
	slotOf := func(key string) event.Slot { return event.SlotOf(iv.Slots[iv.Index(key)]) }
	var all []event.Event
	for _, a := range c.answers {
		said := event.Answer{
			Slot: slotOf(a.Slot), AnswerNumber: a.Number, QuestionNumber: a.Question, QuestionText: questionText(c.before, a.Question),
			Outcome: a.Outcome, Value: a.Value, Words: a.Words, Problem: a.Problem,
		}
		if c.revised == nil {
			all = append(all, event.AnswerRecorded{Conversation: of, Answer: said, At: now})
			continue
		}
		revised := event.AnswerRevised{
			Conversation: of, Answer: said, Supersedes: append([]int{}, c.revised.Before.Answers...), Reopened: []string{}, At: now,
		}
		for _, again := range c.revised.Reopened {
			revised.Reopened = append(revised.Reopened, again.Slot.Key)
		}
		all = append(all, revised)
	}
	for _, q := range iv.Open[len(iv.Open)-c.batch.New:] {
		all = append(all, event.QuestionAsked{
			Conversation: of, Slot: slotOf(q.Slot), QuestionNumber: q.Number, QuestionText: q.Text,
			Purpose: q.Purpose, Reason: q.Reason, Bits: q.Bits, At: now,
		})
	}
	if c.completed {
		all = append(all, event.ConversationCompleted{
			Conversation: of, StopReason: string(c.batch.Stop.Reason), Questions: iv.Asked, Answers: iv.Answered, At: now,
		})
	}
	return all
}

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
