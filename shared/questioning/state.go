package questioning

import (
	"reflect"
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

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
	Bits     float64 // expected information gain just before it, 0 where it had no value
}

// Limits bound what is asked.
type Limits struct {
	BatchSize    int     // questions asked at once
	MaxQuestions int     // questions asked in all; 0 is unbounded
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
	Ended      bool        // the person wants no more questions
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

// printer words things in the language of the conversation.
func (st *State) printer() *messages.Printer { return messages.In(st.Language) }

// Index returns the position of the slot with the given key, or -1.
func (st *State) Index(key string) int {
	for i := range st.Slots {
		if st.Slots[i].Key == key {
			return i
		}
	}
	return -1
}

// Assume notes a value that the context gives for a slot nothing is known of.
// It is not asked for, but offered to be corrected.
func (st *State) Assume(key string, value any, words string) {
	if i := st.Index(key); i >= 0 && st.SlotStates[i].Status == StatusMissing {
		st.SlotStates[i] = SlotState{Status: StatusAssumed, Value: value, Words: words}
	}
}

// AssumeVolunteered notes a value that the person gave without being asked for
// it, in place of what was assumed before. It is not asked for, but offered to be
// confirmed. It returns false where the person has answered: a volunteered value
// takes back no answer.
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
	st.assumeCondition(i)
	return true
}

// Coverage is a slot with its state, its condition taken into account.
type Coverage struct {
	Slot Slot
	SlotState
}

// Coverage returns every slot with its state, in the order of the slots.
func (st *State) Coverage() []Coverage {
	all := make([]Coverage, len(st.Slots))
	for i := range st.Slots {
		all[i] = st.CoverageOf(i)
	}
	return all
}

// CoverageOf returns one slot with its state.
func (st *State) CoverageOf(i int) Coverage {
	c := Coverage{Slot: st.Slots[i], SlotState: st.SlotStates[i]}
	if c.Status == StatusMissing && st.applies(i) == never {
		c.Status = StatusNotApplicable
	}
	return c
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
	switch s := &st.SlotStates[on]; {
	case s.Known() && when.Holds(s.Value):
		return now
	case s.Known(), st.settled(on), st.appliesWithin(on, depth-1) == never:
		return never
	}
	return later
}

// settled says that a slot will not be asked for any more.
func (st *State) settled(i int) bool {
	s := &st.SlotStates[i]
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

// hasOutcome reports that slot i has a value, or that the person said why it has none.
func (st *State) hasOutcome(i int) bool {
	switch st.SlotStates[i].Status {
	case StatusMissing, StatusUnclear, StatusContradicted:
		return false
	}
	return true
}

// open reports that a question for slot i waits.
func (st *State) open(i int) bool {
	return slices.ContainsFunc(st.Open, func(q Question) bool { return q.Slot == st.Slots[i].Key })
}

// DefaultConfidence is how probable an answer must be to be assumed, unless a
// caller says otherwise.
const DefaultConfidence = 0.95

// purpose is why slot i would be asked for now.
func (st *State) purpose(i int) Purpose {
	switch st.SlotStates[i].Status {
	case StatusUnclear:
		return Clarify
	case StatusContradicted:
		return Confirm
	default:
		return Ask
	}
}
