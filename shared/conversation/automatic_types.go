package conversation

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// AutomaticInput opens a conversation, or goes on with one, in which the
// server asks the person itself.
type AutomaticInput struct {
	Context           string          `json:"context,omitempty" jsonschema:"The goal, and what is known already: a line 'Budget: 500' each is not asked for."`
	InformationNeeded json.RawMessage `json:"information_needed,omitempty" jsonschema:"What to gather: slots, or a JSON Schema object. Left out, a playbook serves."`
	Playbook          string          `json:"playbook,omitempty" jsonschema:"Asks by this one."`
	ConversationID    string          `json:"conversation_id,omitempty" jsonschema:"Continue this one."`
	UserID            string          `json:"user_id,omitempty" jsonschema:"Who is asked; only this keeps people apart."`
	SessionID         string          `json:"session_id,omitempty"`
	Language          string          `json:"language,omitempty" jsonschema:"The person's, such as de."`
	MaxRounds         int             `json:"max_rounds,omitempty" jsonschema:"Forms shown at most, 1 to 8."`
	PreviousMessages  []Message       `json:"previous_messages,omitempty" jsonschema:"The chat so far."`
	Metadata          map[string]any  `json:"metadata,omitempty"`
}

// Status is how a call ended in which the server asks.
type Status string

// The ways in which such a call ends.
const (
	StatusComplete  Status = "complete"  // everything wanted is settled
	StatusOpen      Status = "open"      // more is wanted; a limit was reached, or a form came back empty
	StatusDeclined  Status = "declined"  // the person declined a form, not its questions
	StatusCancelled Status = "cancelled" // a form was closed; nothing of it was recorded
	StatusBatch     Status = "batch"     // no form was answered: the questions are for the caller to put
)

// AutomaticResult is what was gathered, and what is still to be asked.
type AutomaticResult struct {
	Status Status `json:"status" jsonschema:"complete; open: more is wanted; declined or cancelled: the person declined or closed the form; batch: no form was shown, or none answered in time. Unless complete, put current_question to the person."`
	Rounds int    `json:"rounds" jsonschema:"Forms shown in this call."`
	Next   string `json:"next" jsonschema:"How to go on."`
	Turn
	Goal           string                `json:"goal"`
	Values         map[string]any        `json:"values" jsonschema:"What was gathered, by slot."`
	Valid          bool                  `json:"valid" jsonschema:"Whether values satisfies information_needed as it stands."`
	Problems       []string              `json:"problems" jsonschema:"What keeps it from being valid."`
	Citations      map[string][]Citation `json:"citations" jsonschema:"By slot, the answers each value rests on."`
	Contradictions []Contradiction       `json:"contradictions"`
	OpenPoints     []OpenPoint           `json:"open_points"`
}

func newAutomaticResult(status Status, rounds int, turn Turn, report Report) AutomaticResult {
	turn.Coverage = report.Coverage
	return AutomaticResult{
		Status: status, Rounds: rounds, Next: status.next(turn), Turn: turn, Goal: report.Goal,
		Values: report.Values, Valid: report.Valid, Problems: report.Problems, Citations: report.Citations,
		Contradictions: report.Contradictions, OpenPoints: report.OpenPoints,
	}
}

// next says how to go on, in words for a model.
func (s Status) next(turn Turn) string {
	again := fmt.Sprintf("call %s again with conversation_id %s", AutomaticTool, turn.ConversationID)
	ask := fmt.Sprintf("put current_question to the person and bring the reply to sequential_questioning_follow_up with conversation_id %s", turn.ConversationID)
	switch {
	case s == StatusComplete:
		return "Nothing is left to ask."
	case s == StatusBatch:
		return "No form was answered here: " + ask + ". A form that is still open counts when it is submitted."
	case s == StatusDeclined:
		return "The person declined the form, not its questions: " + ask + "."
	case s == StatusCancelled:
		return "The form was closed and nothing of it was recorded: " + ask + "."
	}
	return "More is wanted. To go on, " + again + ", or " + ask + "."
}

// OpenConversation is the conversation's id, empty when nothing is left to ask.
func (r AutomaticResult) OpenConversation() string {
	if r.Status == StatusComplete {
		return ""
	}
	return r.ConversationID
}

// Text renders the result for a person.
func (r AutomaticResult) Text() string {
	if r.Status == StatusBatch {
		return r.Turn.Text() + "\n\n" + r.Next
	}
	var b strings.Builder
	b.WriteString(Report{
		Goal: r.Goal, Values: r.Values, Coverage: r.Coverage, Contradictions: r.Contradictions, OpenPoints: r.OpenPoints,
		Language: r.Turn.Metadata.Language,
	}.Text())
	if len(r.Questions) > 0 {
		b.WriteString("\n\n" + messages.In(r.Turn.Metadata.Language).Text(messages.Waiting) + "\n" + r.CurrentQuestion)
	}
	fmt.Fprintf(&b, "\n\n%s", r.Next)
	return b.String()
}

// AutomaticSchemas describes the types of Automatic whose JSON Schema cannot be
// inferred.
func AutomaticSchemas() map[reflect.Type]*jsonschema.Schema {
	schemas := Schemas()
	schemas[reflect.TypeFor[Status]()] = enum(StatusComplete, StatusOpen, StatusDeclined, StatusCancelled, StatusBatch)
	return schemas
}

// RefineAutomatic narrows the schema of AutomaticInput.
func RefineAutomatic(input *jsonschema.Schema) {
	bound(input.Properties["max_rounds"], 1, MostRounds)
	refineMessages(input)
}
