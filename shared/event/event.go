// Package event tells others what happened to conversations: as CloudEvents, from
// an outbox that is written in the transaction of the change itself. Events are
// delivered at least once, those of one conversation in their order as long as
// none is refused; consumers deduplicate by source and id.
package event

import (
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Source is the CloudEvents source of every event; the subject is the
// conversation's id.
const Source = "/sequential-questioning/conversations"

// Type is the CloudEvents type of an event.
type Type string

// The types of events. A change that old consumers cannot read gets a new version.
const (
	TypeQuestionAsked         Type = "io.sequential-questioning.question.asked.v1"
	TypeAnswerRecorded        Type = "io.sequential-questioning.answer.recorded.v1"
	TypeAnswerRevised         Type = "io.sequential-questioning.answer.revised.v1"
	TypeConversationCompleted Type = "io.sequential-questioning.conversation.completed.v1"
	TypeConversationErased    Type = "io.sequential-questioning.conversation.erased.v1"
)

// Event is what happened: one of this package's structs.
type Event interface {
	Type() Type
	// Of returns the conversation's id and its principal.
	Of() (conversationID, principal string)
	// bounded returns the event with its long texts cut.
	bounded() Event
}

// Conversation is what events say about the conversation they are of.
type Conversation struct {
	Principal      string `json:"principal" jsonschema:"Whose data this is."`
	UserID         string `json:"user_id,omitempty" jsonschema:"Who is asked, when the caller said."`
	SessionID      string `json:"session_id"`
	ConversationID string `json:"conversation_id"`
	Form           string `json:"form" jsonschema:"What conversations for the same information share: a playbook's name or a digest of information_needed."`
	Goal           string `json:"goal" jsonschema:"What the information is for; long ones are cut."`
}

// Slot is the piece of information that a question or an answer is about.
type Slot struct {
	Key   string           `json:"key"`
	Title string           `json:"title"`
	Type  questioning.Type `json:"type"`
}

// SlotOf is how events name a slot.
func SlotOf(s questioning.Slot) Slot { return Slot{Key: s.Key, Title: s.Title, Type: s.Type} }

// Answer is what was said about one slot.
type Answer struct {
	Slot           Slot                `json:"slot"`
	AnswerNumber   int                 `json:"answer_number"`
	QuestionNumber int                 `json:"question_number,omitempty" jsonschema:"The question it answers, when it answers one."`
	QuestionText   string              `json:"question_text,omitempty"`
	Outcome        questioning.Outcome `json:"outcome" jsonschema:"answered, unknown, declined or not_applicable."`
	Value          any                 `json:"value,omitempty" jsonschema:"The answer as a value of the slot's type; left out unless it was answered and could be read."`
	Words          string              `json:"words" jsonschema:"The person's own words."`
	Problem        string              `json:"problem,omitempty" jsonschema:"Why the words could not be read."`
}

// QuestionAsked says that a question was put.
type QuestionAsked struct {
	Conversation
	Slot           Slot                `json:"slot"`
	QuestionNumber int                 `json:"question_number"`
	QuestionText   string              `json:"question_text"`
	Purpose        questioning.Purpose `json:"purpose" jsonschema:"ask, clarify or confirm."`
	Reason         string              `json:"reason"`
	Bits           float64             `json:"bits" jsonschema:"Expected information gain."`
	At             time.Time           `json:"at"`
}

// AnswerRecorded says that an answer was taken in.
type AnswerRecorded struct {
	Conversation
	Answer
	At time.Time `json:"at"`
}

// AnswerRevised says that an answer was put in the place of earlier ones.
type AnswerRevised struct {
	Conversation
	Answer
	Supersedes []int     `json:"supersedes" jsonschema:"The answers put aside."`
	Reopened   []string  `json:"reopened" jsonschema:"Slots whose answers no longer hold because of it."`
	At         time.Time `json:"at"`
}

// ConversationCompleted says that a conversation came to a stop. After a
// revision it may do so again.
type ConversationCompleted struct {
	Conversation
	StopReason string    `json:"stop_reason"`
	Questions  int       `json:"questions" jsonschema:"Questions asked."`
	Answers    int       `json:"answers" jsonschema:"Answers recorded."`
	At         time.Time `json:"at"`
}

// ConversationErased says that a conversation was forgotten, and is to be
// forgotten by all who remember it.
type ConversationErased struct {
	Principal      string    `json:"principal" jsonschema:"Whose data this was."`
	ConversationID string    `json:"conversation_id"`
	At             time.Time `json:"at"`
}

func (QuestionAsked) Type() Type         { return TypeQuestionAsked }
func (AnswerRecorded) Type() Type        { return TypeAnswerRecorded }
func (AnswerRevised) Type() Type         { return TypeAnswerRevised }
func (ConversationCompleted) Type() Type { return TypeConversationCompleted }
func (ConversationErased) Type() Type    { return TypeConversationErased }

// Of returns the conversation's id and its principal.
func (c Conversation) Of() (conversationID, principal string) { return c.ConversationID, c.Principal }

// Of returns the conversation's id and its principal.
func (e ConversationErased) Of() (conversationID, principal string) {
	return e.ConversationID, e.Principal
}
