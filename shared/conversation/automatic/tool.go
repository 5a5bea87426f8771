package automatic

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// ToolName names the tool that asks the person itself.
const ToolName = "sequential_questioning_automatic"

// MaxRounds is how many forms one call asks for at most: clients give up after ten.
const MaxRounds = 8

// Input opens a conversation, or continues one, in which the server asks the
// person itself.
type Input struct {
	Context           string                 `json:"context,omitempty" jsonschema:"The goal."`
	InformationNeeded json.RawMessage        `json:"information_needed,omitempty" jsonschema:"Slots, or a JSON Schema object; left out, a playbook serves."`
	Playbook          string                 `json:"playbook,omitempty" jsonschema:"Asks by this one."`
	ConversationID    string                 `json:"conversation_id,omitempty" jsonschema:"Continue this one."`
	UserID            string                 `json:"user_id,omitempty" jsonschema:"Who is asked; only this keeps people apart."`
	SessionID         string                 `json:"session_id,omitempty"`
	Language          string                 `json:"language,omitempty" jsonschema:"Such as de."`
	MaxRounds         int                    `json:"max_rounds,omitempty" jsonschema:"Forms shown at most, 1 to 8."`
	PreviousMessages  []conversation.Message `json:"previous_messages,omitempty" jsonschema:"The chat so far."`
	Known             []conversation.Known   `json:"known,omitempty" jsonschema:"What the chat tells."`
	Metadata          map[string]any         `json:"metadata,omitempty"`
}

// Status is how a call ended in which the server asks.
type Status string

// The ways in which such a call ends.
const (
	StatusComplete  Status = "complete"  // everything wanted is settled
	StatusOpen      Status = "open"      // more is wanted; a limit was reached, or a form came back empty
	StatusDeclined  Status = "declined"  // the person declined a form, not its questions
	StatusCancelled Status = "cancelled" // a form was closed; nothing of it was recorded
	StatusEnded     Status = "ended"     // the person wants no more questions
	StatusBatch     Status = "batch"     // no form was answered: the questions are for the caller to put
)

// Result is what was gathered, and what is still to be asked.
type Result struct {
	Status Status `json:"status" jsonschema:"complete; open: more is wanted; declined or cancelled: the person declined or closed the form; ended: the person wants no more questions; batch: no form was shown, or none answered in time. Unless complete or ended, put the questions to the person."`
	Rounds int    `json:"rounds" jsonschema:"Forms shown in this call."`
	Next   string `json:"next" jsonschema:"What to do next."`
	conversation.Turn
	Goal           string                             `json:"goal"`
	Values         map[string]any                     `json:"values" jsonschema:"What was gathered, by slot."`
	Valid          bool                               `json:"valid" jsonschema:"Whether values satisfies information_needed as it stands."`
	Problems       []string                           `json:"problems" jsonschema:"What keeps it from being valid."`
	Citations      map[string][]conversation.Citation `json:"citations" jsonschema:"By slot, the answers each value rests on."`
	Contradictions []conversation.Contradiction       `json:"contradictions"`
	OpenPoints     []conversation.OpenPoint           `json:"open_points"`

	report conversation.Report // all of it, for the text
}

// newResult puts the turn and the report together. The report's coverage replaces the
// turn's, which has only what changed.
func newResult(status Status, rounds int, turn conversation.Turn, report conversation.Report, unanswered bool) Result {
	turn.Coverage = report.Coverage
	return Result{
		Status: status, Rounds: rounds, Next: status.next(turn, unanswered), Turn: turn, Goal: report.Goal,
		Values: report.Values, Valid: report.Valid, Problems: report.Problems, Citations: report.Citations,
		Contradictions: report.Contradictions, OpenPoints: report.OpenPoints, report: report,
	}
}

// next says what to do next, in words for a model. A form that was accepted unanswered
// would only come back like that again: some clients show no field of some types.
func (s Status) next(turn conversation.Turn, unanswered bool) string {
	again := fmt.Sprintf("call %s again with conversation_id %s", ToolName, turn.ConversationID)
	ask := fmt.Sprintf("put the questions to the person and bring the reply to sequential_questioning_follow_up with conversation_id %s", turn.ConversationID)
	switch {
	case s == StatusComplete:
		return "Nothing is left to ask."
	case s == StatusEnded:
		return "The person wants no more questions; open_points has what stays open."
	case s == StatusBatch:
		return "No form was answered here: " + ask + ". A form that is still open counts when it is submitted."
	case s == StatusDeclined:
		return "The person declined the form, not its questions: " + ask + "."
	case s == StatusCancelled:
		return "The form was closed and nothing of it was recorded: " + ask + "."
	}
	if unanswered {
		return "The form came back without an answer to its questions: " + ask + "."
	}
	if len(turn.Questions) == 0 && turn.Metadata.StopReason != "" {
		return "Nothing more is asked, but open_points names what is required and not known. To ask the person for it again, " + again +
			"; send what you learn otherwise to sequential_questioning_follow_up as answers with slot and value."
	}
	return "More is wanted. To continue, " + again + ", or " + ask + "."
}

// without adds that what forms said of these slots is not recorded, and what to do.
func (r Result) without(slots []string) Result {
	if len(slots) == 0 {
		return r
	}
	warning := fmt.Sprintf("A form came back too late: the conversation has changed too often since it was shown. What it said of %s was not recorded by this call. "+
		"Where values does not have it, ask the person again and bring the answer to sequential_questioning_follow_up, "+
		"or to sequential_questioning_revise where another answer holds, with conversation_id %s.", strings.Join(slots, ", "), r.ConversationID)
	r.Warn([]string{warning})
	r.Next = warning + " " + r.Next
	return r
}

// unread adds words of the person's that found no slot, and doubts about values in
// them, and what to do.
func (r Result) unread(words, doubts []string) Result {
	if len(words) == 0 && len(doubts) == 0 {
		return r
	}
	r.Turn.Metadata.Unmatched, r.Turn.Metadata.Doubts = strings.Join(words, "\n"), doubts
	if r.Status == StatusBatch {
		return r // the turn's text says so
	}
	var said []string
	for _, one := range words {
		said = append(said, plain.Quote(one))
	}
	r.Next += fmt.Sprintf(" Not recorded of what the person said: %s. Send what answers a slot to sequential_questioning_follow_up as answers with slot and value, conversation_id %s.",
		strings.Join(append(said, doubts...), "; "), r.ConversationID)
	return r
}

// OpenConversation is the conversation's id, empty when nothing is left to ask.
func (r Result) OpenConversation() string {
	if r.Status == StatusComplete || r.Status == StatusEnded {
		return ""
	}
	return r.ConversationID
}

// Text renders the result for a person.
func (r Result) Text() string {
	if r.Status == StatusBatch {
		return r.Turn.Text() + "\n\n" + r.Next
	}
	var b strings.Builder
	b.WriteString(r.report.Text())
	if len(r.Questions) > 0 {
		b.WriteString("\n\n" + messages.In(r.Turn.Metadata.Language).Text(messages.Waiting) + "\n" + r.Batch())
	}
	fmt.Fprintf(&b, "\n\n%s", r.Next)
	return b.String()
}

// Refine narrows the schema of Input.
func Refine(input *jsonschema.Schema) {
	conversation.Refine(input)
	input.Properties["max_rounds"].Minimum = jsonschema.Ptr(1.0)
	input.Properties["max_rounds"].Maximum = jsonschema.Ptr(float64(MaxRounds))
}

// Schemas describes the types whose JSON Schema cannot be inferred.
func Schemas() map[reflect.Type]*jsonschema.Schema {
	schemas := conversation.Schemas()
	schemas[reflect.TypeFor[Status]()] = conversation.Enum(StatusComplete, StatusOpen, StatusDeclined, StatusCancelled, StatusEnded, StatusBatch)
	return schemas
}
