package conversation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
	"github.com/sequential-questioning/sequential-questioning/shared/schema"
	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

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
	History        []HistoryEntry        `json:"history,omitempty" jsonschema:"Every answer in its order, the latest 500."`
	QuestionsAsked int                   `json:"questions_asked"`
	Language       string                `json:"language,omitempty" jsonschema:"What the texts are worded in, English when left out."`
	Revision       int                   `json:"revision"`
	Warnings       []string              `json:"warnings,omitempty" jsonschema:"What was taken differently from what was sent."`

	slots map[string]questioning.Slot // by key, for Text
}

// Warn adds what was taken differently from what was sent.
func (r *Report) Warn(notes []string) { r.Warnings = append(r.Warnings, notes...) }

// HistoryEntry is an answer of the history.
type HistoryEntry struct {
	Slot  string `json:"slot"`
	Value any    `json:"value,omitempty"`
	Citation
	Holds        bool `json:"holds" jsonschema:"Whether the slot still rests on it."`
	SupersededBy int  `json:"superseded_by,omitempty" jsonschema:"The answer that superseded it."`
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
	Slot     string             `json:"slot"`
	Title    string             `json:"title"`
	Required bool               `json:"required"`
	State    questioning.Status `json:"state"`
	Text     string             `json:"text"`
}

// Text renders the report for a person.
func (r Report) Text() string {
	say := messages.In(r.Language)
	var b strings.Builder
	b.WriteString(say.Text(messages.Goal, excerpt(r.Goal)) + "\n")
	for _, c := range r.Coverage {
		if hasValue(c.State) {
			fmt.Fprintf(&b, "\n%s: %s (%s)", c.Title, valueText(r.slots[c.Slot], c.State, c.Value, r.Language), cited(c, say))
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
			fmt.Fprintf(&b, "\n%d. %s", p.AnswerNumber, r.entryText(p))
			if p.SupersededBy > 0 {
				fmt.Fprintf(&b, " (%s)", say.Text(messages.SupersededBy, strconv.Itoa(p.SupersededBy)))
			}
		}
	}
	return b.String()
}

// entryText is an answer as a person reads it: its slot, and its value with the
// person's words where they are others, or what stands for one.
func (r Report) entryText(answer HistoryEntry) string {
	slot := r.slots[answer.Slot] // one of the playbook before has no type any more
	title := cmp.Or(slot.Title, plain.Line(answer.Slot))
	switch {
	case answer.Value == nil && answer.Words == "":
		return title + ": " + valueText(slot, questioning.Status(answer.Outcome), nil, r.Language)
	case answer.Value == nil:
		return title + ": " + plain.Quote(answer.Words)
	}
	return title + ": " + answerText(slot, answer.Value, answer.Words, r.Language)
}

// cited names the answers that a value rests on, or says that nobody has confirmed it.
func cited(c Coverage, say *messages.Printer) string {
	if len(c.Answers) == 0 {
		return say.Text(messages.AssumedCited, cmp.Or(c.Source, say.Text(messages.FromContext)))
	}
	return say.Text(messages.AnswerCited, strings.Trim(strings.ReplaceAll(fmt.Sprint(c.Answers), " ", ", "), "[]"))
}

// Report returns what a conversation has gathered so far, whether it is complete or
// not. It changes nothing, and reads all as of one moment. Values hold what is answered
// and what is assumed; contradicted slots hold the latest, and are listed.
func (s *Service) Report(ctx context.Context, in ReportInput) (Report, error) {
	if err := s.CheckUser(in.UserID); err != nil {
		return Report{}, err
	}
	if err := checkID(in.ConversationID); err != nil {
		return Report{}, err
	}
	read, err := s.store.Report(ctx, in.ConversationID, in.UserID, in.IncludeHistory)
	if err != nil {
		read = &store.Reported{}
	}
	c, err := owned(&store.Loaded{Conversation: read.Conversation}, err, in.ConversationID, in.UserID)
	if err != nil {
		return Report{}, unavailable(err)
	}
	report := newReport(c, read.Cited)
	if in.IncludeHistory {
		report.History = history(c, read.History)
	}
	err = s.fill(ctx, &report, c)
	return report, unavailable(err)
}

// citedNumbers are the answers that slots rest on.
func citedNumbers(state *questioning.State) []int {
	numbers := []int{}
	for _, s := range state.SlotStates {
		numbers = append(numbers, s.Answers...)
	}
	return numbers
}

// newReport puts together what was read; cited has every answer that a slot rests on.
func newReport(c *conversation, cited []store.CitedAnswer) Report {
	state := c.State
	r := Report{
		ConversationID: c.ID, SessionID: c.SessionID, Goal: c.Goal, Complete: c.StopReason != "" && c.State.Settled(),
		Values: map[string]any{}, Problems: []string{}, Citations: map[string][]Citation{}, Coverage: coverage(state),
		Contradictions: []Contradiction{}, OpenPoints: []OpenPoint{}, QuestionsAsked: state.Asked, Revision: c.Revision,
		Language: spoken(state.Language), StopReason: c.StopReason,
		slots: map[string]questioning.Slot{},
	}
	byNumber, say := map[int]Citation{}, messages.In(state.Language)
	held := map[string]any{} // by slot
	for _, c := range cited {
		byNumber[c.Number] = citation(c)
	}
	for _, c := range state.Coverage() {
		r.slots[c.Slot.Key] = c.Slot
		for _, n := range c.Answers {
			r.Citations[c.Slot.Key] = append(r.Citations[c.Slot.Key], byNumber[n])
		}
		switch {
		case c.Status == questioning.StatusContradicted:
			r.Contradictions = append(r.Contradictions, contradiction(c, byNumber, say))
			// A report has to hold one value. The latest is the best guess, and
			// contradictions say so.
			fallthrough
		case c.Known():
			held[c.Slot.Key] = c.Value
		case c.Status != questioning.StatusNotApplicable:
			r.OpenPoints = append(r.OpenPoints, openPoint(c, state.Language))
		}
	}
	r.Values = held
	return r
}

// citation is an answer as a report shows it, its time in UTC whatever the database's
// zone.
func citation(a store.CitedAnswer) Citation {
	return Citation{
		AnswerNumber: a.Number, QuestionNumber: a.Question, QuestionText: a.QuestionText,
		Outcome: a.Outcome, Words: a.Words, AnsweredAt: a.AnsweredAt.UTC(),
	}
}

// history lists what was answered, also what no longer holds.
func history(c *conversation, all []store.HistoryEntry) []HistoryEntry {
	holds := map[int]bool{}
	for _, n := range citedNumbers(c.State) {
		holds[n] = true
	}
	entries := make([]HistoryEntry, len(all))
	for i, a := range all {
		entries[i] = HistoryEntry{Slot: a.Slot, Value: a.Value, Citation: citation(a.CitedAnswer), Holds: holds[a.Number], SupersededBy: a.SupersededBy}
	}
	return entries
}

// contradiction quotes the answers that cannot all hold, for the person to choose.
func contradiction(c questioning.Coverage, byNumber map[int]Citation, say *messages.Printer) Contradiction {
	said := make([]string, len(c.Answers))
	for i, n := range c.Answers {
		said[i] = say.Text(messages.AnswerCited, strconv.Itoa(n)) + ": " + excerpt(byNumber[n].Words)
	}
	return Contradiction{Slot: c.Slot.Key, Answers: c.Answers, Text: c.Slot.Title + ": " + strings.Join(said, ", ")}
}

// openPoint says why a slot has no value: nobody asked, or nobody knows, or nobody says.
func openPoint(c questioning.Coverage, language string) OpenPoint {
	say := messages.In(language)
	why := map[questioning.Status]string{
		questioning.StatusMissing:  say.Text(messages.NotAnswered),
		questioning.StatusUnknown:  say.Text(messages.DoesNotKnow),
		questioning.StatusDeclined: say.Text(messages.DoesNotSay),
		questioning.StatusUnclear:  say.Text(messages.SaidUnreadably, excerpt(c.Words), plain.Line(parse.Expected(c.Slot, language))),
	}[c.Status]
	return OpenPoint{
		Slot: c.Slot.Key, Title: c.Slot.Title, Required: c.Slot.Required, State: c.Status,
		Text: c.Slot.Title + ": " + why,
	}
}

// fill puts the report's values into the shape of information_needed, and holds them
// against its JSON Schema or what its list requires. Problems are part of a report and
// no error: a conversation that is not over is not valid yet. What cannot
// be checked at all, as when the caller gives up, is an error.
func (s *Service) fill(ctx context.Context, r *Report, c *conversation) error {
	var wanted needed
	if c.Needed != nil {
		var err error
		wanted, err = s.needed.of(ctx, c.Needed)
		var refused *bounds.Error
		if err != nil && !errors.As(err, &refused) {
			return err
		}
		r.Values = wanted.Values(r.Values, r.Complete)
		if refused != nil { // it was taken when other bounds held
			r.Problems = []string{"information_needed: " + refused.Error()}
			return nil
		}
	}
	if wanted.schema == nil {
		for i, slot := range c.State.Slots {
			applies := c.State.CoverageOf(i).Status != questioning.StatusNotApplicable || c.State.SlotStates[i].Status != questioning.StatusMissing
			if _, ok := r.Values[slot.Key]; slot.Required && applies && !ok {
				r.Problems = append(r.Problems, slot.Key+": is required")
			}
		}
		r.Valid = len(r.Problems) == 0
		return nil
	}
	for _, p := range schema.Problems(wanted.schema, r.Values) {
		if len(p.Location) > 0 {
			p.Text = strings.Join(p.Location, ".") + ": " + p.Text
		}
		r.Problems = append(r.Problems, p.Text)
	}
	slices.Sort(r.Problems)
	r.Valid = len(r.Problems) == 0
	return nil
}
