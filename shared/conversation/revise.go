package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// ReviseInput puts something else in the place of an answer.
type ReviseInput struct {
	ConversationID string              `json:"conversation_id"`
	UserID         string              `json:"user_id,omitempty" jsonschema:"Whose it is."`
	Slot           string              `json:"slot,omitempty"`
	AnswerNumber   int                 `json:"answer_number,omitempty"`
	QuestionNumber int                 `json:"question_number,omitempty"`
	Value          any                 `json:"value,omitempty" jsonschema:"By the slot's type: 3, true, 2027-05-01, [\"a\"]."`
	Text           string              `json:"text,omitempty" jsonschema:"The person's own words."`
	Outcome        questioning.Outcome `json:"outcome,omitempty"`
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
		fmt.Fprintf(&b, "%s is %s already; nothing changed.", r.Revised.Title, stood(r.Revised.State, r.Revised.Value, language))
	default:
		fmt.Fprintf(&b, "%s: %s instead of %s.", r.Revised.Title, stood(r.Revised.State, r.Revised.Value, language), stood(r.Revised.Before.State, r.Revised.Before.Value, language))
	}
	for _, again := range r.Reopened {
		what := "it no longer matters"
		if again.Applies {
			what = "it is asked again"
		}
		fmt.Fprintf(&b, "\n%s (%s) depended on it: %s.", again.Title, stood(again.Before.State, again.Before.Value, language), what)
	}
	b.WriteString("\n\n" + r.Turn.Text())
	return b.String()
}

func stood(state questioning.Status, value any, language string) string {
	if value != nil {
		return questioning.Quote(value, language)
	}
	return strings.ReplaceAll(string(state), "_", " ")
}

// Revise puts a new answer in the place of what a slot holds. What depended on
// it is asked again; nothing is lost from the history.
func (s *Service) Revise(ctx context.Context, in ReviseInput) (Revision, error) {
	if err := s.CheckUser(in.UserID); err != nil {
		return Revision{}, err
	}
	if err := in.check(); err != nil {
		return Revision{}, err
	}
	id, err := fingerprint("sequential_questioning_revise", in)
	if err != nil {
		return Revision{}, err
	}
	var revision Revision
	var stored *store.Change
	err = s.write(ctx, func(tx *store.Tx) error {
		revision, stored = Revision{}, nil
		rec, earlier, err := lock(ctx, tx, in.ConversationID, in.UserID, id)
		if err != nil {
			return err
		}
		if earlier != nil {
			return json.Unmarshal(earlier.Result, &revision)
		}
		if err := s.prepare(ctx, tx, rec); err != nil {
			return err
		}
		one, err := s.revising(ctx, tx, rec, in)
		if err != nil {
			return err
		}
		c := store.Change{Before: snapshot(rec.State), Fingerprint: id}
		if revision, err = rec.revise(one, &c); err != nil || !revision.Changed {
			return err
		}
		if c.Result, err = json.Marshal(revision); err != nil {
			return fmt.Errorf("encode result: %w", err)
		}
		stored = &c
		return tx.Save(ctx, rec.Conversation, c)
	})
	if err == nil && stored != nil {
		s.metrics.advanced(ctx, *stored)
		s.nudger.Nudge()
	}
	return revision, err
}

func (in ReviseInput) check() error {
	if err := checkID(in.ConversationID); err != nil {
		return err
	}
	if in.Slot == "" && in.AnswerNumber == 0 && in.QuestionNumber == 0 {
		return fault.Invalidf("slot", "is missing; name what to revise by slot, answer_number or question_number")
	}
	a := in.answer()
	if a.Slot == "" && a.QuestionNumber == 0 {
		a.Slot = "named by its answer"
	}
	return checkAnswer(a)
}

func (in ReviseInput) answer() AnswerInput {
	return AnswerInput{QuestionNumber: in.QuestionNumber, Slot: in.Slot, Value: in.Value, Text: in.Text, Outcome: in.Outcome}
}

// revising reads the new answer, and refuses one for what holds none.
func (s *Service) revising(ctx context.Context, tx *store.Tx, rec *conversation, in ReviseInput) (said, error) {
	answer := in.answer()
	if in.AnswerNumber > 0 {
		slot, err := tx.SlotOfAnswer(ctx, rec.ID, in.AnswerNumber)
		if errors.Is(err, store.ErrNotFound) {
			return said{}, fault.Invalidf("answer_number", "there is no answer %d; the report cites those that hold", in.AnswerNumber)
		}
		if err != nil {
			return said{}, err
		}
		if answer.Slot != "" && answer.Slot != slot {
			return said{}, fault.Invalidf("answer_number", "answer %d is about %q, not %q", in.AnswerNumber, slot, answer.Slot)
		}
		answer.Slot = slot
	}
	all, err := s.structured(ctx, tx, rec, []AnswerInput{answer})
	if err != nil {
		var invalid *fault.Invalid
		if errors.As(err, &invalid) {
			invalid.Field = strings.TrimPrefix(invalid.Field, "answers[0].")
		}
		return said{}, err
	}
	one := all[0]
	if one.Problem != "" {
		return said{}, fault.Invalidf("text", "cannot be read: %s", one.Problem)
	}
	standing := rec.State.SlotStates[rec.State.Index(one.Slot)]
	switch {
	case standing.Status == questioning.StatusMissing:
		return said{}, fault.Invalidf("slot", "%q has no answer to revise; sequential_questioning_follow_up takes its first", one.Slot)
	case in.AnswerNumber > 0 && !slices.Contains(standing.Answers, in.AnswerNumber):
		return said{}, fault.Invalidf("answer_number", "answer %d no longer holds; %q rests on %v", in.AnswerNumber, one.Slot, standing.Answers)
	}
	return one, nil
}

// revise moves the interview on and says what that changed.
func (rec *conversation) revise(one said, c *store.Change) (Revision, error) {
	iv := rec.State
	i := iv.Index(one.Slot)
	before := iv.SlotStates[i]
	revised := Revised{Slot: one.Slot, Title: iv.Slots[i].Title, State: before.Status, Value: before.Value, Before: earlier(before)}
	if rec.holds(one) {
		return Revision{Revised: revised, Reopened: []Reopened{}, Turn: newTurn(rec, iv.Next(), tally{repeated: 1})}, nil
	}
	done, err := iv.Revise(one.Answer)
	if err != nil {
		return Revision{}, err
	}
	if done.Answer.Question == 0 {
		done.Answer.Question = one.question
	}
	c.Answers = []store.Answer{{Answer: done.Answer, Digest: rec.revisionDigest(one, before)}}
	c.Revised = &done
	c.Batch = iv.Next()
	c.Completed = c.Batch.Stop != nil && rec.StopReason == ""
	rec.Revision++
	revised.State, revised.Value, revised.AnswerNumber = iv.SlotStates[i].Status, iv.SlotStates[i].Value, done.Answer.Number
	r := Revision{Changed: true, Revised: revised, Reopened: []Reopened{}, Turn: newTurn(rec, c.Batch, tally{recorded: 1})}
	for _, again := range done.Reopened {
		r.Reopened = append(r.Reopened, Reopened{
			Slot: again.Slot.Key, Title: again.Slot.Title, Applies: again.Applies, Before: earlier(again.Before),
		})
	}
	return r, nil
}

// revisionDigest identifies a revision by what it puts aside, so that going
// back to what was said before counts.
func (rec *conversation) revisionDigest(one said, before questioning.SlotState) []byte {
	value, _ := json.Marshal(one.Value) // a canonical value always encodes
	aside := 0
	if n := len(before.Answers); n > 0 {
		aside = before.Answers[n-1]
	}
	return digest([]byte("revise"), []byte(one.Slot), []byte(strconv.Itoa(aside)), []byte(one.Outcome), value, []byte(one.Words))
}

func earlier(s questioning.SlotState) Earlier {
	answers := s.Answers
	if answers == nil {
		answers = []int{}
	}
	return Earlier{State: s.Status, Value: s.Value, Answers: answers}
}
