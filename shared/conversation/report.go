package conversation

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
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

func citedNumbers(iv *questioning.Interview) []int {
	numbers := []int{}
	for _, s := range iv.Standings {
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
	for _, c := range cited {
		byNumber[c.Number] = c.cited()
	}
	for _, c := range iv.Coverage() {
		for _, n := range c.Answers {
			r.Citations[c.Slot.Key] = append(r.Citations[c.Slot.Key], byNumber[n])
		}
		switch {
		case c.State == questioning.StateContradicted:
			r.Contradictions = append(r.Contradictions, contradiction(c, byNumber, say))
			fallthrough
		case c.Known():
			r.Values[c.Slot.Key] = c.Value
		case c.State != questioning.StateNotApplicable:
			r.OpenPoints = append(r.OpenPoints, openPoint(c, iv.Language))
		}
	}
	err := r.validate(ctx, rec.needed, iv.Slots)
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
	why := map[questioning.State]string{
		questioning.StateMissing:  say.Text(messages.NotAnswered),
		questioning.StateUnknown:  say.Text(messages.DoesNotKnow),
		questioning.StateDeclined: say.Text(messages.DoesNotSay),
		questioning.StateUnclear:  say.Text(messages.SaidUnreadably, excerpt(c.Words), plain.Line(parse.Expected(c.Slot, language))),
	}[c.State]
	return OpenPoint{
		Slot: c.Slot.Key, Title: c.Slot.Title, Required: c.Slot.Required, State: c.State,
		Text: c.Slot.Title + ": " + why,
	}
}

// validate holds the values against information_needed: by its JSON Schema, or
// by what its list requires.
func (r *Report) validate(ctx context.Context, needed []byte, slots []questioning.Slot) error {
	if isSchema(needed) {
		compiled, err := schema.Compile(ctx, needed)
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
	} else {
		for _, slot := range slots {
			if _, ok := r.Values[slot.Key]; slot.Required && !ok {
				r.Problems = append(r.Problems, slot.Key+": is required")
			}
		}
	}
	r.Valid = len(r.Problems) == 0
	return nil
}
