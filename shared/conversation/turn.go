package conversation

import (
	"fmt"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// Turn is what to put to the person next, and where the conversation stands.
type Turn struct {
	CurrentQuestion         string       `json:"current_question" jsonschema:"The batch as numbered text, to show as it is."`
	Questions               []Question   `json:"questions"`
	ConversationID          string       `json:"conversation_id"`
	SessionID               string       `json:"session_id"`
	CurrentQuestionNumber   int          `json:"current_question_number" jsonschema:"Number of the batch's first question, 0 when there is none."`
	TotalQuestionsInBatch   int          `json:"total_questions_in_batch"`
	TotalQuestionsEstimated int          `json:"total_questions_estimated" jsonschema:"Questions the conversation will have taken at its end."`
	NextBatchNeeded         bool         `json:"next_batch_needed" jsonschema:"Whether more questions are expected after this batch."`
	Coverage                []Coverage   `json:"coverage"`
	Metadata                TurnMetadata `json:"metadata"`

	// repeats says that this call was taken for a repetition of the one before.
	repeats bool
}

// Question is one question of a batch.
type Question struct {
	QuestionID     string               `json:"question_id"`
	QuestionNumber int                  `json:"question_number"`
	QuestionText   string               `json:"question_text"`
	Slot           string               `json:"slot"`
	Options        []questioning.Option `json:"options,omitempty"`
	Metadata       QuestionMetadata     `json:"metadata"`
}

// QuestionMetadata says why a question is asked and what answers it.
type QuestionMetadata struct {
	Importance           string              `json:"importance" jsonschema:"high, medium or low."`
	InformationToLookFor []string            `json:"information_to_look_for"`
	Expected             string              `json:"expected" jsonschema:"The form of the answer, in words."`
	Type                 questioning.Type    `json:"type"`
	Required             bool                `json:"required"`
	Default              any                 `json:"default,omitempty"`
	Purpose              questioning.Purpose `json:"purpose" jsonschema:"ask, clarify an unreadable answer, or confirm between contradicting ones."`
	Reason               string              `json:"reason"`
	Bits                 float64             `json:"bits" jsonschema:"Expected information gain."`
}

// Coverage is where one slot stands.
type Coverage struct {
	Slot     string             `json:"slot"`
	Title    string             `json:"title"`
	Required bool               `json:"required"`
	State    questioning.Status `json:"state"`
	Value    any                `json:"value,omitempty"`
	Words    string             `json:"words,omitempty" jsonschema:"The person's own words where no value stands for them."`
	Answers  []int              `json:"answers" jsonschema:"Numbers of the answers it rests on."`
	Source   string             `json:"source,omitempty" jsonschema:"Where an assumption comes from."`
	Reopened int                `json:"reopened_by,omitempty" jsonschema:"The answer whose revision took an earlier one back."`
}

// assumption words what was assumed, and where from.
func (c Coverage) assumption(language string) string {
	text := c.Title + " " + questioning.Quote(c.Value, language)
	if c.Source != "" {
		text += " (" + c.Source + ")"
	}
	return text
}

// TurnMetadata is about the conversation as a whole.
type TurnMetadata struct {
	Complete             bool     `json:"complete"`
	StopReason           string   `json:"stop_reason,omitempty"`
	Playbook             string   `json:"playbook,omitempty" jsonschema:"The playbook in use, when no information_needed was given."`
	PlaybookReason       string   `json:"playbook_reason,omitempty" jsonschema:"Why it is that one; when a conversation opens."`
	PlaybookAlternatives []string `json:"playbook_alternatives,omitempty" jsonschema:"The next best, at most two; when a conversation opens."`
	Memory               string   `json:"memory,omitempty" jsonschema:"Whether earlier conversations were consulted; when a conversation opens."`
	Revision             int      `json:"revision" jsonschema:"Grows with every change of the conversation."`
	AnswersRecorded      int      `json:"answers_recorded" jsonschema:"New answers taken from this call."`
	AnswersRepeated      int      `json:"answers_repeated" jsonschema:"Answers of this call that were known already."`
	Unmatched            string   `json:"unmatched,omitempty" jsonschema:"Text that belonged to no question."`
	Doubts               []string `json:"doubts,omitempty" jsonschema:"Values found in the person's words that are not recorded, and why: more than one slot could take them, or the words around them change them."`
	Language             string   `json:"language,omitempty" jsonschema:"What the questions are worded in, English when left out."`
	// Warnings say what was taken differently from what was sent.
	Warnings []string `json:"warnings,omitempty" jsonschema:"What was taken differently from what was sent."`
}

// Warn adds what was taken differently from what was sent.
func (t *Turn) Warn(notes []string) { t.Metadata.Warnings = append(t.Metadata.Warnings, notes...) }

// Text renders the turn for a person.
func (t Turn) Text() string {
	say := messages.In(t.Metadata.Language)
	var b strings.Builder
	b.WriteString(t.CurrentQuestion)
	settled := 0
	var assumed []string
	for _, c := range t.Coverage {
		if c.State != questioning.StatusMissing {
			settled++
		}
		if c.State == questioning.StatusAssumed {
			assumed = append(assumed, c.assumption(t.Metadata.Language))
		}
	}
	if len(assumed) > 0 {
		b.WriteString("\n\n" + say.Text(messages.Assumed, strings.Join(assumed, "; ")))
	}
	if t.Metadata.Memory == MemoryNotConsulted {
		b.WriteString("\n\n" + say.Text(messages.MemoryUnavailable))
	}
	if t.repeats {
		fmt.Fprintf(&b, "\n\nThis call repeats the one before and was not counted again. If the person said the same to question %d too, "+
			"say so with answers: [{\"question_number\": %[1]d, \"text\": …}].", t.CurrentQuestionNumber)
	}
	fmt.Fprintf(&b, "\n\n(%d of %d known or settled", settled, len(t.Coverage))
	if t.Metadata.Complete {
		fmt.Fprintf(&b, ". Complete; read it with sequential_questioning_report")
	} else {
		fmt.Fprintf(&b, "; about %d questions in all. Answer with sequential_questioning_follow_up", t.TotalQuestionsEstimated)
	}
	fmt.Fprintf(&b, ", conversation_id %s)", t.ConversationID)
	return b.String()
}

// Revision is what a revision changed, and what to put to the person next.
type Revision struct {
	Changed  bool       `json:"changed" jsonschema:"false when the slot held this already."`
	Revised  Revised    `json:"revised"`
	Reopened []Reopened `json:"reopened" jsonschema:"Slots whose answers no longer hold because they depended on the revised one."`
	Turn
}

// Revised is one slot's answer, before and after.
type Revised struct {
	Slot         string             `json:"slot"`
	Title        string             `json:"title"`
	State        questioning.Status `json:"state"`
	Value        any                `json:"value,omitempty"`
	AnswerNumber int                `json:"answer_number,omitempty" jsonschema:"The new answer."`
	Before       Earlier            `json:"before"`
}

// Reopened is a slot whose answer was taken back.
type Reopened struct {
	Slot    string  `json:"slot"`
	Title   string  `json:"title"`
	Applies bool    `json:"applies" jsonschema:"Whether it is asked again; otherwise it no longer matters."`
	Before  Earlier `json:"before"`
}

// Earlier is where a slot stood. Its answers stay in the report's history.
type Earlier struct {
	State   questioning.Status `json:"state"`
	Value   any                `json:"value,omitempty"`
	Answers []int              `json:"answers"`
}

// Text renders the revision for a person.
func (r Revision) Text() string {
	language := r.Turn.Metadata.Language
	var b strings.Builder
	switch {
	case !r.Changed:
		fmt.Fprintf(&b, "%s is %s already; nothing changed.", r.Revised.Title, stateText(r.Revised.State, r.Revised.Value, language))
	default:
		fmt.Fprintf(&b, "%s: %s instead of %s.", r.Revised.Title, stateText(r.Revised.State, r.Revised.Value, language), stateText(r.Revised.Before.State, r.Revised.Before.Value, language))
	}
	for _, again := range r.Reopened {
		what := "it no longer matters"
		if again.Applies {
			what = "it is asked again"
		}
		fmt.Fprintf(&b, "\n%s (%s) depended on it: %s.", again.Title, stateText(again.Before.State, again.Before.Value, language), what)
	}
	b.WriteString("\n\n" + r.Turn.Text())
	return b.String()
}

// hasValue says that a slot in this state holds a value, if a disputed one.
func hasValue(s questioning.Status) bool { return questioning.SlotState{Status: s}.Known() }

// excerptRunes is how much of a goal, or of words that hold no value, a text repeats.
const excerptRunes = 200

func excerpt(words string) string { return plain.Quote(plain.Excerpt(words, excerptRunes)) }

// stateText is the value of a slot in words, or its state where it has none.
func stateText(state questioning.Status, value any, language string) string {
	if value != nil {
		return questioning.Quote(value, language)
	}
	return strings.ReplaceAll(string(state), "_", " ")
}
