package conversation

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
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

// Revise puts a new answer in the place of what a slot holds. What depended on it is
// asked again; nothing is lost from the history. A revision to what the slot holds
// already changes nothing and says so. The first answer to a slot is not a revision and
// is refused.
func (s *Service) Revise(ctx context.Context, in ReviseInput) (Revision, error) {
	if err := s.CheckUser(in.UserID); err != nil {
		return Revision{}, err
	}
	if err := in.check(); err != nil {
		return Revision{}, err
	}
	r := &revise{Service: s, in: in}
	var err error
	if r.fingerprint, err = fingerprint("sequential_questioning_revise", in); err != nil {
		return Revision{}, err
	}
	err = s.advance(ctx, r)
	return r.revision, err
}

// check refuses a revision that names nothing. An answer's number alone names a slot
// that is known only once the conversation is loaded.
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

// answer is the revision as an answer, which is checked and parsed as any other.
func (in ReviseInput) answer() AnswerInput {
	return AnswerInput{QuestionNumber: in.QuestionNumber, Slot: in.Slot, Value: in.Value, Text: in.Text, Outcome: in.Outcome}
}

// revise is a call that revises an answer.
type revise struct {
	*Service
	in          ReviseInput
	fingerprint []byte

	revision Revision
}

// target loads the slot of the answer that the call names by number, if it does.
func (r *revise) target() (id, userID string, named store.Named) {
	return r.in.ConversationID, r.in.UserID, store.Named{
		Fingerprint: r.fingerprint, Questions: reply{answers: []AnswerInput{r.in.answer()}}.named(r.in.ConversationID), Answer: r.in.AnswerNumber,
	}
}

// returned takes over any earlier result: a revision names what it revises, and says
// the same whatever is open now.
func (r *revise) returned(c *conversation) (bool, error) {
	var kept keptRevision
	err := json.Unmarshal(c.Earlier.Result, &kept)
	r.revision, r.revision.shown = kept.Revision, kept.Shown
	return true, err
}

// record moves the state on and notes what that changes. A slot that holds this
// already is left as it is.
func (r *revise) record(ctx context.Context, tx *store.Tx, c *conversation, change *store.Change) error {
	if err := r.start(ctx, tx, c, change); err != nil {
		return err
	}
	a, err := c.parseRevision(r.in, r.parseContext(c.State))
	if err != nil {
		return err
	}
	i := c.State.Index(a.Slot)
	before := c.State.SlotStates[i]
	r.revision = Revision{
		Changed: !c.holds(a), Reopened: []Reopened{},
		Revised: Revised{Slot: a.Slot, Title: c.State.Slots[i].Title, State: before.Status, Value: before.Value, Before: earlier(before)},
	}
	if !r.revision.Changed {
		return nil
	}
	done, err := c.State.Revise(a.Answer)
	if err != nil {
		return err
	}
	if done.Answer.Question == 0 {
		done.Answer.Question = a.question
	}
	change.Answers, change.Revised = []store.Answer{{Answer: done.Answer, Digest: revisionDigest(a, before)}}, []questioning.Revised{done}
	now := c.State.SlotStates[i]
	r.revision.Revised.State, r.revision.Revised.Value, r.revision.Revised.AnswerNumber = now.Status, now.Value, done.Answer.Number
	for _, again := range done.Reopened {
		r.revision.Reopened = append(r.revision.Reopened, Reopened{
			Slot: again.Slot.Key, Title: again.Slot.Title, Applies: again.Applies, Before: earlier(again.Before),
		})
	}
	return nil
}

// said leaves nothing unread: words that cannot be read refuse a revision, since the
// old answer would silently stay.
func (r *revise) said() summary {
	if r.revision.Changed {
		return summary{recorded: 1}
	}
	return summary{repeated: 1}
}

// render makes the texts of values while the slots are at hand: a repeated call has
// only what is kept.
func (r *revise) render(c *conversation, change *store.Change) any {
	r.revision.Turn = newTurn(c, change, r.said())
	r.revision.Turn.advise(false)
	r.revision.shown.Revised = r.revision.changes(c.State.Slots)
	return keptRevision{r.revision, r.revision.shown}
}

// parseRevision reads the new answer, and refuses one for what holds none.
func (c *conversation) parseRevision(in ReviseInput, with parse.Context) (answer, error) {
	of := in.answer()
	if in.AnswerNumber > 0 {
		if c.Answer == "" {
			return answer{}, fault.Invalidf("answer_number", "there is no answer %d; the report cites those that hold", in.AnswerNumber)
		}
		if of.Slot != "" && of.Slot != c.Answer {
			return answer{}, fault.Invalidf("answer_number", "answer %d is about %q, not %q", in.AnswerNumber, c.Answer, of.Slot)
		}
		of.Slot = c.Answer
	}
	a, err := c.parseAnswer(of, of.QuestionNumber, with)
	if err != nil {
		return answer{}, err
	}
	if a.Problem != "" {
		return answer{}, fault.Invalidf("text", "cannot be read: %s", a.Problem)
	}
	state := c.State.SlotStates[c.State.Index(a.Slot)]
	switch {
	case state.Status == questioning.StatusMissing:
		return answer{}, fault.Invalidf("slot", "%q has no answer to revise; sequential_questioning_follow_up takes its first", a.Slot)
	case in.AnswerNumber > 0 && !slices.Contains(state.Answers, in.AnswerNumber):
		return answer{}, fault.Invalidf("answer_number", "answer %d no longer holds; %q rests on %v", in.AnswerNumber, a.Slot, state.Answers)
	}
	return a, nil
}

// earlier is a slot's state before the revision, as a result shows it: never without a
// list of answers, which the schema wants.
func earlier(s questioning.SlotState) Earlier {
	answers := s.Answers
	if answers == nil {
		answers = []int{}
	}
	return Earlier{State: s.Status, Value: s.Value, Answers: answers}
}
