// Package eventtest has events for tests.
package eventtest

import (
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// ConversationID is the conversation of the events.
const ConversationID = "019307a4-1111-7000-8000-000000000001"

// Events returns one event of each type, with everything set.
func Events() []event.Event {
	c := event.Conversation{Principal: "ann@example.org", ConversationID: ConversationID, SchemaKey: "travel"}
	slot := event.Slot{Key: "budget"}
	answer := event.Answer{Slot: slot, AnswerNumber: 2, Outcome: questioning.Answered}
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	return []event.Event{
		event.QuestionAsked{Conversation: c, Slot: slot, QuestionNumber: 1, Purpose: questioning.Ask, At: at},
		event.AnswerRecorded{Conversation: c, Answer: answer, At: at},
		event.AnswerRevised{Conversation: c, Answer: answer, Supersedes: []int{1}, Reopened: []string{"class"}, At: at},
		event.ConversationCompleted{Conversation: c, StopReason: "all_settled", At: at},
		event.ConversationErased{Principal: c.Principal, ConversationID: ConversationID, At: at},
	}
}
