package questioning

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// State is where a slot stands.
type State string

// The states of a slot. A slot whose condition does not hold counts as not
// applicable without ever being asked for.
const (
	StateMissing       State = "missing"
	StateAssumed       State = "assumed" // taken from the context, not yet said by the person
	StateAnswered      State = "answered"
	StateUnknown       State = "unknown"
	StateDeclined      State = "declined"
	StateNotApplicable State = "not_applicable"
	StateContradicted  State = "contradicted" // answers that cannot all hold
	StateUnclear       State = "unclear"      // answered in words that could not be read
)

// Standing is what is known of one slot.
type Standing struct {
	State State
	// Value is set for assumed, answered and contradicted: the latest said.
	Value any
	// Words are the person's own, or the context's for an assumption.
	Words string
	// Answers are the numbers of the answers it rests on, latest last.
	Answers []int
	// Clarified and Confirmed say that the one chance to reword an unclear
	// answer, or to settle a contradiction, was given.
	Clarified, Confirmed bool
	// Passed counts how often the question was left out of a reply.
	Passed int
	// Source says where an assumption comes from: one of the catalogue's messages,
	// or a text made from one.
	Source string
	// Reopened is the number of the answer whose revision took this slot's
	// earlier answer back; 0 when none did.
	Reopened int
}

// maxCited bounds the answers that one standing cites; the latest are kept.
const maxCited = 8

// maxPassed is how often a question may be left out of replies before it is
// no longer asked.
const maxPassed = 2

// Purpose is why a slot is asked for.
type Purpose string

// The purposes of a question.
const (
	Ask     Purpose = "ask"
	Clarify Purpose = "clarify" // again, once, because the answer could not be read
	Confirm Purpose = "confirm" // once, because answers contradict each other
)

// Question asks for one slot.
type Question struct {
	Number  int // from 1, without gaps
	Slot    string
	Purpose Purpose
	Text    string
	Reason  string  // why it is asked, in words
	Bits    float64 // expected information gain
}

// Said is what a reply says about one slot, as read.
type Said struct {
	Slot    string
	Outcome Outcome
	Value   any    // nil unless answered and readable
	Words   string // the person's own
	Problem string // why the words could not be read
}

// Answer is something said, numbered.
type Answer struct {
	Said
	Number   int // from 1, without gaps
	Question int // number of the question it answers; 0 when volunteered
	Bits     float64
}

// Limits bound an interview.
type Limits struct {
	BatchSize    int     // questions put at once
	MaxQuestions int     // questions put in all; 0 is unbounded
	MinBits      float64 // stop when the best question left is worth less
	// Confidence is how probable earlier conversations must make an answer for it
	// to be assumed instead of asked for, up to 1; 0 assumes none.
	Confidence float64
}

// Interview is the state of asking: what is wanted, where each slot stands
// and what is waiting for an answer. It is all the engine needs to go on.
type Interview struct {
	Goal string
	// Language is what questions are worded in where a slot brings no wording: a
	// BCP 47 tag, English where it is empty.
	Language  string
	Slots     []Slot
	Standings []Standing // one for each slot, in the same order
	Open      []Question // asked and waiting, by number
	Asked     int        // number of the last question
	Answered  int        // number of the last answer
	Limits    Limits
	// Statistics of earlier conversations sharpen the gain; the zero value is none.
	Statistics Statistics
}

// New starts an interview in which nothing is known yet.
func New(goal string, slots []Slot, limits Limits) *Interview {
	standings := make([]Standing, len(slots))
	for i := range standings {
		standings[i].State = StateMissing
	}
	return &Interview{Goal: goal, Slots: slots, Standings: standings, Limits: limits}
}

func (iv *Interview) printer() *messages.Printer { return messages.In(iv.Language) }

// Index returns the position of the slot with the given key, or -1.
func (iv *Interview) Index(key string) int {
	return slices.IndexFunc(iv.Slots, func(s Slot) bool { return s.Key == key })
}

// Assume notes a value that the context gives for a slot nothing is known of.
// It is not asked for, but offered to be corrected.
func (iv *Interview) Assume(key string, value any, words string) {
	if i := iv.Index(key); i >= 0 && iv.Standings[i].State == StateMissing {
		iv.Standings[i] = Standing{State: StateAssumed, Value: value, Words: words}
	}
}

// Tell notes a value that the person gave without being asked for it. It is not
// asked for, but offered to be confirmed, instead of what was assumed before. It
// returns false where the person has answered: a told value takes back no answer.
func (iv *Interview) Tell(key string, value any, words, source string) bool {
	i := iv.Index(key)
	if i < 0 {
		return false
	}
	switch s := iv.Standings[i]; s.State {
	case StateAnswered, StateContradicted:
		return false
	case StateAssumed:
		if reflect.DeepEqual(s.Value, value) {
			return true
		}
	}
	iv.Standings[i] = Standing{State: StateAssumed, Value: value, Words: words, Source: source}
	return true
}

// Record takes in one thing said: it answers the slot's open question, if
// there is one, and moves the slot's standing. The slot must exist.
func (iv *Interview) Record(said Said) (Answer, error) {
	i := iv.Index(said.Slot)
	if i < 0 {
		return Answer{}, fmt.Errorf("record answer: no slot %q", said.Slot)
	}
	iv.Answered++
	answer := Answer{Said: said, Number: iv.Answered}
	purpose := Ask
	if q := slices.IndexFunc(iv.Open, func(q Question) bool { return q.Slot == said.Slot }); q >= 0 {
		answer.Question = iv.Open[q].Number
		purpose = iv.Open[q].Purpose
		iv.Open = slices.Delete(slices.Clone(iv.Open), q, q+1)
	}
	before := iv.Standings[i]
	if before.Value == nil && said.Outcome == Answered && said.Problem == "" {
		answer.Bits = iv.bits(i, iv.beliefs())
	}
	iv.Standings[i] = moved(before, answer, purpose)
	iv.checkOrder(i)
	return answer, nil
}

// moved returns the standing after an answer to a question of some purpose.
func moved(s Standing, a Answer, purpose Purpose) Standing {
	holds := s.State == StateAnswered || s.State == StateContradicted
	switch {
	case a.Outcome != Answered:
		if purpose == Confirm {
			s.Answers = cite(s.Answers, a.Number) // the contradiction stands
			return s
		}
		s.State, s.Value, s.Answers = State(a.Outcome), nil, []int{a.Number}
	case a.Problem != "":
		s.Answers = cite(s.Answers, a.Number)
		if holds {
			return s
		}
		s.State, s.Value = StateUnclear, nil
	case purpose == Confirm || !holds:
		s.State, s.Value, s.Answers = StateAnswered, a.Value, []int{a.Number}
	default:
		if !reflect.DeepEqual(s.Value, a.Value) && !s.Confirmed {
			s.State = StateContradicted
		}
		s.Value, s.Answers = a.Value, cite(s.Answers, a.Number)
	}
	s.Words, s.Source = a.Words, ""
	return s
}

func cite(answers []int, number int) []int {
	answers = append(slices.Clone(answers), number)
	return answers[max(0, len(answers)-maxCited):]
}

// Pass notes that a reply answered others and left the open questions out. A
// question left out twice is asked no more.
func (iv *Interview) Pass() {
	iv.Open = slices.DeleteFunc(slices.Clone(iv.Open), func(q Question) bool {
		i := iv.Index(q.Slot)
		iv.Standings[i].Passed++
		return iv.Standings[i].Passed >= maxPassed
	})
}

// Coverage is where one slot stands, with the condition taken into account.
type Coverage struct {
	Slot Slot
	Standing
}

// Coverage returns where every slot stands, in the order of the slots.
func (iv *Interview) Coverage() []Coverage {
	all := make([]Coverage, len(iv.Slots))
	for i, slot := range iv.Slots {
		all[i] = Coverage{Slot: slot, Standing: iv.Standings[i]}
		if iv.applies(i) == never && all[i].State == StateMissing {
			all[i].State = StateNotApplicable
		}
	}
	return all
}

// Known says whether the slot's value counts as said or assumed.
func (s Standing) Known() bool {
	return s.State == StateAnswered || s.State == StateAssumed || s.State == StateContradicted
}

type applicability int

const (
	now applicability = iota
	later
	never
)

// applies says whether a slot applies: now, perhaps once the slot it hangs on
// is settled, or never.
func (iv *Interview) applies(i int) applicability {
	return iv.appliesWithin(i, len(iv.Slots))
}

// A chain of conditions is never longer than the slots; depth ends a cycle.
func (iv *Interview) appliesWithin(i, depth int) applicability {
	when := iv.Slots[i].When
	if when == nil {
		return now
	}
	on := iv.Index(when.Slot)
	if on < 0 || depth == 0 {
		return never
	}
	switch s := iv.Standings[on]; {
	case s.Known() && when.Holds(s.Value):
		return now
	case s.Known(), iv.settled(on), iv.appliesWithin(on, depth-1) == never:
		return never
	}
	return later
}

// Holds says whether the condition is met by the value of the slot it names.
func (c Condition) Holds(value any) bool {
	if many, ok := value.([]any); ok {
		return slices.ContainsFunc(many, c.Holds)
	}
	return slices.ContainsFunc(c.In, func(in any) bool { return reflect.DeepEqual(in, value) })
}

// settled says that a slot will not be asked for any more.
func (iv *Interview) settled(i int) bool {
	s := iv.Standings[i]
	switch s.State {
	case StateMissing:
		return s.Passed >= maxPassed
	case StateUnclear:
		return s.Passed >= maxPassed || s.Clarified && !iv.open(i)
	case StateContradicted:
		return s.Passed >= maxPassed || s.Confirmed && !iv.open(i)
	default:
		return true
	}
}

func (iv *Interview) open(i int) bool {
	return slices.ContainsFunc(iv.Open, func(q Question) bool { return q.Slot == iv.Slots[i].Key })
}
