package questioning

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// Status is what is known of a slot, in one word.
type Status string

// The statuses of a slot. A slot whose condition does not hold counts as not
// applicable without ever being asked for.
const (
	StatusMissing       Status = "missing"
	StatusAssumed       Status = "assumed" // taken from the context, not yet said by the person
	StatusAnswered      Status = "answered"
	StatusUnknown       Status = "unknown"
	StatusDeclined      Status = "declined"
	StatusNotApplicable Status = "not_applicable"
	StatusContradicted  Status = "contradicted" // answers that cannot all hold
	StatusUnclear       Status = "unclear"      // answered in words that could not be read
)

// SlotState is what is known of one slot.
type SlotState struct {
	Status Status
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

// maxCited bounds the answers that one slot state cites; the latest are kept.
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

// Answer is what the person said about one slot, as read. Record fills in the
// numbers and the bits.
type Answer struct {
	Slot    string
	Outcome Outcome
	Value   any    // nil unless answered and readable
	Words   string // the person's own
	Problem string // why the words could not be read; empty when they could

	Number   int     // from 1, without gaps
	Question int     // number of the question it answers; 0 when volunteered
	Bits     float64 // expected information gain just before it, 0 where it told no value
}

// Limits bound what is asked.
type Limits struct {
	BatchSize    int     // questions put at once
	MaxQuestions int     // questions put in all; 0 is unbounded
	MinBits      float64 // stop when the best question left is worth less
	// Confidence is how probable earlier conversations must make an answer for it
	// to be assumed instead of asked for, up to 1; 0 assumes none.
	Confidence float64
}

// State is the state of asking: what is wanted, what is known of each slot and
// which questions wait for an answer. It is all that the engine needs to continue.
type State struct {
	Goal string
	// Language is what questions are worded in where a slot brings no wording: a
	// BCP 47 tag, English where it is empty.
	Language   string
	Slots      []Slot
	SlotStates []SlotState // one for each slot, in the same order
	Open       []Question  // asked and waiting, by number
	Asked      int         // number of the last question
	Answered   int         // number of the last answer
	Limits     Limits
	// Statistics of earlier conversations sharpen the gain; the zero value is none.
	Statistics Statistics
}

// New returns a state in which nothing is known yet.
func New(goal string, slots []Slot, limits Limits) *State {
	states := make([]SlotState, len(slots))
	for i := range states {
		states[i].Status = StatusMissing
	}
	return &State{Goal: goal, Slots: slots, SlotStates: states, Limits: limits}
}

func (st *State) printer() *messages.Printer { return messages.In(st.Language) }

// Index returns the position of the slot with the given key, or -1.
func (st *State) Index(key string) int {
	return slices.IndexFunc(st.Slots, func(s Slot) bool { return s.Key == key })
}

// Assume notes a value that the context gives for a slot nothing is known of.
// It is not asked for, but offered to be corrected.
func (st *State) Assume(key string, value any, words string) {
	if i := st.Index(key); i >= 0 && st.SlotStates[i].Status == StatusMissing {
		st.SlotStates[i] = SlotState{Status: StatusAssumed, Value: value, Words: words}
	}
}

// Tell notes a value that the person gave without being asked for it. It is not
// asked for, but offered to be confirmed, instead of what was assumed before. It
// returns false where the person has answered: a told value takes back no answer.
func (st *State) AssumeVolunteered(key string, value any, words, source string) bool {
	i := st.Index(key)
	if i < 0 {
		return false
	}
	switch s := st.SlotStates[i]; s.Status {
	case StatusAnswered, StatusContradicted:
		return false
	case StatusAssumed:
		if reflect.DeepEqual(s.Value, value) {
			return true
		}
	}
	st.SlotStates[i] = SlotState{Status: StatusAssumed, Value: value, Words: words, Source: source}
	return true
}

// Record records an answer and returns it numbered. It answers the slot's open
// question, if there is one, and updates the slot's state. The slot must exist.
func (st *State) Record(answer Answer) (Answer, error) {
	i := st.Index(answer.Slot)
	if i < 0 {
		return Answer{}, fmt.Errorf("record answer: no slot %q", answer.Slot)
	}
	st.Answered++
	answer.Number, answer.Question, answer.Bits = st.Answered, 0, 0
	purpose := Ask
	if q := slices.IndexFunc(st.Open, func(q Question) bool { return q.Slot == answer.Slot }); q >= 0 {
		answer.Question = st.Open[q].Number
		purpose = st.Open[q].Purpose
		st.Open = slices.Delete(slices.Clone(st.Open), q, q+1)
	}
	before := st.SlotStates[i]
	if before.Value == nil && answer.Outcome == Answered && answer.Problem == "" {
		answer.Bits = st.bits(i, st.beliefs())
	}
	st.SlotStates[i] = moved(before, answer, purpose)
	st.checkOrder(i)
	return answer, nil
}

// moved returns the slot state after an answer to a question of some purpose.
func moved(s SlotState, a Answer, purpose Purpose) SlotState {
	holds := s.Status == StatusAnswered || s.Status == StatusContradicted
	switch {
	case a.Outcome != Answered:
		if purpose == Confirm {
			s.Answers = cite(s.Answers, a.Number) // the contradiction stands
			return s
		}
		s.Status, s.Value, s.Answers = Status(a.Outcome), nil, []int{a.Number}
	case a.Problem != "":
		s.Answers = cite(s.Answers, a.Number)
		if holds {
			return s
		}
		s.Status, s.Value = StatusUnclear, nil
	case purpose == Confirm || !holds:
		s.Status, s.Value, s.Answers = StatusAnswered, a.Value, []int{a.Number}
	default:
		if !reflect.DeepEqual(s.Value, a.Value) && !s.Confirmed {
			s.Status = StatusContradicted
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
func (st *State) Pass() {
	st.Open = slices.DeleteFunc(slices.Clone(st.Open), func(q Question) bool {
		i := st.Index(q.Slot)
		st.SlotStates[i].Passed++
		return st.SlotStates[i].Passed >= maxPassed
	})
}

// Coverage is a slot with its state, its condition taken into account.
type Coverage struct {
	Slot Slot
	SlotState
}

// Coverage returns every slot with its state, in the order of the slots.
func (st *State) Coverage() []Coverage {
	all := make([]Coverage, len(st.Slots))
	for i, slot := range st.Slots {
		all[i] = Coverage{Slot: slot, SlotState: st.SlotStates[i]}
		if st.applies(i) == never && all[i].Status == StatusMissing {
			all[i].Status = StatusNotApplicable
		}
	}
	return all
}

// Known reports whether the slot's value counts as said or assumed.
func (s SlotState) Known() bool {
	return s.Status == StatusAnswered || s.Status == StatusAssumed || s.Status == StatusContradicted
}

type applicability int

const (
	now applicability = iota
	later
	never
)

// applies says whether a slot applies: now, perhaps once the slot it hangs on
// is settled, or never.
func (st *State) applies(i int) applicability {
	return st.appliesWithin(i, len(st.Slots))
}

// A chain of conditions is never longer than the slots; depth ends a cycle.
func (st *State) appliesWithin(i, depth int) applicability {
	when := st.Slots[i].When
	if when == nil {
		return now
	}
	on := st.Index(when.Slot)
	if on < 0 || depth == 0 {
		return never
	}
	switch s := st.SlotStates[on]; {
	case s.Known() && when.Holds(s.Value):
		return now
	case s.Known(), st.settled(on), st.appliesWithin(on, depth-1) == never:
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
func (st *State) settled(i int) bool {
	s := st.SlotStates[i]
	switch s.Status {
	case StatusMissing:
		return s.Passed >= maxPassed
	case StatusUnclear:
		return s.Passed >= maxPassed || s.Clarified && !st.open(i)
	case StatusContradicted:
		return s.Passed >= maxPassed || s.Confirmed && !st.open(i)
	default:
		return true
	}
}

func (st *State) open(i int) bool {
	return slices.ContainsFunc(st.Open, func(q Question) bool { return q.Slot == st.Slots[i].Key })
}
