package conversation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// The tools that a client calls as a conversation continues.
const (
	followUpTool = "sequential_questioning_follow_up"
	reportTool   = "sequential_questioning_report"
)

// Turn is what to put to the person next, and where the conversation stands.
type Turn struct {
	CurrentQuestion         string     `json:"current_question" jsonschema:"The first question's text; why asking is over when there is none."`
	Questions               []Question `json:"questions"`
	ConversationID          string     `json:"conversation_id"`
	SessionID               string     `json:"session_id,omitempty" jsonschema:"When a conversation opens."`
	CurrentQuestionNumber   int        `json:"current_question_number" jsonschema:"Number of the batch's first question, 0 when there is none."`
	TotalQuestionsInBatch   int        `json:"total_questions_in_batch"`
	TotalQuestionsEstimated int        `json:"total_questions_estimated" jsonschema:"Questions the conversation will have taken at its end."`
	NextBatchNeeded         bool       `json:"next_batch_needed" jsonschema:"Whether more questions are expected after this batch."`
	// Coverage has what this call changed; when a conversation opens it has all that is
	// known, and where asking is over every assumption as well.
	Coverage []Coverage `json:"coverage"`
	// OpenSlots are the slots that nothing is known of beside those asked for, when a
	// conversation opens or its playbook changes: a client cannot know those of a
	// playbook beforehand.
	OpenSlots []string     `json:"open_slots,omitempty" jsonschema:"What else is wanted, as key (type or options): title; when a conversation opens."`
	Unread    []Unread     `json:"unread,omitempty" jsonschema:"What the person said that was not read: to be sent as values."`
	Next      string       `json:"next" jsonschema:"What to do with this result."`
	Metadata  TurnMetadata `json:"metadata"`

	shown shown
}

// shown is what the text of a turn alone has: the other fields have the rest.
type shown struct {
	Batch   string            `json:"batch,omitempty"`   // the questions, numbered, with the form of each answer
	Assumed map[string]string `json:"assumed,omitempty"` // by slot, the value as a person reads it
	Read    []string          `json:"read,omitempty"`    // what was read in words, as title and value
	Revised string            `json:"revised,omitempty"` // of a revision, what it changed
}

// keptTurn is a turn as it is kept for repeated calls.
type keptTurn struct {
	Turn
	Shown shown `json:"for_text"`
}

// kept is the turn with what its text alone has.
func (t Turn) kept() keptTurn { return keptTurn{t, t.shown} }

// restoredTurn is a turn that was kept.
func restoredTurn(result []byte) (Turn, error) {
	var kept keptTurn
	err := json.Unmarshal(result, &kept)
	kept.shown = kept.Shown
	return kept.Turn, err
}

// keptRevision is a revision as it is kept for repeated calls.
type keptRevision struct {
	Revision
	Shown shown `json:"for_text"`
}

// Batch is what to put to the person: the questions as numbered text, or why asking
// is over.
func (t Turn) Batch() string { return cmp.Or(t.shown.Batch, t.CurrentQuestion) }

// Question is one question of a batch.
type Question struct {
	QuestionID     string           `json:"question_id"`
	QuestionNumber int              `json:"question_number"`
	QuestionText   string           `json:"question_text"`
	Slot           string           `json:"slot"`
	Options        []string         `json:"options,omitempty" jsonschema:"The titles of what can be answered."`
	Metadata       QuestionMetadata `json:"metadata"`
}

// QuestionMetadata says why a question is asked and what answers it.
type QuestionMetadata struct {
	Importance           string              `json:"importance" jsonschema:"high where it is required, medium or low."`
	InformationToLookFor []string            `json:"information_to_look_for,omitempty" jsonschema:"When at most two questions are put."`
	Type                 questioning.Type    `json:"type,omitempty" jsonschema:"Left out for a text and for one of the options."`
	Default              any                 `json:"default,omitempty"`
	Purpose              questioning.Purpose `json:"purpose,omitempty" jsonschema:"clarify an unreadable answer, or confirm between contradicting ones; left out for a first question."`
	Reason               string              `json:"reason,omitempty" jsonschema:"What the answer decides or saves; when at most three questions are put."`
}

// Coverage is where one slot stands.
type Coverage struct {
	Slot     string             `json:"slot"`
	Title    string             `json:"title,omitempty" jsonschema:"In reports, and of assumptions."`
	Required bool               `json:"required,omitempty" jsonschema:"In reports."`
	State    questioning.Status `json:"state"`
	Value    any                `json:"value,omitempty"`
	Words    string             `json:"words,omitempty" jsonschema:"In reports: the person's own words where no value stands for them."`
	Answers  []int              `json:"answers,omitempty" jsonschema:"Numbers of the answers it rests on."`
	Source   string             `json:"source,omitempty" jsonschema:"Where an assumption comes from."`
	Reopened int                `json:"reopened_by,omitempty" jsonschema:"The answer whose revision took an earlier one back."`
}

// assumption words what was assumed, given as a person reads it, and where from.
func (c Coverage) assumption(value string) string {
	text := c.Title + " " + value
	if c.Source != "" {
		text += " (" + c.Source + ")"
	}
	return text
}

// TurnMetadata is about the conversation as a whole.
type TurnMetadata struct {
	Complete             bool     `json:"complete" jsonschema:"Whether asking is over and all that is required is known."`
	StopReason           string   `json:"stop_reason,omitempty"`
	Playbook             string   `json:"playbook,omitempty" jsonschema:"The playbook in use; when a conversation opens or one is named."`
	PlaybookReason       string   `json:"playbook_reason,omitempty" jsonschema:"Why it is that one; when a conversation opens."`
	PlaybookAlternatives []string `json:"playbook_alternatives,omitempty" jsonschema:"The next best, at most two; when a conversation opens."`
	Memory               string   `json:"memory,omitempty" jsonschema:"Whether earlier conversations were consulted; when a conversation opens."`
	Revision             int      `json:"revision" jsonschema:"Grows with every change of the conversation."`
	AnswersRecorded      int      `json:"answers_recorded,omitempty" jsonschema:"New answers taken from this call."`
	AnswersRepeated      int      `json:"answers_repeated,omitempty" jsonschema:"Answers of this call that were known already."`
	Unmatched            string   `json:"unmatched,omitempty" jsonschema:"Text that belonged to no question."`
	Doubts               []string `json:"doubts,omitempty" jsonschema:"Values found in the person's words that are not recorded, and why: more than one slot could take them, or the words around them change them."`
	Language             string   `json:"language,omitempty" jsonschema:"What the questions are worded in, English when left out."`
	// Warnings say what was taken differently from what was sent.
	Warnings []string `json:"warnings,omitempty" jsonschema:"What was taken differently from what was sent."`
}

// Warn adds what was taken differently from what was sent.
func (t *Turn) Warn(notes []string) { t.Metadata.Warnings = append(t.Metadata.Warnings, notes...) }

// Text renders the turn. It says whatever a model has to act on: some hosts pass on
// the text alone.
func (t Turn) Text() string {
	say := messages.In(t.Metadata.Language)
	parts := []string{t.Batch()}
	add := func(form string, args ...any) { parts = append(parts, fmt.Sprintf(form, args...)) }
	if text := t.assumptions(); text != "" {
		parts = append(parts, text)
	}
	if t.Metadata.Memory == MemoryNotConsulted {
		parts = append(parts, say.Text(messages.MemoryUnavailable))
	}
	if len(t.shown.Read) > 0 {
		add("Read: %s", strings.Join(t.shown.Read, "; "))
	}
	if len(t.Unread) > 0 {
		lines := []string{"Not read:"}
		for _, u := range t.Unread {
			lines = append(lines, u.line())
		}
		parts = append(parts, strings.Join(lines, "\n"))
	}
	if t.Metadata.Unmatched != "" {
		add("Belongs to no slot: %s", excerpt(t.Metadata.Unmatched))
	}
	if len(t.Metadata.Doubts) > 0 {
		add("Not recorded: %s", strings.Join(t.Metadata.Doubts, "; "))
	}
	if len(t.OpenSlots) > 0 {
		add("open_slots:\n%s", strings.Join(t.OpenSlots, "\n"))
	}
	if others := t.Metadata.PlaybookAlternatives; len(others) > 0 {
		add("Playbook: %s; next best %s", t.Metadata.Playbook, strings.Join(others, ", "))
	}
	if len(t.Metadata.Warnings) > 0 {
		add("Warnings: %s", strings.Join(t.Metadata.Warnings, "; "))
	}
	add("(%s conversation_id %s)", t.Next, t.ConversationID)
	return strings.TrimSpace(strings.Join(parts, "\n\n"))
}

// assumptions words what is assumed, for the person to correct.
func (t Turn) assumptions() string {
	var assumed []string
	for _, c := range t.Coverage {
		if c.State == questioning.StatusAssumed {
			assumed = append(assumed, c.assumption(cmp.Or(t.shown.Assumed[c.Slot], questioning.Quote(c.Value, t.Metadata.Language))))
		}
	}
	if len(assumed) == 0 {
		return ""
	}
	return messages.In(t.Metadata.Language).Text(messages.Assumed, strings.Join(assumed, "; "))
}

// line words what was not read, for a model.
func (u Unread) line() string {
	line := "- "
	if u.Slot != "" {
		line += plain.Line(u.Slot) + ": "
	}
	line += plain.Quote(u.Words)
	if u.Kind != unclear {
		line += " (" + u.Kind + ")"
	}
	if u.Schema != nil {
		schema, _ := json.Marshal(u.Schema) // made of plain values
		line += " " + plain.Line(string(schema))
	}
	return line
}

// advise says what the client's model does next. Where it has not sent yet what the chat
// tells, it can do so now that it sees the slots.
func (t *Turn) advise(chatIsUnsent bool) {
	var steps []string
	if chatIsUnsent && len(t.Questions)+len(t.OpenSlots) > 0 {
		steps = append(steps, "Before you ask, send what the chat already tells about these questions and open_slots with "+followUpTool+
			" as answers [{slot or question_number, value, text}].")
	}
	found := slices.ContainsFunc(t.Unread, Unread.mayHold)
	if found {
		steps = append(steps, "Send what you can read in unread with "+followUpTool+" as answers [{slot, value}], without asking.")
	}
	if t.Metadata.Unmatched != "" || len(t.Metadata.Doubts) > 0 {
		steps = append(steps, "If what belongs to no slot or is not recorded answers something, send it as well.")
	}
	if slices.ContainsFunc(t.Unread, func(u Unread) bool { return u.Kind == string(parse.AsksBack) }) {
		steps = append(steps, "Answer what the person asks.")
	}
	assumed := slices.ContainsFunc(t.Coverage, func(c Coverage) bool { return c.State == questioning.StatusAssumed })
	switch {
	case t.Metadata.Complete && assumed:
		steps = append(steps, "Complete; have the person confirm what is assumed, and read all with "+reportTool+".")
	case t.Metadata.Complete:
		steps = append(steps, "Complete; read it with "+reportTool+".")
	case t.Metadata.StopReason != "":
		steps = append(steps, "Asking is over, but something required is open: an answer still counts, sequential_questioning with this conversation_id asks again, and "+reportTool+" has the rest.")
	case len(t.Questions) == 0 && found:
		steps = append(steps, "The rest comes again as questions: call "+followUpTool+" without answers.")
	case len(t.Questions) == 0:
		steps = append(steps, "Once the person can answer, call "+followUpTool+" without answers: the question comes again.")
	case chatIsUnsent:
		steps = append(steps, "Then ask the person what is left"+confirming(assumed)+", and send the reply the same way.")
	default:
		steps = append(steps, "Ask the person"+confirming(assumed)+"; send answers [{question_number, value, text}] with "+followUpTool+".")
	}
	t.Next = strings.Join(steps, " ")
}

// confirming adds what is assumed to what is asked.
func confirming(assumed bool) string {
	if assumed {
		return ", with what is assumed"
	}
	return ""
}

// repeat says that this call was taken for a repetition of the one before.
func (t *Turn) repeat() {
	t.Next = fmt.Sprintf("This call repeats the one before and was not counted again. If the person said the same to question %d too, "+
		"say so with answers: [{\"question_number\": %[1]d, \"text\": …}]. ", t.CurrentQuestionNumber) + t.Next
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

// Earlier is the state of a slot before. Its answers stay in the report's history.
type Earlier struct {
	State   questioning.Status `json:"state"`
	Value   any                `json:"value,omitempty"`
	Answers []int              `json:"answers"`
}

// Text renders the revision for a person.
func (r Revision) Text() string {
	return cmp.Or(r.shown.Revised, r.changes(nil)) + "\n\n" + r.Turn.Text()
}

// changes words what a revision changed. Slots give values the titles of their options;
// a result that an earlier version kept has none of them, and prints values as they are.
func (r Revision) changes(slots []questioning.Slot) string {
	language := r.Turn.Metadata.Language
	text := func(key string, state questioning.Status, value any) string {
		return valueText(slotByKey(slots, key), state, value, language)
	}
	now := text(r.Revised.Slot, r.Revised.State, r.Revised.Value)
	if !r.Changed {
		return fmt.Sprintf("%s is %s already; nothing changed.", r.Revised.Title, now)
	}
	lines := []string{fmt.Sprintf("%s: %s instead of %s.", r.Revised.Title, now, text(r.Revised.Slot, r.Revised.Before.State, r.Revised.Before.Value))}
	for _, again := range r.Reopened {
		what := "it no longer matters"
		if again.Applies {
			what = "it is asked again"
		}
		lines = append(lines, fmt.Sprintf("%s (%s) depended on it: %s.", again.Title, text(again.Slot, again.Before.State, again.Before.Value), what))
	}
	return strings.Join(lines, "\n")
}

// hasValue says that a slot in this state holds a value, if a disputed one.
func hasValue(s questioning.Status) bool { return questioning.SlotState{Status: s}.Known() }
