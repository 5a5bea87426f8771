// Package event says what happened to conversations. Events reach consumers through
// an outbox that is written in the transaction of the change itself. Events are
// delivered at least once, those of one conversation in order as long as none is
// refused; consumers deduplicate by source and id.
//
// An event says what happened, and to which conversation, slot and answer. What
// people said stays in the database: no consumer needs it, and a copy in a broker
// would have to be protected and erased as well.
package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Source is the CloudEvents source of every event; the subject is the
// conversation's id.
const Source = "/sequential-questioning/conversations"

// Type is the CloudEvents type of an event. It is what brokers filter by, so a type
// is never renamed.
type Type string

// The types of events. A change that old consumers cannot read gets a new version.
const (
	TypeQuestionAsked         Type = "io.sequential-questioning.question.asked.v1"
	TypeAnswerRecorded        Type = "io.sequential-questioning.answer.recorded.v1"
	TypeAnswerRevised         Type = "io.sequential-questioning.answer.revised.v1"
	TypeConversationCompleted Type = "io.sequential-questioning.conversation.completed.v1"
	TypeConversationErased    Type = "io.sequential-questioning.conversation.erased.v1"
)

// ErrUnknownType says that an event is not of this package's types.
var ErrUnknownType = errors.New("the type of the event is not known")

// Event is what happened: one of this package's structs. Only the structs of this
// package implement it: their JSON is the wire format, and schema.go derives the
// published schemas from their tags.
type Event interface {
	Type() Type
	// Of returns the conversation's id and its principal.
	Of() (conversationID, principal string)
}

// Conversation identifies the conversation that an event is about.
//
// SchemaKey is "form" on the wire, its name in version 1.
type Conversation struct {
	Principal      string `json:"principal" jsonschema:"Whose data this is."`
	ConversationID string `json:"conversation_id"`
	SchemaKey      string `json:"form" jsonschema:"The schema key: what conversations for the same information share, a playbook's name or a digest of information_needed."`
}

// Slot identifies the slot that a question or an answer is about. It is an object
// for the sake of version 1, which had more about a slot.
type Slot struct {
	Key string `json:"key"`
}

// Answer identifies an answer.
type Answer struct {
	Slot         Slot                `json:"slot"`
	AnswerNumber int                 `json:"answer_number" jsonschema:"Counts the conversation's answers from 1."`
	Outcome      questioning.Outcome `json:"outcome" jsonschema:"answered, unknown, declined or not_applicable."`
}

// QuestionAsked says that a question was asked.
type QuestionAsked struct {
	Conversation
	Slot           Slot                `json:"slot"`
	QuestionNumber int                 `json:"question_number" jsonschema:"Counts the conversation's questions from 1."`
	Purpose        questioning.Purpose `json:"purpose" jsonschema:"ask, clarify or confirm."`
	At             time.Time           `json:"at"`
}

// AnswerRecorded says that an answer was recorded.
type AnswerRecorded struct {
	Conversation
	Answer
	At time.Time `json:"at"`
}

// AnswerRevised says that an answer replaced earlier ones. Its lists are never
// nil: the schema wants arrays.
type AnswerRevised struct {
	Conversation
	Answer
	Supersedes []int     `json:"supersedes" jsonschema:"The numbers of the answers that it replaced."`
	Reopened   []string  `json:"reopened" jsonschema:"The keys of slots whose answers no longer hold because of it."`
	At         time.Time `json:"at"`
}

// ConversationCompleted says that a conversation stopped asking. After a revision
// it may do so again.
type ConversationCompleted struct {
	Conversation
	StopReason string    `json:"stop_reason"`
	At         time.Time `json:"at"`
}

// ConversationErased says that a conversation was forgotten. Every consumer
// deletes what it holds of it.
type ConversationErased struct {
	Principal      string    `json:"principal" jsonschema:"Whose data this was."`
	ConversationID string    `json:"conversation_id"`
	At             time.Time `json:"at"`
}

// Type is TypeQuestionAsked.
func (QuestionAsked) Type() Type { return TypeQuestionAsked }

// Type is TypeAnswerRecorded.
func (AnswerRecorded) Type() Type { return TypeAnswerRecorded }

// Type is TypeAnswerRevised.
func (AnswerRevised) Type() Type { return TypeAnswerRevised }

// Type is TypeConversationCompleted.
func (ConversationCompleted) Type() Type { return TypeConversationCompleted }

// Type is TypeConversationErased.
func (ConversationErased) Type() Type { return TypeConversationErased }

// Of returns the conversation's id and its principal.
func (c Conversation) Of() (conversationID, principal string) { return c.ConversationID, c.Principal }

// Of returns the conversation's id and its principal.
func (e ConversationErased) Of() (conversationID, principal string) {
	return e.ConversationID, e.Principal
}

// Encode returns the data of an event as it is published.
func Encode(e Event) ([]byte, error) {
	data, err := json.Marshal(published(e))
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return data, nil
}

// published adds to an event the properties that v1 once required and no consumer reads,
// each as empty as its type allows. They are still published because an indexer of an
// earlier release validates them: during a rollout or after a rollback it would
// refuse an event without them, and the event would become a dead letter. Delete
// them when no such release can run any more.
func published(e Event) any {
	switch e := e.(type) {
	case QuestionAsked:
		return struct {
			QuestionAsked
			retired
			Slot   retiredSlot `json:"slot"`
			Text   string      `json:"question_text"`
			Reason string      `json:"reason"`
			Bits   int         `json:"bits"`
		}{QuestionAsked: e, Slot: retiredSlot{Slot: e.Slot}}
	case AnswerRecorded:
		return struct {
			AnswerRecorded
			retired
			Slot  retiredSlot `json:"slot"`
			Words string      `json:"words"`
		}{AnswerRecorded: e, Slot: retiredSlot{Slot: e.Slot}}
	case AnswerRevised:
		return struct {
			AnswerRevised
			retired
			Slot  retiredSlot `json:"slot"`
			Words string      `json:"words"`
		}{AnswerRevised: e, Slot: retiredSlot{Slot: e.Slot}}
	case ConversationCompleted:
		return struct {
			ConversationCompleted
			retired
			Questions int `json:"questions"`
			Answers   int `json:"answers"`
		}{ConversationCompleted: e}
	}
	return e
}

// retired are the properties that all but ConversationErased had.
type retired struct {
	SessionID string `json:"session_id"`
	Goal      string `json:"goal"`
}

// retiredSlot is a slot as events had it.
type retiredSlot struct {
	Slot
	Title string `json:"title"`
	Type  string `json:"type"`
}
