package conversation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
	"github.com/sequential-questioning/sequential-questioning/shared/schema"
)

// Report returns what a conversation has gathered so far. It changes nothing.
func (s *Service) Report(ctx context.Context, in ReportInput) (Report, error) {
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
		if report, err = newReport(rec, cited); err != nil || !in.IncludeHistory {
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

func newReport(rec *record, cited []citation) (Report, error) {
	iv := rec.interview
	r := Report{
		ConversationID: rec.id, SessionID: rec.sessionID, Goal: rec.goal, Complete: rec.stopReason != nil,
		Values: map[string]any{}, Problems: []string{}, Citations: map[string][]Citation{}, Coverage: coverage(iv),
		Contradictions: []Contradiction{}, OpenPoints: []OpenPoint{}, QuestionsAsked: iv.Asked, Revision: rec.revision,
	}
	if rec.stopReason != nil {
		r.StopReason = *rec.stopReason
	}
	byNumber := map[int]Citation{}
	for _, c := range cited {
		byNumber[c.Number] = c.cited()
	}
	for _, c := range iv.Coverage() {
		for _, n := range c.Answers {
			r.Citations[c.Slot.Key] = append(r.Citations[c.Slot.Key], byNumber[n])
		}
		switch {
		case c.State == questioning.StateContradicted:
			r.Contradictions = append(r.Contradictions, contradiction(c, byNumber))
			fallthrough
		case c.Known():
			r.Values[c.Slot.Key] = c.Value
		case c.State != questioning.StateNotApplicable:
			r.OpenPoints = append(r.OpenPoints, openPoint(c))
		}
	}
	err := r.validate(rec.needed, iv.Slots)
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

func contradiction(c questioning.Coverage, byNumber map[int]Citation) Contradiction {
	said := make([]string, len(c.Answers))
	for i, n := range c.Answers {
		said[i] = fmt.Sprintf("answer %d: %q", n, byNumber[n].Words)
	}
	return Contradiction{Slot: c.Slot.Key, Answers: c.Answers, Text: c.Slot.Title + ": " + strings.Join(said, ", ")}
}

func openPoint(c questioning.Coverage) OpenPoint {
	why := map[questioning.State]string{
		questioning.StateMissing:  "not answered",
		questioning.StateUnknown:  "the person does not know",
		questioning.StateDeclined: "the person does not want to say",
		questioning.StateUnclear:  fmt.Sprintf("said %q; expected %s", c.Words, parse.Expected(c.Slot)),
	}[c.State]
	return OpenPoint{
		Slot: c.Slot.Key, Title: c.Slot.Title, Required: c.Slot.Required, State: c.State,
		Text: c.Slot.Title + ": " + why,
	}
}

// validate holds the values against information_needed: by its JSON Schema, or
// by what its list requires.
func (r *Report) validate(needed []byte, slots []questioning.Slot) error {
	if isSchema(needed) {
		compiled, err := schema.Compile(needed)
		if err != nil {
			return fmt.Errorf("compile information_needed: %w", err)
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
