package conversation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// AskInput opens a conversation, or goes on with one.
type AskInput struct {
	Context           string          `json:"context" jsonschema:"The goal, and what is known already: a line 'Budget: 500' each is not asked for."`
	UserID            string          `json:"user_id,omitempty" jsonschema:"Who is asked; only this keeps people apart."`
	SessionID         string          `json:"session_id,omitempty"`
	ConversationID    string          `json:"conversation_id,omitempty" jsonschema:"Continue this one."`
	PreviousMessages  []Message       `json:"previous_messages,omitempty" jsonschema:"The chat so far."`
	Metadata          map[string]any  `json:"metadata,omitempty"`
	InformationNeeded json.RawMessage `json:"information_needed,omitempty" jsonschema:"What to gather: slots, or a JSON Schema object. Left out, a playbook serves."`
	Playbook          string          `json:"playbook,omitempty" jsonschema:"Asks by this one."`
	BatchSize         int             `json:"batch_size,omitempty" jsonschema:"Questions at once, 1 to 10 (3)."`
	MaxQuestions      int             `json:"max_questions,omitempty" jsonschema:"Stop after so many."`
	Language          string          `json:"language,omitempty" jsonschema:"The person's, such as de."`
}

// FollowUpInput brings a person's answers.
type FollowUpInput struct {
	ConversationID   string        `json:"conversation_id,omitempty"`
	UserID           string        `json:"user_id,omitempty" jsonschema:"Who answered."`
	Answers          []AnswerInput `json:"answers,omitempty" jsonschema:"One for each thing said, also what was not asked yet."`
	PreviousMessages []Message     `json:"previous_messages,omitempty" jsonschema:"Or the chat, ending with the reply."`
}

// AnswerInput is one answer.
type AnswerInput struct {
	QuestionNumber int                 `json:"question_number,omitempty"`
	QuestionID     string              `json:"question_id,omitempty"`
	Slot           string              `json:"slot,omitempty"`
	Value          any                 `json:"value,omitempty" jsonschema:"By the slot's type: 3, true, 2027-05-01, [\"a\"]."`
	Text           string              `json:"text,omitempty" jsonschema:"The person's own words."`
	Outcome        questioning.Outcome `json:"outcome,omitempty"`
}

// Message is one message of the chat.
type Message struct {
	Role      string     `json:"role"`
	Content   string     `json:"content"`
	Timestamp *time.Time `json:"timestamp,omitempty"`
}

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
	Slot     string            `json:"slot"`
	Title    string            `json:"title"`
	Required bool              `json:"required"`
	State    questioning.Status `json:"state"`
	Value    any               `json:"value,omitempty"`
	Words    string            `json:"words,omitempty" jsonschema:"The person's own words where no value stands for them."`
	Answers  []int             `json:"answers" jsonschema:"Numbers of the answers it rests on."`
	Source   string            `json:"source,omitempty" jsonschema:"Where an assumption comes from."`
	Reopened int               `json:"reopened_by,omitempty" jsonschema:"The answer whose revision took an earlier one back."`
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

// ReportInput names a conversation to report on.
type ReportInput struct {
	ConversationID string `json:"conversation_id"`
	UserID         string `json:"user_id,omitempty" jsonschema:"Whose it is."`
	IncludeHistory bool   `json:"include_history,omitempty" jsonschema:"Also every answer ever given."`
}

// Report is what a conversation has gathered.
type Report struct {
	ConversationID string                `json:"conversation_id"`
	SessionID      string                `json:"session_id"`
	Goal           string                `json:"goal"`
	Complete       bool                  `json:"complete"`
	StopReason     string                `json:"stop_reason,omitempty"`
	Values         map[string]any        `json:"values" jsonschema:"What was gathered, in the shape of information_needed."`
	Valid          bool                  `json:"valid" jsonschema:"Whether values satisfies information_needed as it stands."`
	Problems       []string              `json:"problems" jsonschema:"What keeps it from being valid."`
	Citations      map[string][]Citation `json:"citations" jsonschema:"By slot, the answers each value rests on."`
	Coverage       []Coverage            `json:"coverage"`
	Contradictions []Contradiction       `json:"contradictions"`
	OpenPoints     []OpenPoint           `json:"open_points"`
	History        []Past                `json:"history,omitempty" jsonschema:"Every answer in its order, the latest 500."`
	QuestionsAsked int                   `json:"questions_asked"`
	Language       string                `json:"language,omitempty" jsonschema:"What the texts are worded in, English when left out."`
	Revision       int                   `json:"revision"`
	Warnings       []string              `json:"warnings,omitempty" jsonschema:"What was taken differently from what was sent."`
}

// Warn adds what was taken differently from what was sent.
func (r *Report) Warn(notes []string) { r.Warnings = append(r.Warnings, notes...) }

// Past is an answer of the history.
type Past struct {
	Slot  string `json:"slot"`
	Value any    `json:"value,omitempty"`
	Citation
	Holds        bool `json:"holds" jsonschema:"Whether the slot still rests on it."`
	SupersededBy int  `json:"superseded_by,omitempty" jsonschema:"The answer that put it aside."`
}

// Citation is an answer that a value rests on.
type Citation struct {
	AnswerNumber   int                 `json:"answer_number"`
	QuestionNumber int                 `json:"question_number,omitempty"`
	QuestionText   string              `json:"question_text,omitempty"`
	Outcome        questioning.Outcome `json:"outcome"`
	Words          string              `json:"words"`
	AnsweredAt     time.Time           `json:"answered_at"`
}

// Contradiction names answers that cannot all hold.
type Contradiction struct {
	Slot    string `json:"slot"`
	Answers []int  `json:"answers"`
	Text    string `json:"text"`
}

// OpenPoint is something wanted that has no value.
type OpenPoint struct {
	Slot     string            `json:"slot"`
	Title    string            `json:"title"`
	Required bool              `json:"required"`
	State    questioning.Status `json:"state"`
	Text     string            `json:"text"`
}

// Text renders the report for a person.
func (r Report) Text() string {
	say := messages.In(r.Language)
	var b strings.Builder
	b.WriteString(say.Text(messages.Goal, excerpt(r.Goal)) + "\n")
	for _, c := range r.Coverage {
		if known(c.State) {
			fmt.Fprintf(&b, "\n%s: %s (%s)", c.Title, questioning.Quote(c.Value, r.Language), cited(c, say))
		}
	}
	for _, c := range r.Contradictions {
		b.WriteString("\n" + say.Text(messages.Contradiction, c.Text))
	}
	if len(r.OpenPoints) > 0 {
		b.WriteString("\n\n" + say.Text(messages.Open))
		for _, p := range r.OpenPoints {
			fmt.Fprintf(&b, "\n- %s", p.Text)
		}
	}
	if len(r.History) > 0 {
		b.WriteString("\n\n" + say.Text(messages.History))
		for _, p := range r.History {
			fmt.Fprintf(&b, "\n%d. %s: %s", p.AnswerNumber, plain.Line(p.Slot), p.said(r.Language))
			if p.SupersededBy > 0 {
				fmt.Fprintf(&b, " (%s)", say.Text(messages.SupersededBy, strconv.Itoa(p.SupersededBy)))
			}
		}
	}
	return b.String()
}

// known says that a slot in this state holds a value, if a disputed one.
func known(s questioning.Status) bool { return questioning.SlotState{Status: s}.Known() }

// said is what was said at an answer of the history.
func (p Past) said(language string) string {
	if p.Words != "" {
		return plain.Quote(p.Words)
	}
	return stood(questioning.Status(p.Outcome), p.Value, language)
}

// excerptRunes is how much of a goal, or of words that hold no value, a text repeats.
const excerptRunes = 200

func excerpt(words string) string { return plain.Quote(plain.Excerpt(words, excerptRunes)) }

func cited(c Coverage, say *messages.Printer) string {
	if len(c.Answers) == 0 {
		return say.Text(messages.AssumedCited, cmp.Or(c.Source, say.Text(messages.FromContext)))
	}
	return say.Text(messages.AnswerCited, strings.Trim(strings.ReplaceAll(fmt.Sprint(c.Answers), " ", ", "), "[]"))
}
