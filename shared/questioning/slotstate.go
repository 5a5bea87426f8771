package questioning

import (
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

// Equal reports whether two slot states say the same.
func (s *SlotState) Equal(other *SlotState) bool {
	return s.Status == other.Status && s.Words == other.Words && slices.Equal(s.Answers, other.Answers) &&
		s.Clarified == other.Clarified && s.Confirmed == other.Confirmed && s.Passed == other.Passed &&
		s.Source == other.Source && s.Reopened == other.Reopened && reflect.DeepEqual(s.Value, other.Value)
}

// Known reports whether the slot's value counts as said or assumed.
func (s SlotState) Known() bool {
	return s.Status == StatusAnswered || s.Status == StatusAssumed || s.Status == StatusContradicted
}

// Predicted says whether the slot state is an assumption from earlier
// conversations.
func (s SlotState) Predicted() bool {
	return s.Status == StatusAssumed && s.Source == messages.FromStatistics
}

// maxCited bounds the answers that one slot state cites; the latest are kept.
const maxCited = 8

// maxPassed is how often a question may be left out of replies before it is
// no longer asked.
const maxPassed = 2
