package conversation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

func TestATurnCanBeReadByAPerson(t *testing.T) {
	turn := Turn{
		CurrentQuestion: "4. Which class?", ConversationID: "c1", TotalQuestionsEstimated: 5,
		Coverage: []Coverage{
			{Title: "Budget", State: questioning.StatusAssumed, Value: 500.0, Source: messages.FromContext},
			{Title: "Class", State: questioning.StatusMissing},
		},
		Unread: []Unread{{Slot: "guests", Words: `quite "a few"`, Kind: unclear, Schema: map[string]any{"type": "integer"}}},
		Next:   "Send what unread holds",
	}
	assert.Equal(t, `4. Which class?

Assumed: Budget 500 (from the context). Say so if that is wrong.

Not read:
- guests: "quite \"a few\"" {"type":"integer"}

(Send what unread holds conversation_id c1)`, turn.Text())
}

func TestAReportCanBeReadByAPerson(t *testing.T) {
	report := Report{
		Goal:   "Book a trip",
		Values: map[string]any{"budget": 1500.5, "extras": []any{"wifi", "meal"}, "insured": false},
		Coverage: []Coverage{
			{Slot: "budget", Title: "Budget", State: questioning.StatusContradicted, Value: 1500.5, Answers: []int{2, 4}},
			{Slot: "extras", Title: "Extras", State: questioning.StatusAnswered, Value: []any{"wifi", "meal"}, Answers: []int{3}},
			{Slot: "insured", Title: "Insured", State: questioning.StatusAssumed, Value: false},
		},
		Contradictions: []Contradiction{{Text: `Budget: answer 2: "500", answer 4: "1500.50"`}},
		OpenPoints:     []OpenPoint{{Text: "Class: not answered"}},
	}
	assert.Equal(t, `Goal: "Book a trip"

Budget: 1500.5 (answer 2, 4)
Extras: "wifi", "meal" (answer 3)
Insured: no (assumed, from the context)
Contradiction: Budget: answer 2: "500", answer 4: "1500.50"

Open:
- Class: not answered`, report.Text())
}

func TestWhatIsRecalledCanBeReadByAPerson(t *testing.T) {
	at := time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)
	recalled := Recalled{Memory: MemoryConsulted, Found: []RecalledAnswer{
		{Title: "Arrival", Value: "14:00:00", Words: "at two", Goal: "Book a room", ConversationID: "c1", AnsweredAt: at, kind: questioning.Time},
		{Title: "Room", Value: "dbl_sea", Words: "Double, sea view", Goal: "Book a room", ConversationID: "c1", AnsweredAt: at, kind: questioning.Choice},
		{Title: "Guests", Value: 3.0, Words: "3", Goal: "Dine", ConversationID: "c2", AnsweredAt: at, kind: questioning.Integer},
	}}
	assert.Equal(t, `1. Arrival: 14:00 ("at two") (3 November 2026, for "Book a room", conversation c1)
2. Room: "dbl_sea" ("Double, sea view") (3 November 2026, for "Book a room", conversation c1)
3. Guests: 3 (3 November 2026, for "Dine", conversation c2)`, recalled.Text())
}
