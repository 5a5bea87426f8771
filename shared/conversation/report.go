package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/slotspec"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
	"github.com/sequential-questioning/sequential-questioning/shared/schema"
	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// Report returns what a conversation has gathered so far. It changes nothing.
func (s *Service) Report(ctx context.Context, in ReportInput) (Report, error) {
	if err := s.checkUser(in.UserID); err != nil {
		return Report{}, err
	}
	if err := checkID(in.ConversationID); err != nil {
		return Report{}, err
	}
	var report Report
	err := s.inTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		rec, _, err := find(ctx, tx, in.ConversationID, in.UserID, nil)
		if err != nil {
			return err
		}
		cited, err := citations(ctx, tx, rec.id, citedNumbers(rec.interview))
		if err != nil {
			return err
		}
		if report, err = newReport(ctx, rec, cited); err != nil || !in.IncludeHistory {
			return err
		}
		report.History, err = history(ctx, tx, rec)
		return err
	})
	return report, err
}

func citedNumbers(iv *questioning.State) []int {
	numbers := []int{}
	for _, s := range iv.SlotStates {
		numbers = append(numbers, s.Answers...)
	}
	return numbers
}

func newReport(ctx context.Context, rec *record, cited []citation) (Report, error) {
	iv := rec.interview
	r := Report{
		ConversationID: rec.id, SessionID: rec.sessionID, Goal: rec.goal, Complete: rec.stopReason != nil,
		Values: map[string]any{}, Problems: []string{}, Citations: map[string][]Citation{}, Coverage: coverage(iv),
		Contradictions: []Contradiction{}, OpenPoints: []OpenPoint{}, QuestionsAsked: iv.Asked, Revision: rec.revision,
		Language: spoken(iv.Language),
	}
	if rec.stopReason != nil {
		r.StopReason = *rec.stopReason
	}
	byNumber, say := map[int]Citation{}, messages.In(iv.Language)
	held := map[string]any{} // by slot
	for _, c := range cited {
		byNumber[c.Number] = c.cited()
	}
	for _, c := range iv.Coverage() {
		for _, n := range c.Answers {
			r.Citations[c.Slot.Key] = append(r.Citations[c.Slot.Key], byNumber[n])
		}
		switch {
		case c.Status == questioning.StatusContradicted:
			r.Contradictions = append(r.Contradictions, contradiction(c, byNumber, say))
			fallthrough
		case c.Known():
			held[c.Slot.Key] = c.Value
		case c.Status != questioning.StatusNotApplicable:
			r.OpenPoints = append(r.OpenPoints, openPoint(c, iv.Language))
		}
	}
	err := r.fill(ctx, rec, held)
	return r, err
}

// history lists what was answered, also what no longer holds.
func history(ctx context.Context, tx pgx.Tx, rec *record) ([]Past, error) {
	all, err := answersOf(ctx, tx, rec.id)
	if err != nil {
		return nil, err
	}
	holds := map[int]bool{}
	for _, n := range citedNumbers(rec.interview) {
		holds[n] = true
	}
	past := make([]Past, len(all))
	for i, a := range all {
		past[i] = Past{Slot: a.Slot, Value: a.Value, Citation: a.cited(), Holds: holds[a.Number], SupersededBy: a.SupersededBy}
	}
	return past, nil
}

func contradiction(c questioning.Coverage, byNumber map[int]Citation, say *messages.Printer) Contradiction {
	said := make([]string, len(c.Answers))
	for i, n := range c.Answers {
		said[i] = say.Text(messages.AnswerCited, strconv.Itoa(n)) + ": " + excerpt(byNumber[n].Words)
	}
	return Contradiction{Slot: c.Slot.Key, Answers: c.Answers, Text: c.Slot.Title + ": " + strings.Join(said, ", ")}
}

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

// fill puts what the slots hold into the shape of information_needed, and holds
// it against its JSON Schema or what its list requires.
func (r *Report) fill(ctx context.Context, rec *record, held map[string]any) error {
	r.Values = held
	var wanted slotspec.Spec
	if rec.needed != nil {
		var err error
		wanted, err = slotspec.Read(ctx, rec.needed)
		var refused *slotspec.Error
		if errors.As(err, &refused) { // it was taken when other bounds held
			r.Problems = []string{"information_needed: " + refused.Error()}
			return nil
		}
		if err != nil {
			return err
		}
		r.Values = wanted.Values(held, r.Complete)
	}
	if wanted.Schema == nil {
		for _, slot := range rec.interview.Slots {
			if _, ok := held[slot.Key]; slot.Required && !ok {
				r.Problems = append(r.Problems, slot.Key+": is required")
			}
		}
		r.Valid = len(r.Problems) == 0
		return nil
	}
	return r.validate(ctx, wanted.Schema)
}

// validate holds the values against a JSON Schema.
func (r *Report) validate(ctx context.Context, raw json.RawMessage) error {
	compiled, err := schema.Compile(ctx, raw)
	var refused *bounds.Error
	if errors.As(err, &refused) { // it was taken when other bounds held
		r.Problems = []string{"information_needed: " + refused.Error()}
		return nil
	}
	if err != nil {
		return err
	}
	for _, p := range schema.Problems(compiled, r.Values) {
		if len(p.Location) > 0 {
			p.Text = strings.Join(p.Location, ".") + ": " + p.Text
		}
		r.Problems = append(r.Problems, p.Text)
	}
	slices.Sort(r.Problems)
	r.Valid = len(r.Problems) == 0
	return nil
}
